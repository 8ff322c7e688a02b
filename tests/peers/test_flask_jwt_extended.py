"""Flask-JWT-Extended and our `/token`, asked the same: what docs/peers.md says is right, and each cell is a test."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

import flask_jwt_extended.tokens
import jwt.api_jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from service.config import Config
from service.web.cookies import cookie_name
from tests.conftest import Clock, MakeApp
from tests.peers import jwt_implicit_app as implicit
from tests.peers.jwt_refresh_app import jwt_refresh_app
from tests.peers.jwt_rotation_app import jwt_rotation_app
from tests.peers.slow_views import do_meanwhile
from tests.peers.table import row
from tests.support.visitor import PASSWORDS
from tests.token_auth.test_refresh_races import all_at_once

PEER, OURS, HYBRID = "Flask-JWT-Extended", "`/token`", "our `/hybrid`"
ROTATION = "rotation by hand on its blocklist"
FIRST_ONLY = "`nx=True` where the blocklist is written"
BLOCKLIST = "its blocklist, at the log-out"
CALLERS = 6
ALICE = {"username": "alice", "password": PASSWORDS["alice"]}


@pytest.fixture(autouse=True)
def one_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the peer tell the time by the clock of the test."""

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Now":
            return cls.fromtimestamp(clock(), tz or UTC)

    for module in (jwt.api_jwt, flask_jwt_extended.tokens, implicit):
        monkeypatch.setattr(module, "datetime", Now)


MakeTokenApp = Callable[[str, str], tuple[Flask, str]]


@pytest.fixture
def build(make_app: MakeApp, redis: Redis, prefix: str) -> MakeTokenApp:
    """Return a contender's app for a kind of site, and what its pages' paths begin with."""
    built: dict[tuple[str, str], Callable[[], Flask]] = {
        (PEER, "refresh"): jwt_refresh_app,
        (ROTATION, "refresh"): lambda: jwt_rotation_app(redis, prefix),
        (PEER, "rotation"): lambda: jwt_rotation_app(redis, prefix),
        (FIRST_ONLY, "rotation"): lambda: jwt_rotation_app(redis, prefix, first_only=True),
        (PEER, "implicit"): implicit.jwt_implicit_app,
        (BLOCKLIST, "implicit"): lambda: implicit.jwt_implicit_app(redis, prefix),
    }
    prefixes = {OURS: "/token", HYBRID: "/hybrid"}

    def make(contender: str, kind: str) -> tuple[Flask, str]:
        path = prefixes.get(contender, "")
        return (make_app() if path else built[contender, kind]()), path

    return make


def send(client: FlaskClient, path: str, refresh: str) -> TestResponse:
    """Refresh as each documents it: the peer wants the token in `Authorization`, ours has its own header."""
    headers = {"X-Refresh-Token": refresh} if path else {"Authorization": f"Bearer {refresh}"}
    return client.post(f"{path}/refresh", headers=headers)


@row("A refresh token sent five times, its owner going on after the first: answered 200 · the owner's next refresh")
def test_the_answers_to_a_refresh_token_sent_five_times(build: MakeTokenApp, contender: str, says: str) -> None:
    """SECURITY 11."""
    app, path = build(contender, "refresh")
    client = app.test_client()
    first = client.post(f"{path}/login", json=ALICE).get_json()["refresh_token"]
    answers = [send(client, path, first)]
    owners = answers[0].get_json().get("refresh_token", first)
    went_on = send(client, path, owners)
    assert went_on.status_code == 200
    owners = went_on.get_json().get("refresh_token", owners)
    answers += [send(client, path, first) for _ in range(4)]
    good = [answer for answer in answers if answer.status_code == 200]
    assert f"{len(good)} of {len(answers)} · {send(client, path, owners).status_code}" == says


