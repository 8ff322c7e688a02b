"""A used session slides, and its reads hardly write: never an early end, at most a twentieth late.

Time passes for the nodes by a clock of the test, and for the store by taking it off the record's time to live.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from session_auth.sliding import Extensions, IdleTime
from session_auth.store import RedisSessions
from tests.conftest import Clock, MakeApp, MakeConfig, MakeVisitor
from tests.support.monitor import Monitor
from tests.support.session_probe import admit, bearer_of, credential_of, records
from tests.support.store_engines import PROGRAMS, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

LATE_S = 10_000
IDLE_S = 20 * LATE_S
A_MOMENT_S = 300  # what a slow machine may take between two lines of a test
# Between two reads: at once, just before a twentieth is over, just after it, and nearly the whole idle time.
SHARES = (0, 0, 0.5, 0.49, 0.01, 0.99, 0.01, 0, 1, 1.01, 0, 19.9, 0.6, 0.3, 0.1, 0, 10, 0.98, 19.9)

MakeNode = Callable[[], Flask]


@pytest.fixture
def node(make_app: MakeApp, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> MakeNode:
    """Return another node, which remembers by the test's clock; the records are judged by it too."""

    def make() -> Flask:
        app = make_app(session_idle_s=IDLE_S, session_absolute_s=10 * IDLE_S)
        monkeypatch.setattr(extensions_of(app), "now", clock)
        return app

    return make


def extensions_of(app: Flask) -> Extensions:
    store = credential_of(app)._store
    assert isinstance(store, RedisSessions)
    return store._extensions


class Passing:
    """Lets time pass for the one session that there is."""

    def __init__(self, redis: Redis, config: Config, clock: Clock) -> None:
        self._redis, self._config, self._clock = redis, config, clock

    def __call__(self, seconds: float) -> None:
        self._clock.advance(seconds)
        self._redis.pexpire(self.record, round((self.left_s() - seconds) * 1000))

    def left_s(self) -> float:
        return float(self._redis.pttl(self.record)) / 1000

    @cached_property  # to find it takes the store through all that other tests have left
    def record(self) -> str:
        [key] = records(self._redis, self._config)
        return f"{self._config.store_prefix}session:{key}"


@pytest.fixture
def passing(redis: Redis, config: Config, clock: Clock) -> Passing:
    return Passing(redis, config, clock)


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_after_each_read_the_idle_time_is_left_and_at_most_a_twentieth_more(
    node: MakeNode, passing: Passing, nodes: int
) -> None:
    """SECURITY 15: whichever node reads, and whatever the others remember."""
    apps = [node() for _ in range(nodes)]
    sid = admit(apps[0], idle_s=IDLE_S).cookie("sid")
    for number, share in enumerate(SHARES * 2):
        passing(share * LATE_S)
        assert bearer_of(apps[number % nodes], "session", sid).who() == "alice"
        assert IDLE_S - A_MOMENT_S < passing.left_s() <= IDLE_S + LATE_S


def test_a_read_that_nothing_is_due_for_changes_nothing_and_is_one_command(
    node: MakeNode, passing: Passing, monitor: Monitor
) -> None:
    alice = admit(node(), idle_s=IDLE_S)
    told = [_store_steps(alice, passing, monitor, pause_s) for pause_s in (0, 0, LATE_S - 1, 1, 1)]
    assert [what.endswith(f" EX {IDLE_S + LATE_S}") for what in told] == [True, False, False, True, False]


def _store_steps(visitor: Visitor, passing: Passing, monitor: Monitor, pause_s: float) -> str:
    passing(pause_s)
    monitor.commands()
    response = visitor.get("profile", headers={"X-Lab-Trace": "1"})
    [what] = [step["what"] for step in json.loads(response.headers["X-Lab-Trace"]) if step["part"] == "store"]
    assert monitor.commands() == ["GETEX"]
    assert str(what).startswith(f"GETEX {passing.record}")
    return str(what)


@pytest.mark.parametrize("idle_s", [1, 19])
def test_an_idle_time_without_a_whole_second_to_spare_slides_to_the_second(idle_s: int) -> None:
    assert IdleTime.sliding(idle_s) == IdleTime(idle_s, 0)


