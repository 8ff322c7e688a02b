"""What the tests of sessions share: logins without the cost of a password, a look into the store, and intruders."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from service.accounts import Member, Members
from service.config import Config
from service.errors import StoreUnavailable
from session_auth.blueprint import PrefixSessionInterface
from session_auth.blueprint.credential import MemberCredential
from session_auth.record import decode_renewed
from session_auth.store_client import connect
from tests.support.stopwatch import eventually
from tests.support.visitor import PASSWORDS, Visitor

PATIENCE_S = 30.0


def patient(app: Flask, store_url: str, timeout_s: float = PATIENCE_S) -> Flask:
    """Let an app wait for the store as long as the machine needs, in a test that is not about how long it waits."""
    credential_of(app)._store._store._client = connect(store_url, timeout_s)
    return app


def credential_of(app: Flask, approach: str = "session") -> MemberCredential:
    assert isinstance(app.session_interface, PrefixSessionInterface)
    return app.session_interface.interfaces[approach].credential


def members_of(app: Flask) -> Members:
    return Members(app.extensions["database"])


def member(app: Flask, username: str) -> Member:
    found = members_of(app).find_active(username)
    assert found is not None
    return found


def admit(app: Flask, approach: str = "session", username: str = "alice", idle_s: int = 1800) -> Visitor:
    """Let somebody in without the cost of a password check."""
    return bearer_of(app, approach, credential_of(app, approach).issue_for(member(app, username), idle_s))


def let_in(app: Flask, approach: str = "session", username: str = "alice") -> Visitor:
    """Admit a visitor before a test begins to break the store: on a slow machine that may take a second try."""

    def admitted() -> Visitor | None:
        with suppress(StoreUnavailable):
            return admit(app, approach, username)
        return None

    visitor: Visitor = eventually(admitted)
    return visitor


def bearer_of(app: Flask, approach: str, sid: str | None) -> Visitor:
    """Return somebody who has nothing but a session id."""
    visitor = Visitor(app, approach)
    visitor.set_cookie("sid", sid or "")
    return visitor


def change_role(app: Flask, approach: str, username: str, role: str) -> None:
    """Change a role as `flask members set-role` does, for one approach."""
    credential_of(app, approach).member_changed(members_of(app).set_role(username, role))


def records(redis: Redis, config: Config) -> dict[str, bytes]:
    """Return what is stored of sessions, by key; not what is left where one was renewed."""
    keys = [key.decode() for key in redis.scan_iter(match=f"{config.store_prefix}session:*")]
    there = {key.removeprefix(f"{config.store_prefix}session:"): redis.get(key) for key in keys}
    return {key: record for key, record in there.items() if decode_renewed(record) is None}


def index(redis: Redis, config: Config, username: str = "alice") -> dict[str, str]:
    """Return the keys that the member's index holds, each with its login id."""
    entries = redis.hgetall(f"{config.store_prefix}logins:{username}")
    return {key.decode(): entry.decode().partition(" ")[0] for key, entry in entries.items()}


class Intruder:
    """Stands before a session store, and does something just before the store is asked for the `at`-th time."""

    def __init__(self, store: Any, at: int) -> None:
        self.came = False
        self._store = store
        self._calls_left = at
        self._intrude: Callable[[], object] | None = None

    @contextmanager
    def who_will(self, intrude: Callable[[], object]) -> Iterator[None]:
        """Count the calls that are made inside, and come when it is time."""
        self._intrude = intrude
        yield
        self._intrude = None

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:
            if self._intrude is not None and not self.came:
                self._come_or_wait(self._intrude)
            return getattr(self._store, verb)(*arguments)

        return asked

    def _come_or_wait(self, intrude: Callable[[], object]) -> None:
        self.came = self._calls_left == 0
        self._calls_left -= 1
        if self.came:
            intrude()


def at_every_step(credential: MemberCredential, trial: Callable[[Intruder], None]) -> None:
    """Run `trial` with an intruder before the first of the store's calls, then before the second, and so on.

    In the last run no call is left and the intruder has not come.
    """
    at, came = 0, True
    with pytest.MonkeyPatch.context() as patch:
        store = credential._store
        while came:
            patch.setattr(credential, "_store", store)
            for username in PASSWORDS:  # or the list of logins would grow, and with it the number of steps
                credential.end_all(username)
            intruder = Intruder(store, at)
            patch.setattr(credential, "_store", intruder)
            trial(intruder)
            at, came = at + 1, intruder.came
    assert at > 1, "the store was never asked"
