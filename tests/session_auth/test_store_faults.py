"""The store refuses, hangs, or resets in the middle of a reply: 503 where it is needed, and nothing anywhere else.

The bounds here are the contract's own: 503 within half a second, back within two seconds of the store's return. They
hold for the lab's own share of the time (see `tests.support.stopwatch`).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import sleep

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from session_auth.store_client.server import PAUSE_S, TIMEOUT_S
from session_auth.store_client.single import BEGIN_WITHIN
from tests.conftest import Clock, config_in
from tests.support.faulty_store import FaultyStore
from tests.support.seeded import copy_seeds
from tests.support.session_probe import credential_of, let_in
from tests.support.stopwatch import Stopwatch, eventually
from tests.support.visitor import Visitor

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
PUBLIC = ("/", "/healthz", "/.well-known/jwks.json", "/token/login", "/session/login")


@pytest.fixture(scope="module")
def proxy(store_url: str) -> Iterator[FaultyStore]:
    proxy = FaultyStore(store_url)
    yield proxy
    proxy.refuse()


@pytest.fixture(scope="module")
def node(proxy: FaultyStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One node for all of these tests: what they do to it, it has to get over by itself."""
    folder = tmp_path_factory.mktemp("node")
    copy_seeds(folder)
    app = create_app(config_in(folder, proxy.url), now=Clock())
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def faulty(proxy: FaultyStore) -> Iterator[FaultyStore]:
    yield proxy
    proxy.heal()


@pytest.fixture
def app(node: Flask, faulty: FaultyStore) -> Flask:
    """The node with a new client of the store, which has met no fault yet."""
    credential_of(node)._store._store._client = None
    return node


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as threads:
        yield threads


def within(bound_s: float, send: Callable[[], TestResponse]) -> TestResponse:
    """Send a request, hold the lab to the time that it may take, and return the response."""
    watch = Stopwatch()
    response = send()
    watch.assert_within(bound_s)
    return response


def assert_broken(send: Callable[[], TestResponse]) -> None:
    response = within(PROMPTLY_S, send)
    assert (response.status_code, response.get_json()["code"]) == (503, "store_unavailable")
    assert int(response.headers["Retry-After"]) >= 1


def test_the_waits_for_a_store_add_up_to_less_than_the_promise() -> None:
    """SECURITY, faults: look-ups and redirections that begin in time, then the command itself. None is repeated."""
    assert TIMEOUT_S * (BEGIN_WITHIN + 1) < PROMPTLY_S
    assert 2 * TIMEOUT_S < PROMPTLY_S  # for a free connection, and for the reply
    assert PAUSE_S + TIMEOUT_S < BACK_WITHIN_S


@each_fault
def test_what_needs_the_store_is_a_prompt_503_and_never_a_401(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    visitors = {"session": let_in(app), "hybrid": Visitor(app, "hybrid").login("alice")}
    eventually(lambda: {visitor.who() for visitor in visitors.values()} == {"alice"})
    fault(faulty)
    for approach, method, path in NEED_THE_STORE:
        assert_broken(partial(visitors[approach].open, method, path))


@each_fault
@pytest.mark.parametrize("rounds", [3, pytest.param(12, marks=pytest.mark.nightly)])
def test_requests_at_once_are_prompt_for_as_long_as_the_fault_lasts(
    app: Flask, faulty: FaultyStore, fault: Fault, pool: ThreadPoolExecutor, rounds: int
) -> None:
    """SECURITY, faults: they do not queue behind each other, nor behind the one that tries the store again."""
    visitors = [let_in(app) for _ in range(6)] + [Visitor(app, "hybrid").login("alice") for _ in range(2)]
    fault(faulty)
    for _ in range(rounds):
        list(pool.map(assert_broken, [partial(visitor.get, "profile") for visitor in visitors]))
        sleep(PAUSE_S)  # then one of the next tries


@each_fault
def test_a_session_login_says_503_and_leaves_no_cookie(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    fault(faulty)
    alice = Visitor(app, "session")
    refused = within(1.0, lambda: alice.try_login("alice"))  # a password check is in it
    assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert refused.headers["Retry-After"]
    assert alice.cookie("sid") is None


@each_fault
def test_the_rest_of_the_lab_is_unaffected(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    visitors = [Visitor(app, approach).login("alice") for approach in ("open", "token", "memory")]
    alice = let_in(app)
    fault(faulty)
    assert_broken(lambda: alice.get("profile"))
    for visitor in visitors:
        assert within(PROMPTLY_S, partial(visitor.get, "profile")).status_code == 200
    for path in PUBLIC:
        assert within(PROMPTLY_S, partial(alice.client.get, path)).status_code == 200
    assert_broken(lambda: alice.get("profile"))


@each_fault
def test_tokens_log_in_refresh_and_log_out_without_the_store(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults: only the limiter asks the store there, and falls back to the node's memory."""
    fault(faulty)
    alice = Visitor(app, "token")
    assert within(1.0, lambda: alice.try_login("alice")).status_code == 200
    assert alice.refresh().status_code == 200
    assert alice.who() == "alice"
    assert alice.post("logout").status_code == 204


@each_fault
def test_the_node_is_alive_and_not_ready(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults."""
    client = app.test_client()
    eventually(lambda: client.get("/readyz").status_code == 200)
    fault(faulty)
    assert_broken(lambda: client.get("/readyz"))
    assert client.get("/healthz").status_code == 200


@each_fault
def test_when_the_store_returns_the_login_is_still_there(app: Flask, faulty: FaultyStore, fault: Fault) -> None:
    """SECURITY, faults: within two seconds, without a restart."""
    visitors = [let_in(app), Visitor(app, "hybrid").login("alice")]
    fault(faulty)
    assert [visitor.get("profile").status_code for visitor in visitors] == [503, 503]
    faulty.heal()
    for visitor in visitors:
        back = eventually(
            lambda v=visitor: (seen := v.get("profile")).status_code != 503 and seen, within_s=BACK_WITHIN_S
        )
        assert back.get_json()["member"]["username"] == "alice"


def test_an_answer_that_comes_late_is_given_to_nobody_else(
    app: Flask, faulty: FaultyStore, pool: ThreadPoolExecutor
) -> None:
    """SECURITY, faults: a request that was not answered in time leaves no reply behind for the next one."""
    names = ["alice", "bob", "carol", *(f"load-{number:04d}" for number in range(1, 6))]
    visitors = {name: let_in(app, "session", name) for name in names}

    def all_are_told() -> bool:
        told = dict(zip(names, pool.map(Visitor.who, visitors.values()), strict=True))
        assert all(who in (name, None) for name, who in told.items())
        return all(told.values())

    for _ in range(3):
        faulty.hang()
        list(pool.map(Visitor.who, visitors.values()))
        faulty.heal()
        eventually(all_are_told, within_s=BACK_WITHIN_S)
