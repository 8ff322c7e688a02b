"""A member's own logins: each is in the index for as long as it lives, and nobody else's are within reach."""

import pytest
from flask import Flask
from redis import Redis

from service.accounts import Members
from service.config import Config
from service.errors import InvalidCredentials, StoreUnavailable
from session_auth.credential import hashed
from session_auth.sliding import IdleTime
from session_auth.store import IndexEntry
from tests.conftest import Clock, MakeApp
from tests.support.faulty_store import FaultyStore
from tests.support.session_probe import (
    admit,
    bearer_of,
    change_role,
    credential_of,
    index,
    member,
    members_of,
    patient,
    records,
)
from tests.support.visitor import BY_SESSION, Visitor

each_store = pytest.mark.parametrize("approach", BY_SESSION)


def logins(visitor: Visitor) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = visitor.get("logins").get_json()["logins"]
    return listed


def test_every_session_has_its_index_entry(app: Flask, redis: Redis, config: Config) -> None:
    visitors = [admit(app) for _ in range(3)]
    visitors[0].post("renew")
    visitors[1].post("logout")
    assert len(records(redis, config)) == 2
    assert records(redis, config).keys() <= index(redis, config).keys()


def test_the_index_outlives_every_session_in_it(app: Flask, redis: Redis, config: Config) -> None:
    admit(app)
    [key] = records(redis, config)
    assert redis.ttl(f"{config.store_prefix}logins:alice") >= config.session_absolute_s - 5
    assert redis.ttl(f"{config.store_prefix}session:{key}") <= config.session_idle_s * 21 / 20


@pytest.mark.parametrize("cut_at", [0, 1, 9])
def test_a_login_whose_answer_is_lost_leaves_no_login_that_anybody_could_use_or_list(
    make_app: MakeApp, redis: Redis, config: Config, faulty: FaultyStore, cut_at: int
) -> None:
    """Its record may be there until it expires: nobody was told the id."""
    app = patient(make_app(redis_url=faulty.url), faulty.url)
    admit(app)
    faulty.reset(cut_at)
    with pytest.raises(StoreUnavailable):
        admit(app)
    assert index(redis, config).keys() <= records(redis, config).keys()
    faulty.heal()
    credential_of(make_app()).end_all("alice")
    assert index(redis, config) == {}


def test_a_login_that_the_store_never_hears_of_leaves_nothing(
    make_app: MakeApp, redis: Redis, config: Config, faulty: FaultyStore
) -> None:
    app = make_app(redis_url=faulty.url)
    faulty.refuse()
    with pytest.raises(StoreUnavailable):
        admit(app)
    assert (records(redis, config), index(redis, config)) == ({}, {})


