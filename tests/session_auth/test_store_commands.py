"""How many commands a request costs the store, counted by the store itself."""

from itertools import product

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from tests.conftest import MakeVisitor
from tests.support.monitor import Monitor
from tests.support.session_probe import admit, bearer_of, records
from tests.support.visitor import Visitor

PAGES = ("profile", "notes", "admin")
COST_OF_A_READ = {"open": [], "memory": [], "session": ["GETEX"], "token": [], "hybrid": ["GET"]}
KINDS = ("application/json", "text/html")

OUTSIDE = (
    "/",
    "/healthz",
    "/nowhere",
    "/sessions/profile",
    "/session-x/profile",
    "/Session/profile",
    "/static/",
    "/static/nothing.css",
    "/.well-known/jwks.json",
    "/open/profile",
    "/open/nowhere",
    "/memory/profile",
    "/memory/nowhere",
    "/token/profile",
    "/token/login",
    "/token/nowhere",
)


@pytest.mark.parametrize("approach", COST_OF_A_READ)
def test_an_authenticated_read_costs_exactly_what_its_approach_says(
    visitor: MakeVisitor, monitor: Monitor, approach: str
) -> None:
    carol = visitor(approach).login("carol")
    monitor.commands()
    for path, kind in product(PAGES, KINDS):
        response = carol.get(path, headers={"Accept": kind})
        assert response.status_code == (403 if (approach, path) == ("open", "admin") else 200)
        assert monitor.commands() == COST_OF_A_READ[approach]


@pytest.mark.parametrize("approach", ["session", "hybrid"])
def test_a_note_is_added_at_the_cost_of_a_read(visitor: MakeVisitor, monitor: Monitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    monitor.commands()
    assert alice.post("notes", json={"text": "a note"}).status_code == 201
    assert monitor.commands() == COST_OF_A_READ[approach]


@pytest.mark.parametrize("path", OUTSIDE)
def test_outside_the_prefix_a_session_cookie_asks_no_store(app: Flask, monitor: Monitor, path: str) -> None:
    cookie = {"Cookie": f"sot_sid={admit(app).cookie('sid')}"}
    monitor.commands()
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        app.test_client().open(path, method=method, headers=cookie)
        assert monitor.commands() == []


def test_what_cannot_be_an_id_asks_no_store(app: Flask, monitor: Monitor) -> None:
    for sid in ("", "short", "A" * 42, "A" * 44, "A" * 43 + ".0", "A" * 43 + ".", "A" * 42 + "/", "é" * 43):
        assert bearer_of(app, "session", sid).get("profile").get_json()["code"] == "invalid_session"
        assert monitor.commands() == []


def test_no_cookie_asks_no_store(app: Flask, monitor: Monitor) -> None:
    assert Visitor(app, "session").get("profile").get_json()["code"] == "no_credentials"
    assert monitor.commands() == []


def test_reading_writes_nothing(app: Flask, redis: Redis, config: Config) -> None:
    carol = admit(app, "session", "carol")
    before = records(redis, config)
    for path in (*PAGES, "logins", "nowhere"):
        carol.get(path)
    assert records(redis, config) == before


def test_tokens_never_need_the_store_but_to_count_attempts(visitor: MakeVisitor, monitor: Monitor) -> None:
    alice = visitor("token").login("alice")
    assert set(monitor.commands()) <= {"LINDEX", "EVAL"}
    assert alice.refresh().status_code == 200
    assert alice.get("logins").status_code == 200
    assert alice.post("logout").status_code == 204
    assert monitor.commands() == []
