"""What each request did and how long it took, told in the response whatever that was."""

import json
import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.accounts import Members
from service.accounts.passwords import hash_password
from service.measurement import step
from tests.conftest import MakeApp, MakeVisitor
from tests.support.faulty_store import FaultyStore
from tests.support.session_probe import admit
from tests.support.visitor import APPROACHES, PASSWORDS, Visitor

PARTS = ("store", "verify", "db", "app")
SERVER_TIMING = re.compile(r", ".join(rf"{part};dur=\d+\.\d{{3}}" for part in PARTS))
ASK = {"X-Lab-Trace": "1"}


def timing(response: TestResponse) -> dict[str, float]:
    """Return milliseconds by part."""
    value = response.headers["Server-Timing"]
    assert SERVER_TIMING.fullmatch(value), value
    parts = (part.split(";dur=") for part in value.split(", "))
    return {name: float(milliseconds) for name, milliseconds in parts}


def trace(response: TestResponse) -> list[dict[str, float | str]]:
    steps: list[dict[str, float | str]] = json.loads(response.headers["X-Lab-Trace"])
    return steps


def assert_it_adds_up(response: TestResponse) -> None:
    """Hold the steps to `Server-Timing`: each is rounded to 0.1 µs, and each sum to 1 µs."""
    steps, told = trace(response), timing(response)
    for part in ("store", "verify", "db"):
        summed_us = sum(float(taken["duration_us"]) for taken in steps if taken["part"] == part)
        assert summed_us / 1000 == pytest.approx(told[part], abs=0.0006 + 0.0001 * len(steps))
    assert [taken["at_us"] for taken in steps] == sorted(taken["at_us"] for taken in steps)
    assert told["app"] > 0


def answers(app: Flask) -> dict[int, TestResponse]:
    """Return a response of every status that there is to meet."""
    app.add_url_rule("/_bug", "bug", lambda: 1 / 0)
    alice, client = admit(app), app.test_client()
    return {
        200: alice.get("profile"),
        201: alice.post("notes", json={"text": "a note"}),
        204: alice.post("logout"),
        303: alice.post("login", data={"username": "alice", "password": "wonderland"}, headers={"Accept": "text/html"}),
        400: client.post("/session/login", data="{", content_type="application/json"),
        401: Visitor(app, "session").get("profile"),
        403: admit(app).get("admin"),
        404: client.get("/nowhere"),
        405: client.delete("/"),
        415: client.post("/session/login", data="x", content_type="text/plain"),
        500: client.get("/_bug"),
    }


def test_every_response_says_what_it_cost_and_which_node_answered(app: Flask) -> None:
    for status, response in answers(app).items():
        assert response.status_code == status
        assert timing(response)["app"] > 0
        assert response.headers["X-Node"] == "node-1"
        assert len(response.headers.getlist("Server-Timing")) == 1


def test_outside_a_lab_no_refusal_says_what_it_cost(make_app: MakeApp) -> None:
    """SECURITY 18: the database's time told which names there are."""
    app = make_app(lab=False)
    Members(app.extensions["database"]).add("dave", hash_password("correct horse"))
    for name in ("dave", "nobody"):
        for approach in ("session", "token"):
            refused = Visitor(app, approach).try_login(name, "wrong")
            assert (refused.status_code, "Server-Timing" in refused.headers) == (401, False)
    assert timing(Visitor(app, "token").try_login("dave", "correct horse"))["db"] > 0


def test_each_part_is_charged_to_the_approach_that_uses_it(visitor: MakeVisitor) -> None:
    used = {
        "open": set[str](),
        "memory": {"verify"},
        "session": {"store", "verify"},
        "token": {"verify"},
        "hybrid": {"store", "verify"},
    }
    for approach in APPROACHES:
        alice = visitor(approach).login("alice")
        told = timing(alice.get("profile"))
        assert {part for part in PARTS[:3] if told[part] > 0} == used[approach]
        assert timing(alice.get("notes"))["db"] > 0


