"""What a key still verifies once it has ceased to sign, and how long it is kept for that.

SECURITY 30.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from flask import Flask

from service.config import DAY_S, BadConfig, Config
from tests.conftest import Clock, MakeApp
from tests.support.forge import Forge, header_of
from tests.support.visitor import BY_TOKEN, Visitor
from token_auth import key_ring
from token_auth.errors import BadKeyRing, KeyInUse, UnknownKey
from token_auth.key_ring import KeyRing, read_ring
from token_auth.keys import CLOCK_SKEW_S, LONGEST_LIFE_S, SIGNS_LATE_S, Key, Ring, moment, new_key

pytestmark = pytest.mark.any_store

WEEK_S = 7 * DAY_S  # REFRESH_TTL_S, where a test does not set it


@pytest.fixture
def file(config: Config) -> Path:
    return config.key_ring_file


@pytest.fixture
def ring(file: Path, clock: Clock) -> KeyRing:
    """The ring as a command holds it."""
    return KeyRing(file, "HS256", clock, WEEK_S)


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request: these tests are not about how often they do."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)


def profile(app: Flask, approach: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get(f"/{approach}/profile", headers=headers).status_code


def by_hand(file: Path, kid: str) -> None:
    """Retire the key in the file, as an editor does, and let a new one sign."""
    keys = json.loads(file.read_text())["keys"]
    [old] = [key for key in keys if key["kid"] == kid]
    new = {**old, "kid": "k-0123abcd", "jwk": new_key("HS256").jwk, "created_at": moment(Clock().now)}
    file.write_text(json.dumps({"keys": [{**key, "state": "retired"} for key in keys] + [new]}))


CEASES = {
    "rotated": lambda ring, kid: ring.rotate(),
    "retired": lambda ring, kid: ring.retire(kid),
    "retired by hand": lambda ring, kid: by_hand(ring._file, kid),
}


# -- what it verifies


@pytest.mark.parametrize("approach", BY_TOKEN)
@pytest.mark.parametrize("cease", CEASES.values(), ids=CEASES)
def test_a_retired_key_signs_nobody_in(
    app: Flask, ring: KeyRing, clock: Clock, file: Path, cease: Callable[[KeyRing, str], Any], approach: str
) -> None:
    """It used to: whoever had it wrote tokens of any role, dated after the rotation that was to stop them."""
    alice, forge = Visitor(app, approach).login("alice"), Forge(file)
    cease(ring, forge.key.kid)
    clock.advance(SIGNS_LATE_S + 1)
    times = {"iat": int(clock()), "exp": int(clock()) + 60}
    assert profile(app, approach, forge.with_claims(alice.access, role="admin", **times)) == 401
    refresh = {"refresh_token": forge.with_claims(alice.refresh_token, **times)}
    refused = app.test_client().post(f"/{approach}/refresh", json=refresh)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "refresh_invalid")
    assert profile(app, approach, alice.access) == 200  # what it had signed lives on
    assert alice.refresh().status_code == 200


@pytest.mark.parametrize("late_s", [0, SIGNS_LATE_S])
def test_what_a_node_signs_before_it_hears_of_the_rotation_is_let_in(
    app: Flask, ring: KeyRing, clock: Clock, file: Path, late_s: int
) -> None:
    """A node looks at the file twice a second, and its clock may be five seconds ahead."""
    alice, forge = Visitor(app, "token").login("alice"), Forge(file)
    ring.rotate()
    clock.advance(late_s)
    assert profile(app, "token", forge.with_claims(alice.access, iat=int(clock()), exp=int(clock()) + 60)) == 200


def test_a_node_that_has_not_looked_yet_signs_what_the_others_let_in(
    make_app: MakeApp, ring: KeyRing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = make_app(node_name="node-1"), make_app(node_name="node-2")
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 3600)
    ring.rotate()
    clock.advance(1)
    alice = Visitor(slow, "token").login("alice")
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    assert profile(other, "token", alice.access) == 200
    assert header_of(alice.access)["kid"] != ring.current().active.kid


# -- how long it is kept


def published(app: Flask) -> list[str]:
    return [key["kid"] for key in app.test_client().get("/.well-known/jwks.json").get_json()["keys"]]


def test_a_key_is_dropped_when_its_last_token_has_expired(app: Flask, ring: KeyRing, clock: Clock, file: Path) -> None:
    retired, revoked = (ring.rotate("EdDSA").active.kid for _ in range(2))
    active = ring.revoke(revoked).active.kid
    clock.advance(WEEK_S + SIGNS_LATE_S + CLOCK_SKEW_S)
    assert published(app) == [retired, active]
    assert [key.kid for key in ring.current().keys[1:]] == [retired, revoked, active]
    clock.advance(1)
    assert published(app) == [active]
    assert [key.kid for key in ring.current().keys] == [active]
    assert [key.kid for key in ring.rotate().keys] == [key.kid for key in read_ring(file).keys] == [active, ANY]


def test_a_dropped_keys_secret_leaves_the_file_with_the_next_signature(
    app: Flask, ring: KeyRing, clock: Clock, file: Path
) -> None:
    """Nodes forgot it, and the file kept its secret until the ring was changed by hand."""
    old = ring.current().active
    active = ring.rotate().active.kid
    Visitor(app, "token").login("alice")
    clock.advance(WEEK_S + SIGNS_LATE_S + CLOCK_SKEW_S)
    Visitor(app, "token").login("alice")
    assert old.jwk["k"] in file.read_text()  # its last token may still be valid
    clock.advance(1)
    Visitor(app, "token").login("alice")
    assert [key.kid for key in read_ring(file).keys] == [active]
    assert old.jwk["k"] not in file.read_text()


def test_a_file_that_cannot_be_changed_keeps_its_old_keys_and_log_ins_work(
    app: Flask, ring: KeyRing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.rotate()
    clock.advance(WEEK_S + SIGNS_LATE_S + CLOCK_SKEW_S + 1)
    tried: list[float] = []

    def unwritable(*_: object) -> None:
        tried.append(clock())
        raise BadKeyRing("the file cannot be changed")

    monkeypatch.setattr(key_ring, "write_ring", unwritable)
    for _ in range(3):
        Visitor(app, "token").login("alice")
    assert len(tried) == 1
    assert app.test_client().get("/readyz").status_code == 200


# -- deleted by hand


def test_a_revoked_key_is_deleted_and_its_tokens_stay_refused(app: Flask, ring: KeyRing, file: Path) -> None:
    alice = Visitor(app, "token").login("alice")
    leaked = ring.current().active
    ring.revoke(leaked.kid)
    ring.delete(leaked.kid)
    assert leaked.jwk["k"] not in file.read_text()
    assert profile(app, "token", alice.access) == 401
    assert Visitor(app, "token").login("alice").who() == "alice"


def test_a_key_whose_tokens_may_be_valid_is_not_deleted(ring: KeyRing, clock: Clock, file: Path) -> None:
    retired = ring.current().active.kid
    active = ring.rotate().active.kid
    before = file.read_bytes()
    clock.advance(WEEK_S + SIGNS_LATE_S + CLOCK_SKEW_S)
    for kid in (retired, active):
        with pytest.raises(KeyInUse):
            ring.delete(kid)
    with pytest.raises(UnknownKey):
        ring.delete("k-nowhere")
    assert file.read_bytes() == before


def test_the_ring_stays_small_however_often_it_is_rotated() -> None:
    """A thousand rotations used to leave a thousand keys to read, to publish and to have stolen."""
    now, ring = 0.0, Ring(()).with_new_key("HS256", 0, WEEK_S)
    for _ in range(1000):
        now += DAY_S
        ring = ring.with_new_key("HS256", now).without_expired(now)
    assert len(ring.keys) == 1 + 7 + 1  # the one that signs, a week's, and the one of the seventh night


def test_a_key_is_kept_for_the_longest_lifetime_that_it_signed_for(make_app: MakeApp, clock: Clock, file: Path) -> None:
    """Lifetimes were lowered and raised again between two starts: what was signed meanwhile is as good as before."""
    month_s = 30 * DAY_S
    alice = Visitor(make_app(refresh_ttl_s=month_s), "token").login("alice")
    kid = read_ring(file).active.kid
    lowered = make_app(refresh_ttl_s=DAY_S, jwt_algorithm="EdDSA")
    Visitor(lowered, "token").login("bob")
    clock.advance(month_s - 1)
    assert lowered.test_cli_runner().invoke(args=["keys", "rotate"]).exit_code == 0
    assert read_ring(file).keys[0].kid == kid
    alice.client = make_app(refresh_ttl_s=month_s).test_client()
    assert alice.refresh().status_code == 200


def test_a_key_whose_tokens_live_shorter_is_kept_for_those_of_the_node_that_signs(
    make_app: MakeApp, ring: KeyRing, file: Path
) -> None:
    """A command in a shell without REFRESH_TTL_S makes a key that nodes with another one sign by."""
    Visitor(make_app(refresh_ttl_s=WEEK_S + 1), "token").login("alice")
    assert read_ring(file).active.tokens_live_s == WEEK_S + 1
    assert ring.rotate().active.tokens_live_s == WEEK_S + 1


def test_no_lifetime_is_longer_than_what_is_assumed_of_a_file_that_does_not_say() -> None:
    with pytest.raises(BadConfig, match=rf"^REFRESH_TTL_S must be a whole number from 1 to {LONGEST_LIFE_S}$"):
        Config(refresh_ttl_s=LONGEST_LIFE_S + 1)


# -- files that do not say when a key ceased to sign


def forget(file: Path, *names: str) -> None:
    keys = json.loads(file.read_text())["keys"]
    kept = [{name: value for name, value in key.items() if name not in names} for key in keys]
    file.write_text(json.dumps({"keys": kept}))


def test_a_file_of_an_earlier_version_keeps_its_logins_and_refuses_what_is_dated_later(
    app: Flask, ring: KeyRing, clock: Clock, file: Path
) -> None:
    alice, forge = Visitor(app, "token").login("alice"), Forge(file)
    ring.rotate()
    forget(file, "signed_until", "tokens_live_s", "revoked_at")
    clock.advance(SIGNS_LATE_S + 1)
    assert profile(app, "token", alice.access) == 200
    assert profile(app, "token", forge.with_claims(alice.access, iat=int(clock()), exp=int(clock()) + 60)) == 401
    ended = read_ring(file).keys[0].signed_until
    assert ring.rotate().active.tokens_live_s == WEEK_S
    assert json.loads(file.read_text())["keys"][0]["signed_until"] == ended  # from now on the file says it


def test_a_key_of_an_earlier_version_is_kept_for_as_long_as_any_token_lives(
    ring: KeyRing, clock: Clock, file: Path
) -> None:
    old = ring.current().active.kid
    forget(file, "tokens_live_s")
    ring.rotate()
    clock.advance(LONGEST_LIFE_S)
    assert ring.rotate().find(old) is not None
    clock.advance(SIGNS_LATE_S + CLOCK_SKEW_S + 1)
    assert ring.rotate().find(old) is None


def test_a_key_that_was_retired_by_hand_ceased_when_the_file_was_written(file: Path) -> None:
    """No key was made after it, so that nothing else tells."""
    one, other = new_key("HS256"), new_key("HS256")
    retired = Key(one.kid, "HS256", "retired", other.created_at, one.jwk)
    key_ring.write_ring(file, Ring((other, retired)))
    assert read_ring(file).keys[1].signed_until == moment(file.stat().st_mtime)


def test_a_key_that_signs_again_by_hand_has_not_ceased(ring: KeyRing, file: Path) -> None:
    old = ring.current().active.kid
    ring.rotate()
    states = {"active": "retired", "retired": "active"}
    keys = json.loads(file.read_text())["keys"]
    file.write_text(json.dumps({"keys": [{**key, "state": states[key["state"]]} for key in keys]}))
    again = ring.current()
    assert (again.active.kid, again.active.signed_until) == (old, None)
    assert again.keys[1].signed_until is not None


@pytest.mark.parametrize("created_at", ["yesterday", "", "2026-01-01"])
def test_a_time_that_is_none_is_not_needed_to_read_an_earlier_file(file: Path, created_at: str) -> None:
    key = new_key("HS256")
    keys = (Key("k-1", "HS256", "retired", created_at, key.jwk), Key("k-2", "HS256", "active", created_at, key.jwk))
    key_ring.write_ring(file, Ring(keys))
    assert read_ring(file).keys[0].signed_until == moment(file.stat().st_mtime)
