"""When a session ends by itself: unused for too long, or too old however much it was used."""

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from session_auth.blueprint import MemorySessions
from session_auth.sliding import IdleTime
from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.session_probe import admit, bearer_of, credential_of, records
from tests.support.session_views import add_views
from tests.support.stopwatch import eventually
from tests.support.visitor import BY_SESSION, Visitor, add_member

each_store = pytest.mark.parametrize("approach", BY_SESSION)


def ttl_ms(redis: Redis, config: Config) -> int:
    [key] = records(redis, config)
    return int(redis.pttl(f"{config.store_prefix}session:{key}"))


def code(visitor: Visitor) -> str | None:
    """Return why the visitor is not let in, or None."""
    found: str | None = visitor.get("profile").get_json().get("code")
    return found


def leave_unused(redis: Redis, config: Config, but_for_ms: int) -> None:
    """Let all of the session's idle time pass in the store, but for so much."""
    [key] = records(redis, config)
    redis.pexpire(f"{config.store_prefix}session:{key}", but_for_ms)


def test_an_unused_session_ends_in_the_stores_own_time(visitor: MakeVisitor, redis: Redis, config: Config) -> None:
    """SECURITY 15: nothing of the lab has to run for it."""
    alice = visitor("session").login("alice", session_idle_s=60)
    assert 50_000 < ttl_ms(redis, config) <= 60_000
    leave_unused(redis, config, but_for_ms=1)
    eventually(lambda: records(redis, config) == {})
    assert code(alice) == "invalid_session"


def test_a_used_session_goes_on_for_as_long_as_it_is_used(visitor: MakeVisitor, redis: Redis, config: Config) -> None:
    """SECURITY 15: each read gives it the whole idle time again."""
    alice = visitor("session").login("alice", session_idle_s=60)
    for _ in range(4):
        leave_unused(redis, config, but_for_ms=30_000)
        assert alice.who() == "alice"
        assert 50_000 < ttl_ms(redis, config) <= 60_000
    leave_unused(redis, config, but_for_ms=1)
    eventually(lambda: records(redis, config) == {})
    assert code(alice) == "invalid_session"


def test_an_unused_session_in_memory_ends_too(visitor: MakeVisitor, clock: Clock) -> None:
    """SECURITY 15."""
    alice = visitor("memory").login("alice", session_idle_s=5)
    for _ in range(3):
        clock.advance(4)
        assert alice.who() == "alice"
    clock.advance(5)
    assert code(alice) == "invalid_session"


@pytest.mark.parametrize("idle_s", [60, 1800])
def test_neither_a_write_nor_a_renewal_lengthens_the_idle_time(
    app: Flask, redis: Redis, config: Config, idle_s: int
) -> None:
    """SECURITY 15."""
    alice = admit(add_views(app), idle_s=idle_s)
    most_s = IdleTime.sliding(idle_s).most_s if idle_s == config.session_idle_s else idle_s
    alice.post("_write", json={"colour": "red"})
    assert (idle_s - 10) * 1000 < ttl_ms(redis, config) <= most_s * 1000
    assert alice.post("renew").status_code == 200
    assert (idle_s - 10) * 1000 < ttl_ms(redis, config) <= most_s * 1000
    assert alice.who() == "alice"
    assert (idle_s - 10) * 1000 < ttl_ms(redis, config) <= most_s * 1000


@each_store
def test_a_session_ends_at_the_exact_second_however_much_it_was_used(
    make_app: MakeApp, clock: Clock, approach: str
) -> None:
    """SECURITY 15."""
    alice = admit(make_app(session_idle_s=100, session_absolute_s=200), approach, idle_s=100)
    for _ in range(3):
        clock.advance(60)
        assert alice.who() == "alice"
    clock.advance(19.999)
    assert alice.who() == "alice"
    clock.advance(0.001)
    assert code(alice) == "invalid_session"


@each_store
def test_to_renew_a_session_does_not_lengthen_its_absolute_lifetime(
    app: Flask, clock: Clock, config: Config, approach: str
) -> None:
    """SECURITY 15."""
    alice = admit(app, approach, idle_s=config.session_idle_s)
    while clock.now < 1_800_000_000 + config.session_absolute_s - config.session_idle_s:
        clock.advance(config.session_idle_s / 2)
        assert alice.post("renew").status_code == 200
    clock.advance(config.session_idle_s / 2)
    assert alice.who() == "alice"
    clock.advance(config.session_idle_s / 2)
    assert alice.post("renew").get_json()["code"] == "invalid_session"
    assert code(alice) == "no_credentials"


@pytest.mark.parametrize("tampered", ["{id}", "{id}.1800", "{id}.61", "{id}.060", "{id}.6", "{id}.600", "{id}.-1"])
def test_a_shortened_id_with_another_idle_time_is_an_unknown_id(
    app: Flask, redis: Redis, config: Config, tampered: str
) -> None:
    """SECURITY 15: the idle time travels with the id, and is part of what is hashed."""
    alice = admit(app, idle_s=60)
    sid, _, idle_s = (alice.cookie("sid") or "").partition(".")
    assert idle_s == "60"
    assert code(bearer_of(app, "session", tampered.format(id=sid))) == "invalid_session"
    assert ttl_ms(redis, config) <= 60_000
    assert alice.who() == "alice"


def test_a_node_with_a_shorter_idle_time_does_not_grant_the_longer_one(
    make_app: MakeApp, redis: Redis, config: Config
) -> None:
    """SECURITY 15."""
    alice = admit(make_app(), idle_s=1000)
    assert bearer_of(make_app(session_idle_s=30), "session", alice.cookie("sid")).who() == "alice"
    assert ttl_ms(redis, config) <= 31_000  # and a twentieth


def test_without_the_lab_nobody_chooses_an_idle_time(make_app: MakeApp, redis: Redis, config: Config) -> None:
    app = make_app(lab=False)
    add_member(app, "dana", "all her own words")
    dana = Visitor(app, "session").login("dana", "all her own words", session_idle_s=1)
    assert "." not in (dana.cookie("sid") or "")
    assert ttl_ms(redis, config) > (config.session_idle_s - 10) * 1000


@each_store
def test_an_idle_time_is_a_whole_number_of_seconds_no_longer_than_the_usual_one(
    visitor: MakeVisitor, redis: Redis, config: Config, approach: str
) -> None:
    """SECURITY 21."""
    for idle_s in (0, -1, 1801, 10**20, 1.5, True, "x", "1.0", "-1", [], {}, [5]):
        refused = visitor(approach).try_login("alice", session_idle_s=idle_s)
        assert (refused.status_code, refused.get_json()["code"]) == (400, "bad_request")
        assert "session_idle_s must be a whole number from 1 to 1800" in refused.get_json()["detail"]
    assert records(redis, config) == {}


def test_what_has_expired_does_not_stay_in_memory(app: Flask, clock: Clock, config: Config) -> None:
    store = credential_of(app, "memory")._store
    assert isinstance(store, MemorySessions)
    for _ in range(10):
        admit(app, "memory")
    clock.advance(config.session_idle_s + 60)
    bob = admit(app, "memory", "bob")
    assert len(store._records) == 1
    assert list(store._index) == ["bob"]
    assert bob.who() == "bob"