@row("Rotation (the peer's by hand), six callers with one token at once: new refresh tokens · callers answered 200")
def test_what_six_callers_get_for_one_refresh_token(build: MakeTokenApp, contender: str, says: str) -> None:
    """SECURITY 10: all have passed the look at the blocklist before the first one writes into it."""
    app, path = build(contender, "rotation")
    first = app.test_client().post(f"{path}/login", json=ALICE).get_json()["refresh_token"]
    answers: list[TestResponse] = []

    def call(others: int) -> None:
        if others:
            do_meanwhile(app, lambda: call(others - 1))
        answers.append(send(app.test_client(), path, first))

    if contender == OURS:  # whatever the order: tests/token_auth/test_refresh_races.py
        answers = all_at_once([app], "token", first, CALLERS)
    else:
        call(CALLERS - 1)
    good = [answer for answer in answers if answer.status_code == 200]
    handed_out = {answer.get_json()["refresh_token"] for answer in good}
    assert len(answers) == CALLERS
    assert [send(app.test_client(), path, each).status_code for each in handed_out] == [200] * len(handed_out)
    assert f"{len(handed_out)} · {len(good)}" == says


class Carrier:
    """A browser with a login's cookies: the owner's, or one that they were copied to.

    `lifetime_s`: for how long an access token is good.
    """

    def __init__(self, app: Flask, path: str, lifetime_s: float, carried: dict[str, str] | None = None) -> None:
        self.app, self.path, self.lifetime_s, self.client = app, path, lifetime_s, app.test_client()
        names = ("access", "refresh") if path else ()
        self.names = [cookie_name(name, secure=False) for name in names] or ["access_token_cookie"]
        for name, value in (carried or {}).items():
            self.client.set_cookie(name, value, path=path or "/")

    def log_in(self) -> "Carrier":
        answer = self.client.post(f"{self.path}/login", json=ALICE | ({"transport": "cookie"} if self.path else {}))
        assert answer.status_code == 200
        return self

    def copy(self) -> "Carrier":
        return Carrier(self.app, self.path, self.lifetime_s, self.cookies())

    def cookies(self) -> dict[str, str]:
        found = {name: self.client.get_cookie(name, path=self.path or "/") for name in self.names}
        return {name: cookie.value for name, cookie in found.items() if cookie}

    def is_in(self) -> bool:
        status = self.client.get(f"{self.path}/profile").status_code
        assert status in (200, 401)
        return status == 200

    def log_out(self) -> None:
        csrf = self.client.get_cookie("csrf_access_token")
        headers = {"X-CSRF-TOKEN": csrf.value} if csrf else {}
        assert self.client.post(f"{self.path}/logout", headers=headers).status_code in (200, 204)


@pytest.fixture
def owner(build: MakeTokenApp, config: Config, contender: str) -> Carrier:
    """A member who has logged in by cookies."""
    app, path = build(contender, "implicit")
    return Carrier(app, path, config.access_ttl_s if path else implicit.LIFETIME.total_seconds()).log_in()


def now_and_later(copy: Carrier, clock: Clock) -> str:
    """Say whether a copy is let in, now and once a token of now has expired; it is used meanwhile."""
    outcomes = [copy.is_in()]
    for _ in range(3):
        clock.advance(copy.lifetime_s / 3 + 1)
        outcomes.append(copy.is_in())
    return " · ".join("let in" if outcomes[at] else "shut out" for at in (0, -1))


@row("Cookies copied before the log-out: right after it · when a token of that time has expired")
def test_copied_cookies_after_the_logout(owner: Carrier, clock: Clock, says: str) -> None:
    copy = owner.copy()
    owner.log_out()
    assert now_and_later(copy, clock) == says


@row("Cookies copied and renewed before the log-out: right after it · when a token of that time has expired")
def test_copied_cookies_that_were_renewed_after_the_logout(owner: Carrier, clock: Clock, says: str) -> None:
    """The owner, away meanwhile, logs out with the cookies from the log-in: the peer's last longer than they renew."""
    copy = owner.copy()
    clock.advance(copy.lifetime_s + 1 if copy.path else copy.lifetime_s - 60)
    assert copy.is_in()
    assert copy.cookies() != owner.cookies(), "it was renewed"
    owner.log_out()
    assert now_and_later(copy, clock) == says
