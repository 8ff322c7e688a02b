"""What is found in the store is data, never code, and never more than it says."""

import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from tests.support.session_probe import admit, bearer_of, index, records
from tests.support.session_views import add_views


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def record(**changes: object) -> bytes:
    """Return a record as the lab writes it, but for `changes`; a field set to None is left out."""
    fields = {
        "member_id": "alice",
        "role": "user",
        "login_id": "a-login",
        "created_at": 1_800_000_000.0,
        "expires_at": 1_800_040_000.0,
        **changes,
    }
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})


GOOD = record()
BAD_RECORDS = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "truncated": GOOD[:-5],
    "more than one": GOOD + GOOD,
    "a list": b"[" + GOOD + b"]",
    "a string": b'"alice"',
    "null": b"null",
    "no member": record(member_id=None),
    "no expiry": record(expires_at=None),
    "a member that is a number": record(member_id=1),
    "a member that is a list": record(member_id=["alice"]),
    "a role that is an object": record(role={"admin": True}),
    "an expiry that is text": record(expires_at="1800040000"),
    "an expiry past every calendar": record(expires_at=1e300),
    "a creation before every calendar": record(created_at=-1e300),
    "an expiry that is no number": GOOD.replace(b"1800040000.0", b"NaN"),
    "bytes that are no text, in a field of the application": GOOD[:-1] + b',"x":"\xff"}',
    "a number too large, in a field of the application": GOOD[:-1] + b',"x":1e999}',
    "a deep nest, in a field of the application": GOOD[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a pickle": pickle.dumps({"member_id": "alice", "role": "admin"}),
    "msgpack": msgspec.msgpack.encode(msgspec.json.decode(GOOD)),
}


@pytest.fixture
def key(app: Flask, redis: Redis, config: Config) -> str:
    """The key of Alice's record."""
    app.extensions["alice"] = admit(app)
    [hashed] = records(redis, config)
    return f"{config.store_prefix}session:{hashed}"


def test_the_good_record_is_good(app: Flask, redis: Redis, key: str) -> None:
    redis.set(key, GOOD)
    assert app.extensions["alice"].who() == "alice"


@pytest.mark.parametrize("planted", BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_a_bad_record_is_no_session_and_the_next_login_works(
    app: Flask, redis: Redis, key: str, planted: bytes
) -> None:
    """SECURITY 17."""
    alice = app.extensions["alice"]
    redis.set(key, planted)
    for page, code in (("nowhere", "not_found"), ("profile", "invalid_session"), ("logins", "no_credentials")):
        assert alice.get(page).get_json()["code"] == code  # the first that says so takes the cookie along
    assert alice.login("alice").who() == "alice"


@pytest.mark.parametrize("kind", ["list", "hash", "set", "stream"])
def test_a_record_of_another_type_is_no_session_and_the_next_login_works(
    app: Flask, redis: Redis, key: str, kind: str
) -> None:
    """SECURITY 17."""
    alice = app.extensions["alice"]
    redis.delete(key)
    plant = {"list": redis.rpush, "hash": lambda k, v: redis.hset(k, "f", v), "set": redis.sadd}
    plant.get(kind, lambda k, v: redis.xadd(k, {"f": v}))(key, GOOD)
    assert alice.get("profile").get_json()["code"] == "invalid_session"
    assert alice.login("alice").who() == "alice"
    assert len(alice.get("logins").get_json()["logins"]) == 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_planted_pickle_is_not_run(app: Flask, redis: Redis, key: str, tmp_path: Path, protocol: int) -> None:
    """SECURITY 17: Flask-Session unpickles what it finds, whatever format it is set to."""
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"), protocol)
    redis.set(key, bomb)
    alice = app.extensions["alice"]
    assert alice.get("profile").get_json()["code"] == "invalid_session"
    assert alice.login("alice").who() == "alice"
    assert not (tmp_path / "exploded").exists()
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists()  # it would have


def test_a_bad_record_among_the_logins_of_a_member_hides_no_other(app: Flask, redis: Redis, key: str) -> None:
    """SECURITY 17."""
    redis.set(key, BAD_RECORDS["an expiry past every calendar"])
    second = admit(app)
    assert [login["current"] for login in second.get("logins").get_json()["logins"]] == [True]


def test_a_slow_write_over_a_record_that_went_bad_is_dropped(
    app: Flask, redis: Redis, config: Config, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY 17."""
    alice, store = add_views(app) and app.extensions["alice"], "session_auth.store.RedisSessions"
    planted = BAD_RECORDS["bytes that are no text, in a field of the application"]
    monkeypatch.setattr(f"{store}.replace", lambda *_: redis.set(key, planted) and False)
    assert alice.post("_write", json={"colour": "red"}).status_code == 200
    assert redis.get(key) == planted


def test_a_planted_index_of_another_type_is_a_clear_503_and_the_next_login_works(
    app: Flask, redis: Redis, config: Config
) -> None:
    """SECURITY 17: nor is a record left behind that no index leads to."""
    redis.set(f"{config.store_prefix}logins:alice", "garbage")
    alice = bearer_of(app, "session", None)
    refused = alice.try_login("alice")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert records(redis, config) == {}
    assert alice.login("alice").who() == "alice"
    assert records(redis, config).keys() == index(redis, config).keys()


def test_who_cannot_see_the_index_does_not_claim_to_have_ended_all(app: Flask, redis: Redis, config: Config) -> None:
    alice = admit(app)
    redis.delete(f"{config.store_prefix}logins:alice")
    redis.set(f"{config.store_prefix}logins:alice", "garbage")
    for refused in (alice.get("logins"), alice.delete("logins"), alice.delete("logins/some-login")):
        assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
