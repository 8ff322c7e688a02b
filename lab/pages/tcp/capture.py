"""Capture the lab's own traffic: alice logs in and opens a page through a relay that keeps every byte.

Once over http and once over TLS. The relay stands where a router or a hotspot stands. It is on loopback, and only the
lab's own connection passes it. The login has ended before the bytes are shown, so they open nothing.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext

from lab.cluster.relay import Relay
from lab.pages.tcp.overheard import Overheard
from lab.pages.tcp.tls_end import HOST, TlsEnd
from service.accounts.members import Members
from service.accounts.passwords import matches
from service.accounts.public_members import DEMO_MEMBERS
from service.errors import NotFound, StoreUnavailable

VICTIM = DEMO_MEMBERS[0]
LOGIN, PAGE, LOGOUT = "/session/login", "/session/profile", "/session/logout"
PATIENCE_S = 3.0
COOKIE_LINE = re.compile(rb"^set-cookie: *([^;\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """An answer: its status, the cookie that it sets, and its body."""

    status: int
    cookie: str
    body: bytes


class Captures:
    """Captures one log-in at a time: it waits in a node's thread, and another thread may have to answer."""

    def __init__(self, front_door: str, members: Members) -> None:
        self._balancer = urlsplit(front_door)
        self._members = members
        self._busy = Lock()

    def capture(self) -> dict[str, Any]:
        """Return what was overheard: `{"http": …, "tls": …}`. Raise `StoreUnavailable` or `NotFound`."""
        self._refuse_if_the_login_would_fail()
        if not self._busy.acquire(blocking=False):
            raise StoreUnavailable(gettext("Another capture is in progress; try again in a moment."))
        try:
            return {"member": VICTIM.username, "http": self._over_http(), "tls": self._over_tls()}
        except (OSError, HTTPException):
            raise StoreUnavailable(gettext("The lab’s balancer does not answer.")) from None
        finally:
            self._busy.release()

    def _over_http(self) -> dict[str, Any]:
        overheard = Overheard()
        with (
            closing(Relay(0, self._target, hears=overheard.hear)) as relay,
            closing(HTTPConnection(HOST, relay.port, timeout=PATIENCE_S)) as victim,
            self._logged_in(victim) as cookie,
        ):
            self._open_page(victim, cookie)
            copied = self._use_copy(overheard)
        after_logout = self._use_copy(overheard)
        told = {"messages": overheard.messages(), "copied": copied, "after_logout": after_logout}
        return {**_searched(overheard, cookie), **told}

    def _over_tls(self) -> dict[str, Any]:
        overheard = Overheard()
        with (
            closing(TlsEnd(self._target)) as end,
            closing(Relay(0, (HOST, end.port), hears=overheard.hear)) as relay,
            closing(HTTPSConnection(HOST, relay.port, timeout=PATIENCE_S, context=end.client_context)) as victim,
            self._logged_in(victim) as cookie,
        ):
            self._open_page(victim, cookie)
            copied = self._use_copy(overheard)
        return {**_searched(overheard, cookie), "records": overheard.records(), "copied": copied}

    @property
    def _target(self) -> tuple[str, int]:
        return self._balancer.hostname or "", self._balancer.port or 80

    @contextmanager
    def _logged_in(self, victim: HTTPConnection) -> Iterator[str]:
        """Log in on a connection, and log out on one that is not overheard. Raise `StoreUnavailable`."""
        credentials = json.dumps({"username": VICTIM.username, "password": VICTIM.password})
        answer = self._ask(victim, "POST", LOGIN, {"Content-Type": "application/json"}, credentials)
        if answer.status != 200:
            raise StoreUnavailable(gettext("The log-in to be captured was refused."))
        try:
            yield answer.cookie
        finally:
            self._log_out(answer.cookie)

    def _log_out(self, cookie: str) -> None:
        if self._on_another_connection("POST", LOGOUT, cookie).status != 204:
            raise StoreUnavailable(gettext("The captured login could not be ended, so it is not shown."))

    def _open_page(self, victim: HTTPConnection, cookie: str) -> None:
        if self._ask(victim, "GET", PAGE, {"Cookie": cookie}).status != 200:
            raise StoreUnavailable(gettext("The log-in to be captured was refused."))

    def _use_copy(self, overheard: Overheard) -> dict[str, Any] | None:
        """Open the page as another client, with the cookie that was overheard. Return None if none was."""
        found = COOKIE_LINE.search(overheard.all_bytes)
        if found is None:
            return None
        answer = self._on_another_connection("GET", PAGE, found[1].decode("latin-1"))
        return {"status": answer.status, "username": json.loads(answer.body).get("member", {}).get("username")}

    def _on_another_connection(self, method: str, path: str, cookie: str) -> Answer:
        with closing(HTTPConnection(*self._target, timeout=PATIENCE_S)) as connection:
            return self._ask(connection, method, path, {"Cookie": cookie})

    def _ask(
        self, connection: HTTPConnection, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> Answer:
        named = {"Host": self._balancer.netloc, "Accept": "application/json", **headers}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, (answer.getheader("Set-Cookie") or "").partition(";")[0], answer.read())

    def _refuse_if_the_login_would_fail(self) -> None:
        """Raise 404 for a changed password: a failed log-in would count for this machine's address."""
        member = self._members.find_active(VICTIM.username)
        if member is None or not matches(member.password_hash, VICTIM.password):
            raise NotFound(gettext("%(name)s does not exist, or the password was changed.", name=VICTIM.username))


def _searched(overheard: Overheard, cookie: str) -> dict[str, Any]:
    """Return how often the login's secrets occur in the bytes that were overheard."""
    value = cookie.partition("=")[2]
    return {
        "bytes": len(overheard.all_bytes),
        "cookie": cookie,
        "password": VICTIM.password,
        "cookie_seen": overheard.count(value.encode()),
        "password_seen": overheard.count(VICTIM.password.encode()),
    }
