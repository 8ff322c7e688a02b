"""Real threads at the same session: some trials of each race in every run, a thousand in the nightly one.

Every order of the store's commands is run in `test_session_orders` and `test_session_interleavings`, without luck.
"""

import random
import sys
from collections.abc import Iterator
from threading import Barrier
from time import sleep

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.own_threads import OwnThreads
from tests.support.session_probe import admit, bearer_of, change_role, credential_of
from tests.support.session_views import add_views
from tests.support.visitor import BY_SESSION, Visitor

RACERS = 8
HEAD_START_S = 0.0005
SLOWEST_US = 1500  # about as long as a log-out takes here, so that it falls into every part of the other request

each_store = pytest.mark.parametrize("approach", BY_SESSION)
trials = pytest.mark.parametrize("trials", [25, pytest.param(1000, marks=pytest.mark.nightly)])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return add_views(make_app())


@pytest.fixture
def other_node(app: Flask, make_app: MakeApp, approach: str) -> Flask:
    """Another node that knows the same sessions; of those in memory there is no other."""
    return app if approach == "memory" else add_views(make_app(node_name="node-2"))


@pytest.fixture(scope="module")
def threads() -> Iterator[OwnThreads]:
    """Threads that take turns often: by default one of them would be done before the next begins."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.00002)
    yield OwnThreads()
    sys.setswitchinterval(usual)


def slowly(visitor: Visitor, race: str) -> int:
    """Send the request that the log-out races against, with a pause between its reading and its writing."""
    sleep(random.random() * HEAD_START_S)
    us = random.randrange(SLOWEST_US)
    if race == "slow read":
        return visitor.get(f"_show?us={us}").status_code
    if race == "slow write":
        return visitor.post(f"_write?us={us}", json={"colour": "red"}).status_code
    return visitor.post("renew").status_code


@each_store
@trials
@pytest.mark.parametrize("race", ["slow read", "slow write", "renew"])
def test_an_acknowledged_logout_readmits_nobody(
    app: Flask, other_node: Flask, threads: OwnThreads, approach: str, race: str, trials: int
) -> None:
    """SECURITY 15: log-out on one node, the other request on another."""
    acknowledged = 0
    while acknowledged < trials:
        alice = admit(app, approach)
        rival = bearer_of(other_node, approach, alice.cookie("sid"))
        handed_out, start = {alice.cookie("sid")}, Barrier(2)
        racing = threads.submit(lambda v=rival, b=start: (b.wait(), slowly(v, race)))
        start.wait()
        sleep(random.random() * HEAD_START_S)
        logged_out = alice.post("logout").status_code == 204
        assert racing.result()[1] in (200, 401)
        handed_out.add(rival.cookie("sid"))
        if logged_out:
            acknowledged += 1
            assert {bearer_of(node, approach, sid).who() for sid in handed_out for node in (app, other_node)} == {None}
            assert credential_of(app, approach).list_logins("alice") == []
        credential_of(app, approach).end_all("alice")


@each_store
def test_of_parallel_renewals_exactly_one_wins(app: Flask, threads: OwnThreads, approach: str) -> None:
    """SECURITY 15."""
    for _ in range(10):
        sid, start = admit(app, approach).cookie("sid"), Barrier(RACERS)
        visitors = [bearer_of(app, approach, sid) for _ in range(RACERS)]
        renewals = [threads.submit(lambda v=v, b=start: (b.wait(), v.post("renew").status_code)) for v in visitors]
        assert sorted(renewal.result()[1] for renewal in renewals) == [200] + [401] * (RACERS - 1)
        assert sum(visitor.who() == "alice" for visitor in visitors) == 1
        assert len(credential_of(app, approach).list_logins("alice")) == 1
        credential_of(app, approach).end_all("alice")


@each_store
def test_parallel_writers_lose_no_field(app: Flask, threads: OwnThreads, approach: str) -> None:
    """No writer is told that there are too many: each attempt that fails is another one's success."""
    for _ in range(10):
        alice, start = admit(app, approach), Barrier(RACERS)

        def write(number: int, sid: str | None = alice.cookie("sid"), start: Barrier = start) -> int:
            start.wait()
            return bearer_of(app, approach, sid).post("_write", json={f"f{number}": number}).status_code

        assert {*threads.map(write, range(RACERS))} == {200}
        assert {f"f{number}" for number in range(RACERS)} <= alice.get("_show").get_json().keys()


@each_store
def test_a_role_taken_away_stays_away_however_the_session_is_used(
    app: Flask, threads: OwnThreads, approach: str
) -> None:
    """SECURITY 15."""
    for _ in range(10):
        change_role(app, approach, "carol", "admin")
        carol, start = admit(app, approach, "carol"), Barrier(2)
        busy = threads.submit(lambda v=carol, b=start: (b.wait(), [v.post("renew").status_code for _ in range(3)]))
        start.wait()
        change_role(app, approach, "carol", "user")
        assert busy.result()[1] == [200, 200, 200]
        assert carol.get("admin").status_code == 403
