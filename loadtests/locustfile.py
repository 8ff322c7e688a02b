"""`locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`: members of every approach, for plain Locust.

One user class per approach, with the same tasks and weights. Choose classes in the browser with `--class-picker`, or on
the command line: `locust … SessionUser TokenUser`. `--tags profile` selects the reads, `write` the notes.
`--processes`, `--master` and `--worker` work as usual. This file imports nothing of the project: a worker on another
machine needs only Locust, and gets this file from the master with `-f - --worker`.

Members log in, use the pages, and check that every answer is for them. The master assigns members to users, so that no
two processes use the same one.

`Server-Timing` gets its own rows: `STORE`, `VERIFY`, `DB` and `APP`, one set per page, **in microseconds** as their
names say. They are not requests, so the aggregated row does not count them.
"""

import json
import logging
import random
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from itertools import count
from math import floor, inf, log10
from time import time
from typing import Any, ClassVar

import locust.stats
from gevent import Timeout
from gevent.event import AsyncResult
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust import FastHttpUser, between, events, tag, task
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

log = logging.getLogger(__name__)

PASSWORD = "load"  # noqa: S105  # published by the lab
MEMBERS = 1000
TAKE, GIVE_BACK = "take a member", "give a member back"  # messages between workers and their master
ANSWERS_WITHIN_S = 30.0
PARTS = ("store", "verify", "db", "app")  # of `Server-Timing`
COOKIE = re.compile(r"((?:__Secure-)?sot_sid|untuned|sot_node)=([^;]*)")
A_NOTE_OF = "a note of"


class Roster:
    """Assigns members to users: the member with the fewest users, and among these the one that was free the longest."""

    def __init__(self) -> None:
        first = random.randrange(MEMBERS)  # noqa: S311  # generators without a common master begin with different members
        self._users = {(first + each) % MEMBERS + 1: 0 for each in range(MEMBERS)}
        self._has_warned = False

    def take(self) -> int:
        """Assign a member, and return its number."""
        number = min(self._users, key=self._users.__getitem__)
        users = self._users.pop(number)
        self._users[number] = users + 1  # moves to the end of the order
        if users and not self._has_warned:
            self._has_warned = True
            log.warning("There are more users than the lab has members (%s): some members are several users.", MEMBERS)
        return number

    def give_back(self, number: int) -> None:
        """Record that one user fewer uses this member."""
        self._users[number] -= 1


_roster = Roster()
_questions = count()
_answers: dict[int, "AsyncResult[int]"] = {}


@events.init.add_listener  # type: ignore[untyped-decorator]
def share_one_roster(runner: Any, **_: Any) -> None:
    """Use the master's roster in all processes: workers have only copies."""
    if isinstance(runner, MasterRunner):
        runner.register_message(TAKE, _answer)
        runner.register_message(GIVE_BACK, lambda msg, **_: _roster.give_back(msg.data["number"]))
    elif isinstance(runner, WorkerRunner):
        runner.register_message(TAKE, _hear)


def _answer(environment: Any, msg: Any, **_: Any) -> None:
    answer = {"question": msg.data["question"], "number": _roster.take()}
    environment.runner.send_message(TAKE, answer, client_id=msg.node_id)


def _hear(msg: Any, **_: Any) -> None:
    if (waiting := _answers.get(msg.data["question"])) is not None:
        waiting.set(msg.data["number"])


def take_member(runner: Any) -> int:
    """Return a member's number for one user. Raise `StopUser` if the master assigns none."""
    if not isinstance(runner, WorkerRunner):
        return _roster.take()
    question = next(_questions)
    waiting = _answers[question] = AsyncResult()
    try:
        runner.send_message(TAKE, {"question": question})
        return int(waiting.get(timeout=ANSWERS_WITHIN_S))
    except Timeout:
        log.error("The master does not assign members. Does it run this file, as its workers do?")
        raise StopUser from None
    finally:
        del _answers[question]


def give_member_back(runner: Any, number: int) -> None:
    """Release this member for other users."""
    if isinstance(runner, WorkerRunner):
        runner.send_message(GIVE_BACK, {"number": number})
    else:
        _roster.give_back(number)


class Refusal(Exception):
    """An answer that is not the requested page. `kind`: the kind of failure."""

    kind = "other"


class LoggedOut(Refusal):
    """401 to a member who had logged in."""

    kind = "logged_out"


class Unavailable(Refusal):
    """503: the server reports that it is unavailable."""

    kind = "unavailable"


class Unanswered(Refusal):
    """No answer, for none of the reasons below."""

    kind = "unanswered"


class ConnectionRefused(Unanswered):
    """No process listens on the port."""

    kind = "connection_refused"