def test_a_login_is_taken_back_where_the_member_database_fails_half_way(
    app: Flask, redis: Redis, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half-made login: the session is in the store already when the member is looked at again."""
    alice = member(app, "alice")

    def locked(_members: Members, _username: str) -> None:
        raise StoreUnavailable()

    monkeypatch.setattr(Members, "find_active", locked)
    with pytest.raises(StoreUnavailable):
        credential_of(app).issue_for(alice, 1800)
    assert (records(redis, config), index(redis, config)) == ({}, {})


@pytest.mark.parametrize("change", ["disable", "role", "password"])
def test_a_member_who_is_changed_during_the_password_check_is_not_let_in(
    app: Flask, redis: Redis, config: Config, change: str
) -> None:
    alice, members = member(app, "alice"), members_of(app)
    {
        "disable": lambda: members.disable("alice"),
        "role": lambda: members.set_role("alice", "admin"),
        "password": lambda: members.set_password("alice", "looking-glass"),
    }[change]()
    with pytest.raises(InvalidCredentials):
        credential_of(app).issue_for(alice, 1800)
    assert (records(redis, config), index(redis, config)) == ({}, {})


def test_listing_forgets_the_logins_that_have_expired(app: Flask, redis: Redis, config: Config) -> None:
    first, second = admit(app), admit(app)
    gone = index(redis, config).keys()
    redis.delete(*(f"{config.store_prefix}session:{key}" for key in gone))
    assert first.who() is None
    third = admit(app)
    assert len(logins(third)) == 1
    assert index(redis, config).keys() == records(redis, config).keys()
    assert second.who() is None


@each_store
def test_a_login_past_its_absolute_lifetime_is_not_listed(
    app: Flask, clock: Clock, config: Config, approach: str
) -> None:
    admit(app, approach)
    clock.advance(config.session_absolute_s)
    assert len(logins(admit(app, approach))) == 1


@each_store
def test_one_login_is_ended_by_its_login_id(app: Flask, approach: str) -> None:
    first, second = admit(app, approach), admit(app, approach)
    [other] = [login["id"] for login in logins(second) if not login["current"]]
    assert second.delete(f"logins/{other}").status_code == 204
    assert (first.who(), second.who()) == (None, "alice")
    assert second.delete(f"logins/{other}").status_code == 404


@each_store
def test_a_renewed_login_is_ended_by_the_login_id_it_had(app: Flask, approach: str) -> None:
    first, second = admit(app, approach), admit(app, approach)
    [login_id] = [login["id"] for login in logins(first) if login["current"]]
    first.post("renew")
    assert second.delete(f"logins/{login_id}").status_code == 204
    assert (first.who(), second.who()) == (None, "alice")


@each_store
def test_all_logins_are_ended_the_current_one_included(app: Flask, approach: str) -> None:
    visitors = [admit(app, approach) for _ in range(3)]
    bob = admit(app, approach, "bob")
    assert visitors[0].delete("logins").status_code == 204
    assert visitors[0].cookie("sid") is None
    assert [visitor.who() for visitor in visitors] == [None] * 3
    assert bob.who() == "bob"


@each_store
def test_another_members_login_is_not_found(app: Flask, approach: str) -> None:
    alice, bob = admit(app, approach), admit(app, approach, "bob")
    [theirs] = logins(bob)
    refused = alice.delete(f"logins/{theirs['id']}")
    assert (refused.status_code, refused.get_json()["code"]) == (404, "not_found")
    assert refused.get_data() == alice.delete("logins/made-up").get_data()
    assert bob.who() == "bob"


def test_a_logout_needs_no_index(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 15."""
    alice = admit(app)
    redis.delete(f"{config.store_prefix}logins:alice")
    assert alice.post("logout").status_code == 204
    assert (alice.who(), records(redis, config)) == (None, {})


@each_store
def test_a_login_id_is_no_credential(app: Flask, approach: str) -> None:
    alice = admit(app, approach)
    assert bearer_of(app, approach, str(logins(alice)[0]["id"])).who() is None


def test_a_shorter_absolute_lifetime_also_ends_the_logins_from_before(
    make_app: MakeApp, clock: Clock, redis: Redis, config: Config
) -> None:
    """SECURITY 15: else the index, kept for the shorter time, would lose a session that lives on."""
    before = admit(make_app())
    node = make_app(session_absolute_s=60, session_idle_s=60)
    admit(node)
    still = bearer_of(node, "session", before.cookie("sid"))
    assert still.who() == "alice"
    clock.advance(60)
    assert still.who() is None


def test_a_role_reaches_every_session_and_no_other_member(app: Flask) -> None:
    carols, bob = [admit(app, "session", "carol") for _ in range(3)], admit(app, "session", "bob")
    change_role(app, "session", "carol", "user")
    assert {carol.get("admin").status_code for carol in carols} == {403}
    change_role(app, "session", "bob", "admin")
    assert bob.get("admin").status_code == 200


@each_store
def test_a_record_is_never_written_over_another(app: Flask, approach: str) -> None:
    """SECURITY 14: should the randomness ever fail."""
    store = credential_of(app, approach)._store
    sid = admit(app, approach).cookie("sid")
    key = hashed(str(sid))
    record = store.peek(key)
    assert record is not None
    assert store.create(key, b"another", IdleTime(60), "bob", IndexEntry("a-login", 0.0), 60) == 0
    assert store.peek(key) == record
    assert store.entries_of("bob") == {}
