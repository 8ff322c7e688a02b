"""Nodes whose clocks differ: whoever is disabled is out, and no login is forgotten by a clock that runs ahead."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from service.config import Config
from tests.conftest import Clock, MakeConfig
from tests.support.session_probe import admit, bearer_of, credential_of, index, patient, records

HOUR_S, DAY_S = 3600, 86_400
Node = Callable[[float], Flask]


@pytest.fixture
def node(make_config: MakeConfig, clock: Clock) -> Iterator[Node]:
    """Return nodes of one lab whose clocks run so many seconds ahead."""
    made = []

    def make(ahead_s: float) -> Flask:
        config = make_config(session_absolute_s=60, session_idle_s=60)
        made.append(patient(create_app(config, now=lambda: clock() + ahead_s), config.redis_url or ""))
        return made[-1]

    yield make
    for app in made:
        app.extensions["database"].engine.dispose()


def pass_in_the_store(redis: Redis, config: Config, seconds: int) -> None:
    """Let so much of every lifetime pass in the store."""
    for key in redis.scan_iter(match=f"{config.store_prefix}*"):
        redis.pexpire(key, max(1, redis.pttl(key) - seconds * 1000))


@pytest.mark.parametrize("ahead_s", [4, 60, HOUR_S, -60, -HOUR_S])
def test_a_disabled_member_is_out_whatever_the_clock_of_the_node_that_let_them_in(
    node: Node, clock: Clock, redis: Redis, config: Config, ahead_s: float
) -> None:
    """SECURITY 27: the index used to end before the record, and `flask members disable` found nothing to end."""
    true, off = node(0), node(ahead_s)
    visitors = [admit(off, idle_s=60), admit(true, idle_s=60)]
    copies = [bearer_of(app, "session", visitor.cookie("sid")) for app in (true, off) for visitor in visitors]
    for _ in range(8):  # as long as one of the clocks lets them in
        if not any(copy.who() for copy in copies):
            break
        assert records(redis, config).keys() <= index(redis, config).keys(), "every record can be found and ended"
        pass_in_the_store(redis, config, 45)
        clock.advance(45)
    survivors = [admit(app, idle_s=60) for app in (true, off)]
    for app in (true, off):
        credential_of(app).end_all("alice")
    assert {visitor.who() for visitor in survivors} == {None}


def test_a_record_dated_far_ahead_is_no_login(node: Node) -> None:
    """SECURITY 27: nothing would end it in time."""
    true, off = node(0), node(DAY_S)
    alice = admit(off, idle_s=60)
    assert alice.who() == "alice"
    assert bearer_of(true, "session", alice.cookie("sid")).who() is None
    assert alice.who() == "alice", "and the node that has it by its own clock goes on"


def test_a_record_past_its_end_is_not_kept_alive_by_reads(
    node: Node, clock: Clock, redis: Redis, config: Config
) -> None:
    """SECURITY 27."""
    alice = admit(node(0), idle_s=60)
    clock.advance(60)
    assert alice.who() is None
    assert (records(redis, config), index(redis, config)) == ({}, {})


def test_a_list_made_by_a_clock_that_runs_ahead_forgets_no_login(node: Node, redis: Redis, config: Config) -> None:
    """SECURITY 27: what it forgot could not be ended by a node whose clock is right."""
    true, off = node(0), node(120)
    alice = admit(true, idle_s=60)
    assert credential_of(off).list_logins("alice") == []
    assert len(index(redis, config)) == 1
    credential_of(true).end_all("alice")
    assert alice.who() is None


def test_a_new_login_is_not_taken_for_the_oldest(node: Node, make_config: MakeConfig, clock: Clock) -> None:
    """A node whose clock runs behind dates it before all the others."""
    config = make_config(logins_per_member=2)
    behind = patient(create_app(config, now=lambda: clock() - 60), config.redis_url or "")
    for _ in range(2):
        admit(node(0), idle_s=60)
    assert admit(behind).who() == "alice"
    behind.extensions["database"].engine.dispose()
