"""Give orders to the supervisor of a running lab, by its control API (see `lab.cluster.control`)."""

import json
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

from lab.cluster.orders import Refused
from lab.cluster.unix_http import UnixConnection

ANSWERS_WITHIN_S = 15.0  # it waits for no process, but a store that hangs lets it wait for a reply

State = dict[str, Any]


class NoSupervisor(Exception):
    """Nobody takes orders there."""


class SlowSupervisor(NoSupervisor):
    """Somebody does, and has not answered in time."""


def order(socket: Path, method: str, path: str, body: dict[str, Any] | None = None) -> State:
    """Send one order and return the state after it. Raise `Refused` or `NoSupervisor`."""
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
        raise Refused(response.status, said["code"], said["detail"])
    return dict(said)
