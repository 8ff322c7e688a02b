"""The members of a load test: they log in, use the pages, and check on every answer that they are still themselves."""

import json
import random
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from itertools import count
from time import time
from typing import Any, ClassVar

from locust import FastHttpUser, between, tag, task
from locust.exception import StopUser

PASSWORD = "load"  # noqa: S105  # what the lab itself says aloud
MEMBERS = 1000
COOKIE = re.compile(r"(sid|untuned|node)=([^;]*)")
A_NOTE_OF = "a note of"

_numbers = count(random.randrange(MEMBERS))  # noqa: S311  # generators on several machines begin with other members


class Refusal(Exception):
    """An answer that is not the page that was asked for; `kind` says what became of the member."""

    kind = "other"


class LoggedOut(Refusal):
    """401 to somebody who had logged in."""

    kind = "logged_out"


class Unavailable(Refusal):
    """503: the server says that it is broken."""

    kind = "unavailable"


class Unanswered(Refusal):
    """No answer at all."""

    kind = "unanswered"


class Expired(Refusal):
    """401 to an access token that expired on its way: no failure, the client refreshes and asks again."""

    kind = "expired"


class SomebodyElse(Refusal):
    """A page of another member: the one failure that no experiment expects."""

    kind = "somebody_else"


REFUSALS: dict[int, type[Refusal]] = {0: Unanswered, 401: LoggedOut, 503: Unavailable}
Check = Callable[[Any], str | None]


class Member(FastHttpUser):
    """Somebody behind one approach, named `load-0001` to `load-1000`. `query` goes behind every page's address."""

    abstract = True
    approach: ClassVar[str]
    query: ClassVar[str] = ""
    login_fields: ClassVar[dict[str, Any]] = {}
    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Log in, before anything is measured. A member who cannot stays away, and Locust says why."""
        # The cookies that matter are sent by hand: a cookie jar would cost more than the look-up that is measured.
        self.client.client.cookiejar = None
        self.cookies: dict[str, str] = {}
        self.username = f"load-{next(_numbers) % MEMBERS + 1:04d}"
        if not self.log_in():
            raise StopUser

    # -- what a member does

    @tag("profile")
    @task(8)
    def profile(self) -> None:
        """Look at the profile."""
        self.ask("GET", "/profile", self._is_my_profile)

    @tag("notes")
    @task(3)
    def notes(self) -> None:
        """Look at the notes."""
        self.ask("GET", "/notes", lambda said: self._all_mine(said["notes"]))

    @tag("write")
    @task(1)
    def add_note(self) -> None:
        """Add a note that says whose it is."""
        self.ask(
            "POST", "/notes", lambda said: self._all_mine([said["note"]]), {"text": f"{A_NOTE_OF} {self.name_here}"}
        )

    # -- what every approach has

    @property
    def name_here(self) -> str:
        """Whom this approach should take the member for."""
        return self.username

    def log_in(self) -> bool:
        """Log in; tell whether it worked."""
        credentials = {"username": self.username, "password": PASSWORD, **self.login_fields}
        return self.ask("POST", "/login", self._keep, credentials) is not None

    def credentials(self) -> dict[str, str]:
        """Return the headers that say who this is."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def logged_out(self) -> None:
        """Log in again, as people do. The failure is in the statistics by now."""
        self.log_in()

    def ask(self, method: str, path: str, check: Check, body: Any = None) -> Any:
        """Send one request and return its JSON if `check` has nothing against it, else None.

        `check` returns why the answer is somebody else's, or None.
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
        status = response.status_code or 0
        if status not in (200, 201, 204):
            code = _code(response.content)
            kind = Expired if code == "expired_token" else REFUSALS.get(status, Refusal)
            return kind(f"{status} {code}".strip())
        wrong = check(json.loads(response.content)) if response.content else None
        return None if wrong is None else SomebodyElse(wrong)

    def _keep(self, said: Any) -> str | None:
        """Keep what the login gave; the session approaches' cookie is kept already."""
        who = said["member"]["username"]
        return None if who == self.username else f"logged in as {self.username}, welcomed as {who}"

    def _is_my_profile(self, said: Any) -> str | None:
        who, how = said["member"]["username"], said["approach"]
        if (who, how) == (self.name_here, self.approach):
            return None
        return f"logged in as {self.username} by {self.approach}, answered as {who} by {how}"

    def _all_mine(self, notes: list[dict[str, Any]]) -> str | None:
        """Find a note that says it is another's; visitors of the same lab may have written what they like."""
        mine = f"{A_NOTE_OF} {self.name_here}"
        others = [note["text"] for note in notes if note["text"].startswith(A_NOTE_OF) and note["text"] != mine]
        return f"{self.username} was shown {others[0]!r}" if others else None


class OpenMember(Member):
    """Nobody is logged in: everybody is the guest."""

    abstract = True
    approach = "open"

    @property
    def name_here(self) -> str:
        return "guest"


class MemoryMember(Member):
    """Logged in where one node remembers it."""

    abstract = True
    approach = "memory"


class SessionMember(Member):
    """Logged in by a session in the store."""

    abstract = True
    approach = "session"


class TokenMember(Member):
    """Logged in by tokens; reads when the access token expires, and refreshes before it sends it."""

    abstract = True
    approach = "token"

    def ask(self, method: str, path: str, check: Check, body: Any = None) -> Any:
        if path in ("/login", "/refresh"):
            return super().ask(method, path, check, body)
        if time() >= self.expires_at:
            self.refresh()
        said = super().ask(method, path, check, body)
        if said is None and time() >= self.expires_at:  # it expired on its way
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
        claims = _claims(said["access_token"])
        if claims["sub"] != self.username:
            return f"logged in as {self.username}, given a token of {claims['sub']}"
        self.access_token, self.refresh_token = said["access_token"], said["refresh_token"]
        self.expires_at = float(claims["exp"])
        return None


class HybridMember(TokenMember):
    """Logged in by tokens that can be revoked."""

    abstract = True
    approach = "hybrid"


KINDS: dict[str, type[Member]] = {
    kind.approach: kind for kind in (OpenMember, MemoryMember, SessionMember, TokenMember, HybridMember)
}


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _code(content: bytes | None) -> str:
    try:
        return str(json.loads(content or b"{}").get("code", ""))
    except (ValueError, AttributeError):
        return ""