class ConnectionCut(Unanswered):
    """The connection was reset or closed before the answer was complete."""

    kind = "connection_cut"


class TimedOut(Unanswered):
    """There was no answer in time, or no connection."""

    kind = "timed_out"


class Expired(Refusal):
    """401 to an access token that expired in transit. Not a failure: the client refreshes and repeats the request."""

    kind = "expired"


class SomebodyElse(Refusal):
    """The answer is another member's page. No experiment expects this failure."""

    kind = "somebody_else"


REFUSALS: dict[int, type[Refusal]] = {401: LoggedOut, 503: Unavailable}
CUT_INSIDE = ("connection closed", "EOF", "Incomplete")  # the client's texts; other parse errors: invalid HTTP
GIVEN = (200, 201, NO_CONTENT := 204)
Check = Callable[[Any], str | None]


class Member(FastHttpUser):
    """A member of one approach, `load-0001` to `load-1000`. `query` is appended to every page's address."""

    abstract = True
    approach: ClassVar[str]
    query: ClassVar[str] = ""
    login_fields: ClassVar[dict[str, Any]] = {}
    number: int | None = None
    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Log in, before the measurement. A member that cannot log in stops, and Locust reports why."""
        # Cookies are set by hand: a cookie jar would cost more than the measured look-up.
        self.client.client.cookiejar = None
        self.cookies: dict[str, str] = {}
        self.number = take_member(self.environment.runner)
        self.username = f"load-{self.number:04d}"
        if not self.log_in():
            raise StopUser

    def on_stop(self) -> None:
        """Release this member for other users."""
        if self.number is not None:
            give_member_back(self.environment.runner, self.number)
            self.number = None

    # -- what a member does

    @tag("profile")
    @task(8)
    def profile(self) -> None:
        """Request the profile."""
        self.ask("GET", "/profile", self._is_my_profile)

    @tag("notes")
    @task(3)
    def notes(self) -> None:
        """Request the notes."""
        self.ask("GET", "/notes", lambda said: self._all_mine(said["notes"]))

    @tag("write")
    @task(1)
    def add_note(self) -> None:
        """Add a note with this member's name."""
        self.ask(
            "POST", "/notes", lambda said: self._all_mine([said["note"]]), {"text": f"{A_NOTE_OF} {self.name_here}"}
        )

    # -- what every approach has

    @property
    def name_here(self) -> str:
        """The member's name as this approach should see it."""
        return self.username

    def log_in(self) -> bool:
        """Log in. Return whether it worked."""
        credentials = {"username": self.username, "password": PASSWORD, **self.login_fields}
        return self.ask("POST", "/login", self._keep, credentials) is not None

    def credentials(self) -> dict[str, str]:
        """Return the headers with this member's credential."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def logged_out(self) -> None:
        """Log in again, as people do. The failure has already been counted."""
        self.log_in()

    def ask(self, method: str, path: str, check: Check, body: Any = None) -> Any:
        """Send one request and return its JSON if `check` accepts it, else None.

        `check` returns why the answer is another member's, or None.
        """
        name = f"/{self.approach}{path}"
        url = f"{name}{self.query}" if path != "/login" else name
        with self.client.request(
            method, url, name=name, json=body, headers=self.credentials(), catch_response=True
        ) as response:
            self._keep_cookies(response.headers)
            refusal = self._refusal(response, check)
            if isinstance(refusal, Expired):
                response.success()
            elif refusal is not None:
                response.failure(refusal)
        if refusal is None:
            return json.loads(response.content or b"null")
        if isinstance(refusal, LoggedOut) and path != "/login":
            self.logged_out()
        return None

    def _keep_cookies(self, headers: Any) -> None:
        told = (headers or {}).get("set-cookie", [])
        for line in [told] if isinstance(told, str) else told:
            if found := COOKIE.match(line):
                self.cookies[found[1]] = found[2]

    def _refusal(self, response: Any, check: Check) -> Refusal | None:
        status, error = response.status_code or 0, response.request_meta["exception"]
        if status == 0 or (status in GIVEN and error is not None):
            return unanswered(error)
        if status not in GIVEN:
            code = _code(response)
            kind = Expired if code == "expired_token" else REFUSALS.get(status, Refusal)
            return kind(f"{status} {code}".strip())
        try:
            wrong = check(json.loads(response.content)) if status != NO_CONTENT else None
        except (ValueError, LookupError, TypeError):
            return Refusal(f"{status}, and not the expected answer of this page")
        return None if wrong is None else SomebodyElse(wrong)

    def _keep(self, said: Any) -> str | None:
        """Store the tokens of the login. A session's cookie is stored already."""
        who = said["member"]["username"]
        return None if who == self.username else f"logged in as {self.username}, welcomed as {who}"

    def _is_my_profile(self, said: Any) -> str | None:
        who, how = said["member"]["username"], said["approach"]
        if (who, how) == (self.name_here, self.approach):
            return None
        return f"logged in as {self.username} by {self.approach}, answered as {who} by {how}"

    def _all_mine(self, notes: list[dict[str, Any]]) -> str | None:
        """Look for a note of another load member. Other notes may come from visitors of the lab."""
        mine = f"{A_NOTE_OF} {self.name_here}"
        others = [note["text"] for note in notes if note["text"].startswith(A_NOTE_OF) and note["text"] != mine]
        return f"{self.username} was shown {others[0]!r}" if others else None


