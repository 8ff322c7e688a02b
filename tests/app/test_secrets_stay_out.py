"""No password, session id or token in a log line, an error or a trace, whatever goes wrong."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from service.config import Config
from tests.conftest import Clock, MakeApp
from tests.support.faulty_store import FaultyStore
from tests.support.session_probe import admit, records
from tests.support.visitor import BY_SESSION, BY_TOKEN, Visitor

ASK = {"X-Lab-Trace": "1"}
WRONG_PASSWORD = "a-mistyped-password"


class Ears:
    """Hears everything that is logged, and collects what must not be in it."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self._told: list[str] = []
        self.secrets = {WRONG_PASSWORD, "wonderland"}

    def tell(self, response: TestResponse) -> None:
        """Note a response that is not supposed to hand out a credential, and its trace."""
        self._told.append(response.headers.get("X-Lab-Trace", ""))
        if response.status_code >= 400:
            self._told.append(response.get_data(as_text=True))

    def assert_heard_no_secret(self) -> None:
        heard = "\n".join([self._caplog.text, *self._told])
        assert [secret for secret in self.secrets if secret in heard] == []


@pytest.fixture
def ears(caplog: pytest.LogCaptureFixture) -> Ears:
    caplog.set_level(logging.DEBUG)
    return Ears(caplog)


def send_everything(visitor: Visitor, hear: Callable[[TestResponse], None]) -> None:
    for method, path in (
        ("GET", "profile"),
        ("GET", "admin"),
        ("GET", "nowhere"),
        ("GET", "logins"),
        ("PUT", "notes"),
        ("DELETE", "logins/nobody-s"),
        ("POST", "notes"),
        ("POST", "renew"),
        ("POST", "logout"),
        ("GET", "profile"),
    ):
        for kind in ("application/json", "text/html"):
            hear(visitor.open(method, path, headers={**ASK, "Accept": kind}))


@pytest.mark.parametrize("approach", BY_SESSION)
def test_no_session_id_is_told(app: Flask, ears: Ears, approach: str) -> None:
    """SECURITY 22."""
    alice = Visitor(app, approach)
    ears.tell(alice.try_login("alice", WRONG_PASSWORD))
    alice.login("alice")
    ears.secrets.add(alice.cookie("sid") or "")
    ears.tell(alice.post("renew", headers=ASK))
    ears.secrets.add(alice.cookie("sid") or "")
    assert len(ears.secrets) == 4
    send_everything(alice, ears.tell)
    ears.assert_heard_no_secret()


@pytest.mark.parametrize("approach", BY_TOKEN)
def test_no_token_is_told(
    app: Flask, ears: Ears, clock: Clock, approach: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY 22: a refresh token that comes back is logged, but not by its name."""
    alice = Visitor(app, approach)
    ears.tell(alice.try_login("alice", WRONG_PASSWORD))
    alice.login("alice")
    used = alice.refresh_token
    ears.secrets |= {alice.access or "", used or ""}
    assert alice.refresh().status_code == 200
    ears.secrets |= {alice.access or "", alice.refresh_token or ""}
    send_everything(alice, ears.tell)
    clock.advance(60)
    alice.login("alice")  # the other login has ended, and so its tokens are not known any more
    used = alice.refresh_token
    assert [alice.refresh().status_code for _ in range(2)] == [200, 200]
    alice.refresh_token, again = used, alice.refresh_token
    ears.secrets |= {used or "", again or ""}
    clock.advance(60)
    ears.tell(alice.refresh(headers=ASK))
    ears.tell(alice.client.post(f"/{approach}/refresh", json={"refresh_token": "x.y.z"}, headers=ASK))
    ears.tell(alice.get("profile", headers={**ASK, "Authorization": f"Bearer {again}"}))
    assert "refresh token reuse" in caplog.text
    ears.assert_heard_no_secret()


def test_no_session_id_is_told_when_the_store_fails(make_app: MakeApp, faulty: FaultyStore, ears: Ears) -> None:
    """SECURITY 22."""
    app = make_app(redis_url=faulty.url)
    alice = admit(app)
    ears.secrets.add(alice.cookie("sid") or "")
    for fault in (faulty.refuse, faulty.hang, faulty.reset):
        fault()
        send_everything(alice, ears.tell)
        ears.tell(alice.try_login("alice"))
        faulty.heal()
    ears.assert_heard_no_secret()


def test_no_session_id_is_told_when_there_is_a_bug(app: Flask, ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    """SECURITY 22."""
    app.add_url_rule("/session/_bug", "bug", lambda: 1 / 0)
    alice = admit(app)
    ears.secrets.add(alice.cookie("sid") or "")
    refused = alice.get("_bug", headers=ASK)
    assert (refused.status_code, refused.get_json()["code"]) == (500, "internal_error")
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in refused.get_data(as_text=True)
    ears.tell(refused)
    ears.assert_heard_no_secret()


def test_no_record_is_told_when_it_is_bad(app: Flask, redis: Redis, config: Config, ears: Ears) -> None:
    """SECURITY 22."""
    alice = admit(app)
    ears.secrets |= {alice.cookie("sid") or "", "planted-secret"}
    [key] = records(redis, config)
    redis.set(f"{config.store_prefix}session:{key}", b'{"planted-secret": \xff}')
    send_everything(alice, ears.tell)
    ears.assert_heard_no_secret()
