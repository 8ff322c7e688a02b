"""A session id: issued, verified, renewed, revoked. The same for sessions in the store and in a node's memory."""

from base64 import urlsafe_b64decode
from hashlib import sha256
from statistics import median

import pytest
from flask import Flask
from redis import Redis

from lab.cluster.embedded_store import EmbeddedStore
from service.config import Config
from session_auth.errors import StoreUnavailable
from tests.conftest import MakeApp, MakeVisitor
from tests.support.forge import b64
from tests.support.session_probe import admit, bearer_of, index, patient, records
from tests.support.visitor import BY_SESSION, Visitor

each_store = pytest.mark.parametrize("approach", BY_SESSION)


def code_of(visitor: Visitor, page: str = "profile") -> tuple[int, str]:
    response = visitor.get(page)
    return response.status_code, response.get_json()["code"]


@each_store
def test_an_id_is_256_random_bits(app: Flask, approach: str) -> None:
    """SECURITY 14."""
    ids = {admit(app, approach).cookie("sid") or "" for _ in range(64)}
    assert len(ids) == 64
    assert {len(urlsafe_b64decode(f"{sid}=")) for sid in ids} == {32}


def test_the_store_holds_no_id_only_its_sha_256(redis: Redis, config: Config, visitor: MakeVisitor) -> None:
    """SECURITY 14."""
    sid = visitor("session").login("alice").cookie("sid")
    assert sid is not None
    everything = b"".join(redis.dump(key) + key for key in redis.scan_iter(match=f"{config.store_prefix}*"))
    assert sid.encode() not in everything
    assert list(records(redis, config)) == [b64(sha256(sid.encode()).digest())]


@pytest.mark.own_processes
def test_a_login_takes_at_most_400_bytes_of_the_store(make_app: MakeApp) -> None:
    """Its record and its entry in the member's index, with a prefix as long as the lab's own.

    In a store of its own, and the median of a few: an allocator gives more than it was asked for now and then, and in a
    store that has been in use more often.
    """
    prefixes = [f"{number:03}:" for number in range(9)]
    store = EmbeddedStore()
    try:
        for prefix in prefixes:
            admit(patient(make_app(redis_url=store.url, store_prefix=prefix), store.url))
        with Redis.from_url(store.url) as redis:
            taken = [sum(map(redis.memory_usage, redis.scan_iter(f"{prefix}*"))) for prefix in prefixes]
    finally:
        store.stop()
    assert median(taken) <= 400


def test_nothing_read_from_the_store_opens_anything(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 14."""
    admit(app)
    found = {*records(redis, config), *index(redis, config), *index(redis, config).values()}
    assert len(found) == 2  # a key and a login id
    assert {bearer_of(app, "session", value).who() for value in found} == {None}


@each_store
@pytest.mark.parametrize("planted", ["A" * 43, "A" * 43 + ".5", "short", "", "x" * 4000, "../../etc/passwd", "é"])
def test_an_unknown_id_is_never_adopted(app: Flask, visitor: MakeVisitor, approach: str, planted: str) -> None:
    """SECURITY 14."""
    alice = visitor(approach)
    alice.set_cookie("sid", planted)
    assert code_of(alice) == (401, "invalid_session")
    assert alice.login("alice").who() == "alice"
    assert alice.cookie("sid") != planted
    assert bearer_of(app, approach, planted).who() is None


@each_store
def test_a_planted_session_is_dead_after_the_login(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 14: fixation. Mallory plants her own live session and waits for Alice to log in."""
    mallory, alice = admit(app, approach, "bob"), visitor(approach)
    alice.set_cookie("sid", mallory.cookie("sid") or "")
    assert alice.login("alice").who() == "alice"
    assert mallory.who() is None


@each_store
def test_to_log_in_again_gives_a_new_id_and_kills_the_old_one(app: Flask, approach: str) -> None:
    """SECURITY 14."""
    alice = admit(app, approach)
    old = alice.cookie("sid")
    assert alice.login("alice").who() == "alice"
    assert alice.cookie("sid") != old
    assert bearer_of(app, approach, old).who() is None
    assert len(alice.get("logins").get_json()["logins"]) == 1


@each_store
def test_a_failed_login_leaves_the_session_alone(app: Flask, approach: str) -> None:
    alice = admit(app, approach)
    assert alice.try_login("alice", "wrong").status_code == 401
    assert alice.who() == "alice"


@each_store
def test_renewing_gives_a_new_id_to_the_same_login(app: Flask, approach: str) -> None:
    """SECURITY 14."""
    alice = admit(app, approach)
    old, before = alice.cookie("sid"), alice.get("logins").get_json()
    assert alice.post("renew").get_json() == {"renewed": True}
    assert alice.cookie("sid") != old
    assert bearer_of(app, approach, old).who() is None
    assert alice.get("logins").get_json() == before


@each_store
def test_a_logout_ends_the_session_at_once_and_takes_the_cookie(app: Flask, approach: str) -> None:
    """SECURITY 15."""
    alice = admit(app, approach)
    thief = bearer_of(app, approach, alice.cookie("sid"))
    assert thief.who() == "alice"
    assert alice.post("logout").status_code == 204
    assert alice.cookie("sid") is None
    assert code_of(alice) == (401, "no_credentials")
    assert code_of(thief) == (401, "invalid_session")


def test_a_logout_on_one_node_is_a_logout_on_all(make_app: MakeApp) -> None:
    """SECURITY 15."""
    here, there = make_app(), make_app(node_name="node-2")
    alice = admit(here)
    elsewhere = bearer_of(there, "session", alice.cookie("sid"))
    assert elsewhere.get("profile").get_json()["node"] == "node-2"
    assert alice.post("logout").status_code == 204
    assert code_of(elsewhere) == (401, "invalid_session")


def test_a_session_in_memory_is_known_to_its_own_node_only(make_app: MakeApp) -> None:
    alice = admit(make_app(), "memory")
    assert code_of(bearer_of(make_app(), "memory", alice.cookie("sid"))) == (401, "invalid_session")


def test_who_has_no_record_is_out_at_once(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 15: an operator deletes the record."""
    alice = admit(app)
    [key] = records(redis, config)
    redis.delete(f"{config.store_prefix}session:{key}")
    assert code_of(alice) == (401, "invalid_session")


@each_store
def test_a_session_of_one_prefix_opens_no_other(app: Flask, approach: str) -> None:
    alice = admit(app, approach)
    [other] = set(BY_SESSION) - {approach}
    assert code_of(bearer_of(app, other, alice.cookie("sid"))) == (401, "invalid_session")


@each_store
def test_pages_that_depend_on_the_cookie_say_so_to_caches(app: Flask, approach: str) -> None:
    """SECURITY 9."""
    assert "Cookie" in admit(app, approach).get("profile").headers["Vary"]
    assert "Cookie" in Visitor(app, approach).get("profile").headers["Vary"]


def test_a_login_is_refused_where_the_old_session_cannot_be_read(
    app: Flask, redis: Redis, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY 14: a session that could not be read could not be ended either, and would outlive the new login."""
    alice = admit(app)
    with monkeypatch.context() as broken:
        broken.setattr("session_auth.store.RedisSessions.read", _unavailable)
        assert alice.try_login("alice").status_code == 503
    assert alice.who() == "alice"
    assert len(records(redis, config)) == 1


def _unavailable(*_arguments: object) -> None:
    raise StoreUnavailable()