class OpenUser(Member):
    """The baseline: no login, each request is the guest's."""

    approach = "open"

    @property
    def name_here(self) -> str:
        return "guest"


class MemoryUser(Member):
    """Sessions in one node's memory. With several nodes it needs the sticky port."""

    approach = "memory"


class SessionUser(Member):
    """Sessions in the store."""

    approach = "session"


class TokenUser(Member):
    """Access and refresh tokens. The client reads `exp`, and refreshes before it sends an expired token."""

    approach = "token"

    def ask(self, method: str, path: str, check: Check, body: Any = None) -> Any:
        if path in ("/login", "/refresh"):
            return super().ask(method, path, check, body)
        if time() >= self.expires_at:
            self.refresh()
        said = super().ask(method, path, check, body)
        if said is None and time() >= self.expires_at:  # it expired in transit
            self.refresh()
            said = super().ask(method, path, check, body)
        return said

    def refresh(self) -> None:
        """Exchange the refresh token for new tokens."""
        self.ask("POST", "/refresh", self._keep, {"refresh_token": self.refresh_token})

    def credentials(self) -> dict[str, str]:
        access = getattr(self, "access_token", None)  # none before the login
        bearer = {"Authorization": f"Bearer {access}"} if access and time() < self.expires_at else {}
        return {**super().credentials(), **bearer}

    def _keep(self, said: Any) -> str | None:
        if said["access_token"].count(".") != 2:  # not a JWT: it does not say whose it is, nor until when
            self.access_token, self.expires_at = said["access_token"], inf
            return super()._keep(said)
        claims = _claims(said["access_token"])
        if claims["sub"] != self.username:
            return f"logged in as {self.username}, given a token of {claims['sub']}"
        self.access_token, self.refresh_token = said["access_token"], said["refresh_token"]
        self.expires_at = float(claims["exp"])
        return None


class HybridUser(TokenUser):
    """Tokens with a denylist."""

    approach = "hybrid"


CARRIERS: dict[str, type[Member]] = {"nothing": OpenUser, "cookie": SessionUser, "bearer": TokenUser}


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _code(response: Any) -> str:
    try:
        return str(json.loads(response.content or b"{}").get("code", ""))
    except (ValueError, AttributeError, OSError, HTTPParseError):
        return ""


def unanswered(error: Exception | None) -> Unanswered:
    """Return the reason why a request got no answer."""
    error = getattr(error, "original", None) or error  # the client wraps the last error after its retries
    match error:
        case ConnectionRefusedError():
            return ConnectionRefused("connection refused")
        case TimeoutError() | Timeout():
            return TimedOut("no answer in time")
        case ConnectionError() | HTTPConnectionClosed():
            return ConnectionCut("connection closed before the answer")
        case HTTPParseError() if any(ending in str(error) for ending in CUT_INSIDE):
            return ConnectionCut("connection closed in the middle of the answer")
        case _:
            return Unanswered(f"no answer: {type(error).__name__}: {error}")


def three_figures(response_time: float) -> float:
    """Round to three significant figures: Locust's whole milliseconds would hide a look-up's cost."""
    return round(response_time, 2 - floor(log10(response_time))) if response_time > 0 else 0


# In every process: workers fill histograms, and the master adds them up.
locust.stats.bucket_response_time = three_figures  # type: ignore[assignment]


@events.init.add_listener  # type: ignore[untyped-decorator]
def show_server_timing(environment: Any, **_: Any) -> None:
    """Add every answer's `Server-Timing` to the rows of its page."""

    def fill(name: str, response: Any, **_: Any) -> None:
        headers: Mapping[str, str] = getattr(response, "headers", None) or {}
        for entry in headers.get("server-timing", "").split(","):
            part, told, duration_ms = entry.strip().partition(";dur=")
            if told and part in PARTS:
                environment.stats.entries[f"{name} (µs)", part.upper()].log(float(duration_ms) * 1000, 0)

    environment.events.request.add_listener(fill)
