"""Send commands to the supervisor of a running lab, by its control API (see `lab.cluster.control`)."""

import json
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

from lab.cluster.refused_command import RefusedCommand
from lab.cluster.unix_http import UnixConnection

ANSWERS_WITHIN_S = 15.0  # the supervisor does not wait for processes, but for the reply of a store that hangs

State = dict[str, Any]


class NoSupervisor(Exception):
    """No supervisor listens there."""


class SlowSupervisor(NoSupervisor):
    """A supervisor listens there, but has not answered in time."""


def send_command(socket: Path, method: str, path: str, body: dict[str, Any] | None = None) -> State:
    """Send one command and return the resulting state. Raise `RefusedCommand` or `NoSupervisor`."""
    with closing(UnixConnection(socket, ANSWERS_WITHIN_S)) as connection:
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            said = json.loads(response.read())
        except TimeoutError:
            raise SlowSupervisor from None
        except (OSError, HTTPException, ValueError):
            raise NoSupervisor from None
    if response.status >= 400:
        text, values = said.get("text", said["detail"]), said.get("values", {})
        raise RefusedCommand(response.status, said["code"], text, **values)
    return dict(said)
