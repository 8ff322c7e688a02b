"""Act as another client: a page's script cannot set a Cookie header, so the lab sends the request itself.

The request goes through the balancer, and the answer is what another client would get.
"""

import json
import re
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from service.accounts.public_members import LOAD_PASSWORD
from service.errors import StoreUnavailable
from service.web.fields import Fields, is_text

# Log-in is excluded: a failure would count for this machine's address instead of the visitor's. None of these paths
# counts failures.
PATH = re.compile(r"/([^/]+)/(?:profile|notes|admin|logins|renew|refresh|logout)", re.ASCII)
METHODS = ("GET", "POST")  # not a set: the requested value may be a list, which is not hashable
HEADERS = frozenset({"Cookie", "Authorization", "X-Refresh-Token", "Content-Type", "X-Lab-Door"})
HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,8192}", re.ASCII)
PATIENCE_S = 3.0


@dataclass(frozen=True)
class OtherRequest:
    """A request to send as another client."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | None

    @classmethod
    def read(cls, fields: Fields, with_logins: Collection[str]) -> "OtherRequest":
        """Return the request that the fields describe, to an approach with logins. Raise 400 for any other request."""
        method, path, headers, body = (fields.get(name) for name in ("method", "path", "headers", "body"))
        asked = PATH.fullmatch(path) if isinstance(path, str) else None
        if method not in METHODS or asked is None or asked[1] not in with_logins:
            raise BadRequest(gettext("Another client can only request the pages of an approach."))
        headers = {} if headers is None else headers
        if not isinstance(headers, dict) or not all(map(_may_be_sent, headers.items())):
            raise BadRequest(gettext("Another client can only send a credential."))
        if body is not None and not (isinstance(body, str) and is_text(body)):
            raise BadRequest(gettext("%(name)s must be text.", name="body"))
        return cls(str(method), asked[0], headers, body)

    @classmethod
    def log_in(cls, approach: str, load_member: str, with_logins: Collection[str]) -> "OtherRequest":
        """Return the log-in request of a load member, whose password is public. Raise 400 for an unknown approach.

        It uses the sticky port, whose cookie leads later requests to the node that may keep the login in memory.
        """
        if approach not in with_logins:
            raise BadRequest(gettext("approach must be one with logins."))
        headers = {"Content-Type": "application/json", "X-Lab-Door": "sticky"}
        body = json.dumps({"username": load_member, "password": LOAD_PASSWORD})
        return cls("POST", f"/{approach}/login", headers, body)


class OtherClient:
    """Sends one request at a time: while one of the node's two threads waits here, the other may have to answer."""

    def __init__(self, front_door: str) -> None:
        self._balancer = urlsplit(front_door)
        self._busy = Lock()

    def send(self, request: OtherRequest) -> dict[str, Any]:
        """Send it. Return `{"status", "headers": [[name, value], …], "body"}`. Raise `StoreUnavailable`."""
        if not self._busy.acquire(blocking=False):
            raise StoreUnavailable(gettext("Another client’s request is in progress; try again in a moment."))
        try:
            with closing(
                HTTPConnection(self._balancer.hostname or "", self._balancer.port, timeout=PATIENCE_S)
            ) as connection:
                body = None if request.body is None else request.body.encode()
                connection.request(request.method, request.path, body, {**request.headers, "X-Lab-Trace": "1"})
                answer = connection.getresponse()
                text = answer.read().decode(errors="replace")
                return {"status": answer.status, "headers": [list(pair) for pair in answer.getheaders()], "body": text}
        except (OSError, HTTPException):
            raise StoreUnavailable(gettext("The lab’s balancer does not answer.")) from None
        finally:
            self._busy.release()


def _may_be_sent(header: tuple[object, object]) -> bool:
    name, value = header
    return name in HEADERS and isinstance(value, str) and HEADER_VALUE.fullmatch(value) is not None