def test_a_failed_wait_for_the_store_is_charged_to_the_store(make_app: MakeApp, faulty: FaultyStore) -> None:
    alice = admit(make_app(redis_url=faulty.url))
    faulty.hang()
    response = alice.get("profile", headers=ASK)
    assert response.status_code == 503
    assert timing(response)["store"] >= 190
    assert [taken["part"] for taken in trace(response)] == ["store"]
    assert_it_adds_up(response)


def test_synthetic_work_is_charged_to_the_app(app: Flask) -> None:
    told = timing(Visitor(app, "open").get("profile?work_ms=20"))
    assert told["app"] >= 20
    assert told["store"] + told["verify"] + told["db"] < told["app"]


def test_a_trace_tells_the_steps_of_a_read_in_order(app: Flask) -> None:
    response = admit(app).get("notes", headers=ASK)
    assert [taken["part"] for taken in trace(response)] == ["store", "verify", "db"]
    assert str(trace(response)[0]["what"]).startswith("GETEX ")
    assert trace(response)[1]["what"] == "session record"
    assert trace(response)[2]["what"] == "SELECT notes"
    assert_it_adds_up(response)


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_trace_adds_up_for_every_request_of_a_login(visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    body = {"username": "alice", "password": PASSWORDS["alice"]}
    assert_it_adds_up(alice.client.post(f"/{approach}/login", json=body, headers=ASK))
    for method, path in (
        ("GET", "profile"),
        ("POST", "notes"),
        ("GET", "logins"),
        ("GET", "admin"),
        ("POST", "logout"),
    ):
        assert_it_adds_up(alice.open(method, path, headers=ASK, json={"text": "x"} if path == "notes" else None))


@pytest.mark.parametrize("asked", [None, "0", "true", "", "11", " 1 1"])
def test_nobody_gets_a_trace_who_did_not_ask_for_one(app: Flask, asked: str | None) -> None:
    headers = {} if asked is None else {"X-Lab-Trace": asked}
    assert "X-Lab-Trace" not in admit(app).get("profile", headers=headers).headers


def test_without_the_lab_there_is_no_trace(make_app: MakeApp) -> None:
    """SECURITY 20."""
    response = admit(make_app(lab=False)).get("profile", headers=ASK)
    assert "X-Lab-Trace" not in response.headers
    assert timing(response)["store"] > 0


def test_a_long_trace_still_fits_a_proxys_buffer_and_adds_up(app: Flask) -> None:
    """A member with many logins used to make a header that no proxy passes on."""
    alice, *_others = [admit(app) for _ in range(50)]
    response = alice.get("logins", headers=ASK)
    assert len(response.get_json()["logins"]) == 50
    assert len(str(response.headers)) < 4096
    summed_up = [str(taken["what"]) for taken in trace(response)[-2:]]
    assert all(what.endswith(" more") for what in summed_up)
    assert len(trace(response)) - 2 + sum(int(what.split()[0]) for what in summed_up) == 103
    summed_us = sum(float(taken["duration_us"]) for taken in trace(response) if taken["part"] == "store")
    assert summed_us / 1000 == pytest.approx(timing(response)["store"], abs=0.003)


@pytest.mark.parametrize(
    ("approach", "wrote"),
    [("session", "SET "), ("token", "INSERT refresh_tokens"), ("hybrid", "INSERT refresh_tokens")],
)
def test_a_log_in_shows_what_it_wrote_also_where_it_ends_other_logins(
    make_app: MakeApp, approach: str, wrote: str
) -> None:
    """The fifty-first of a class that logs in as alice was no log-in as a walk claims it: its trace was cut short."""
    visitor = Visitor(make_app(logins_per_member=1), approach)
    in_cookies = {"transport": "cookie"} if approach != "session" else {}
    alice = {"username": "alice", "password": PASSWORDS["alice"], **in_cookies}
    for _ in range(3):
        Visitor(visitor.client.application, approach).login("alice")
        response = visitor.client.post(f"/{approach}/login", json=alice, headers=ASK)
    assert any(str(taken["what"]).startswith(wrote) for taken in trace(response))
    assert not [taken for taken in trace(response) if str(taken["what"]).endswith(" more")]


def test_a_step_outside_a_request_is_just_done() -> None:
    with step("db", "from the command line"):
        done = True
    assert done
