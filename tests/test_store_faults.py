"""The store refuses, hangs, or resets in the middle of a reply: 503 where it is needed, and nothing anywhere else.

The bounds here are the contract's own: 503 within half a second, back within two seconds of the store's return.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import MakeApp
from tests.faulty_store import FaultyStore
from tests.session_probe import admit
from tests.visitor import Visitor

PROMPTLY_S = 0.5
BACK_WITHIN_S = 2.0

FAULTS: dict[str, Callable[[FaultyStore], None]] = {
    "refuses": FaultyStore.refuse,
    "hangs": FaultyStore.hang,
    "resets mid-reply": FaultyStore.reset,
    "resets before the reply": lambda store: store.reset(0),
}
each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
Fault = Callable[[FaultyStore], None]

NEED_THE_STORE = (
    ("session", "GET", "profile"),
    ("session", "GET", "notes"),
    ("session", "GET", "logins"),
    ("session", "POST", "renew"),
    ("session", "POST", "logout"),
    ("session", "DELETE", "logins"),
    ("hybrid", "GET", "profile"),
    ("hybrid", "GET", "notes"),
    ("hybrid", "GET", "logins"),
    ("hybrid", "POST", "logout"),
)


@pytest.fixture
def app(make_app: MakeApp, faulty: FaultyStore) -> Flask:
    return make_app(redis_url=faulty.url)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as threads:
        yield threads


def timed(send: Callable[[], TestResponse]) -> tuple[TestResponse, float]:
    began = monotonic()
    return send(), monotonic() - began


def assert_broken(response: TestResponse, took_s: float) -> None:
    assert (response.status_code, response.get_json()["code"]) == (503, "store_unavailable")
    assert int(response.headers["Retry-After"]) >= 1
    assert took_s < PROMPTLY_S


@each_fault
def test_what_needs_the_store_is_a_prompt_503_and_never_a_401(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    visitors = {"session": admit(app), "hybrid": Visitor(app, "hybrid").login("alice")}
    assert {visitor.who() for visitor in visitors.values()} == {"alice"}
    fault(faulty)
    for approach, method, path in NEED_THE_STORE:
        assert_broken(*timed(lambda v=visitors[approach], m=method, p=path: v.open(m, p)))


@each_fault
def test_it_stays_prompt_for_as_long_as_the_fault_lasts(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults: every quarter of a second one request tries the store again, and is as prompt."""
    alice = admit(app)
    fault(faulty)
    for _ in range(12):
        assert_broken(*timed(lambda: alice.get("profile")))
        sleep(0.1)


@each_fault
def test_requests_at_once_do_not_queue_behind_each_other(
    app: Flask, faulty: FaultyStore, fault: Fault, pool: ThreadPoolExecutor
) -> None:
    """SECURITY, faults."""
    alices = [admit(app) for _ in range(6)] + [Visitor(app, "hybrid").login("alice") for _ in range(2)]
    fault(faulty)
    for _ in range(3):
        for response, took_s in pool.map(lambda visitor: timed(lambda: visitor.get("profile")), alices):
            assert_broken(response, took_s)
        sleep(0.15)


@each_fault
def test_a_session_login_says_503_and_leaves_no_cookie(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    fault(faulty)
    alice = Visitor(app, "session")
    refused, took_s = timed(lambda: alice.try_login("alice"))
    assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert refused.headers["Retry-After"]
    assert alice.cookie("sid") is None
    assert took_s < 1.0  # a password check is in it


@each_fault
def test_the_rest_of_the_lab_is_unaffected(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    visitors = [Visitor(app, approach).login("alice") for approach in ("open", "token", "memory")]
    alice = admit(app)
    fault(faulty)
    for _ in range(3):
        assert_broken(*timed(lambda: alice.get("profile")))
        for visitor in visitors:
            response, took_s = timed(lambda v=visitor: v.get("profile"))
            assert (response.status_code, took_s < PROMPTLY_S) == (200, True)
        for path in ("/", "/healthz", "/.well-known/jwks.json", "/token/login", "/session/login"):
            response, took_s = timed(lambda p=path: alice.client.get(p))
            assert (response.status_code, took_s < PROMPTLY_S) == (200, True)


@each_fault
def test_tokens_log_in_refresh_and_log_out_without_the_store(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults: only the limiter asks the store there, and falls back to the node's memory."""
    fault(faulty)
    alice = Visitor(app, "token")
    response, took_s = timed(lambda: alice.try_login("alice"))
    assert (response.status_code, took_s < 1.0) == (200, True)
    assert alice.refresh().status_code == 200
    assert alice.who() == "alice"
    assert alice.post("logout").status_code == 204


@each_fault
def test_the_node_is_alive_and_not_ready(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    fault(faulty)
    assert_broken(*timed(lambda: client.get("/readyz")))
    assert client.get("/healthz").status_code == 200


@each_fault
def test_when_the_store_returns_the_login_is_still_there(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults: within two seconds, without a restart."""
    visitors = [admit(app), Visitor(app, "hybrid").login("alice")]
    fault(faulty)
    assert [visitor.get("profile").status_code for visitor in visitors] == [503, 503]
    faulty.heal()
    healed = monotonic()
    for visitor in visitors:
        while (response := visitor.get("profile")).status_code == 503 and monotonic() - healed < BACK_WITHIN_S:
            sleep(0.02)
        assert response.get_json()["member"]["username"] == "alice"


def test_an_answer_that_comes_late_is_given_to_nobody_else(
    app: Flask, faulty: FaultyStore, pool: ThreadPoolExecutor
) -> None:
    """SECURITY, faults: whoever was not answered in time leaves no reply behind for the next one."""
    names = ["alice", "bob", "carol", *(f"load-{number:04d}" for number in range(1, 6))]
    visitors = {name: admit(app, "session", name) for name in names}
    for _ in range(3):
        faulty.hang()
        list(pool.map(Visitor.who, visitors.values()))
        faulty.heal()
        deadline = monotonic() + 1
        while monotonic() < deadline:
            told = dict(zip(names, pool.map(Visitor.who, visitors.values()), strict=True))
            assert all(who in (name, None) for name, who in told.items())
            if all(told.values()):
                break
            sleep(0.05)
    assert {name: visitor.who() for name, visitor in visitors.items()} == {name: name for name in names}
