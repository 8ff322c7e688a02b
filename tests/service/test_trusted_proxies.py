"""Whose address counts: the one that connects, unless proxies of one's own are in front."""

from flask import Flask

from tests.conftest import MakeApp
from tests.support.visitor import Visitor

FAILURES = 10


def fail(app: Flask, name: str, forwarded_for: str) -> int:
    body = {"username": name, "password": "wrong"}
    headers = {"X-Forwarded-For": forwarded_for}
    return app.test_client().post("/session/login", json=body, headers=headers).status_code


def test_a_forged_address_gains_no_attempts(app: Flask) -> None:
    """SECURITY 18."""
    tries = [fail(app, f"nobody-{number}", f"10.0.0.{number}") for number in range(FAILURES + 1)]
    assert tries == [401] * FAILURES + [429]


def test_behind_a_proxy_of_ones_own_each_client_has_its_attempts(make_app: MakeApp) -> None:
    app = make_app(trusted_proxies=1)
    tries = [fail(app, f"nobody-{number}", f"10.0.0.{number}") for number in range(FAILURES + 1)]
    assert tries == [401] * (FAILURES + 1)
    assert Visitor(app, "session").login("alice").who() == "alice"


def test_only_the_proxy_is_believed_not_what_it_was_told(make_app: MakeApp) -> None:
    """The last address is the proxy's own word; those before it are the client's."""
    app = make_app(trusted_proxies=1)
    tries = [fail(app, f"nobody-{number}", f"10.0.0.{number}, 192.0.2.1") for number in range(FAILURES + 1)]
    assert tries == [401] * FAILURES + [429]
