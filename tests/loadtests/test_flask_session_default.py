"""The contender that nobody should copy: it works, it is fenced, and what it issues opens nothing else."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from loadtests import flask_session_default
from tests.conftest import MakeConfig

ALICE = {"username": "alice", "password": "wonderland"}


@pytest.fixture
def contender(make_config: MakeConfig, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    config = make_config()
    for name in ("REDIS_URL", "DATABASE_URL", "STORE_PREFIX"):
        monkeypatch.setenv(name, str(getattr(config, name.lower())))
    monkeypatch.setenv("LAB", "1")
    app = flask_session_default.create_app()
    yield app
    app.extensions["database"].engine.dispose()


def test_it_serves_the_same_pages_to_who_is_logged_in(contender: Flask) -> None:
    client = contender.test_client()
    assert client.get("/untuned/profile").status_code == 401
    assert client.post("/untuned/login", json=ALICE).get_json()["member"]["username"] == "alice"
    answer = client.get("/untuned/profile")
    assert answer.get_json()["member"] == {"id": "alice", "username": "alice", "role": "user"}
    assert "store;dur=" in answer.headers["Server-Timing"]


def test_a_wrong_password_opens_nothing(contender: Flask) -> None:
    assert contender.test_client().post("/untuned/login", json={**ALICE, "password": "x"}).status_code == 401


def test_its_cookie_opens_nothing_else(contender: Flask, make_config: MakeConfig) -> None:
    client = contender.test_client()
    client.post("/untuned/login", json=ALICE)
    cookie = client.get_cookie("untuned", path="/untuned")
    assert cookie is not None
    lab = create_app(make_config()).test_client()
    for name in ("untuned", "sid"):
        assert lab.get("/session/profile", headers={"Cookie": f"{name}={cookie.value}"}).status_code == 401
    assert lab.get("/untuned/profile").status_code == 404


@pytest.mark.parametrize("missing", ["LAB", "REDIS_URL"])
def test_it_does_not_start_outside_a_lab(contender: Flask, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(RuntimeError, match="for load tests"):
        flask_session_default.create_app()