def test_an_idle_time_that_was_shortened_for_a_lesson_slides_to_the_second(app: Flask, passing: Passing) -> None:
    """SECURITY 15."""
    alice = admit(app, idle_s=1000)
    assert passing.left_s() <= 1000
    for _ in range(3):
        passing(500)
        assert alice.who() == "alice"
        assert 1000 - A_MOMENT_S < passing.left_s() <= 1000


def test_a_renewed_id_has_an_idle_time_of_its_own(node: MakeNode, passing: Passing) -> None:
    """SECURITY 15: what is remembered of the old id says nothing about the new one."""
    alice = admit(node(), idle_s=IDLE_S)
    assert alice.who() == "alice"
    assert alice.post("renew").status_code == 200
    passing(LATE_S - 1)
    assert alice.who() == "alice"
    assert passing.left_s() > IDLE_S + LATE_S - A_MOMENT_S


def test_a_log_out_on_one_node_is_felt_on_another_that_remembers_the_session(node: MakeNode) -> None:
    """SECURITY 15: to remember when it was extended is not to remember that it lives."""
    alice = admit(node(), idle_s=IDLE_S)
    there = bearer_of(node(), "session", alice.cookie("sid"))
    assert [there.who(), there.who()] == ["alice", "alice"]
    assert alice.post("logout").status_code == 204
    assert there.get("profile").get_json()["code"] == "invalid_session"


def test_a_role_and_a_write_leave_the_time_to_live_alone(node: MakeNode, passing: Passing) -> None:
    app = node()
    alice = admit(app, idle_s=IDLE_S)
    assert alice.who() == "alice"
    passing(LATE_S / 2)
    credential_of(app).set_role("alice", "admin")
    assert alice.get("admin").status_code == 200
    assert IDLE_S < passing.left_s() <= IDLE_S + LATE_S / 2


def test_sessions_in_memory_keep_the_same_promise(visitor: MakeVisitor, clock: Clock, config: Config) -> None:
    """SECURITY 15."""
    alice = visitor("memory").login("alice")
    for _ in range(3):
        clock.advance(config.session_idle_s - 1)
        assert alice.who() == "alice"
    clock.advance(config.session_idle_s + IdleTime.sliding(config.session_idle_s).late_s)
    assert alice.get("profile").get_json()["code"] == "invalid_session"


def test_what_a_node_remembers_is_bounded_and_the_newest_stays() -> None:
    extensions = Extensions(most=10)
    for number in range(1000):
        extensions.note(str(number), float(number))
        assert len(extensions._newer) + len(extensions._older) <= 20
    assert not any(extensions.is_due(str(number), LATE_S, 1000.0) for number in range(990, 1000))


def test_threads_that_remember_and_forget_at_once_disturb_nobody() -> None:
    extensions = Extensions(most=3)

    def use(thread: int) -> None:
        for number in range(3000):
            extensions.note(f"{thread}-{number % 7}", float(number))
            assert extensions.is_due(f"{thread}-{number % 7}", LATE_S, number + LATE_S)
            if number % 50 == 0:
                extensions.forget()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))
    assert len(extensions._newer) + len(extensions._older) <= 2 * (3 + 8)


def test_the_clock_that_is_remembered_by_never_goes_back() -> None:
    now = Extensions().now
    times = [now() for _ in range(100)]
    assert times == sorted(times)


@pytest.fixture
def logging_server(tmp_path: Path) -> Iterator[StoreServer]:
    with ended_afterwards():
        server = StoreServer(tmp_path / "store", program=PROGRAMS["valkey"])
        server.client.config_set("appendonly", "yes")
        yield server


@pytest.mark.own_processes
@pytest.mark.xdist_group("engines")
def test_a_thousand_reads_add_to_the_stores_log_once(
    make_config: MakeConfig,
    make_app: MakeApp,
    clock: Clock,
    logging_server: StoreServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """126 bytes, where a read that slides each time adds 126,000."""
    app = make_app(redis_url=logging_server.url)
    monkeypatch.setattr(extensions_of(app), "now", clock)
    sid = admit(app).cookie("sid") or ""
    before = logging_server.client.info("persistence")["aof_current_size"]
    for _ in range(1000):
        assert credential_of(app).open(sid).record is not None
    added = logging_server.client.info("persistence")["aof_current_size"] - before
    assert added < 1000  # a key of another kind that expires meanwhile is logged too
