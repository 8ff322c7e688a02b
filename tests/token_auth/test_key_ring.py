"""The key ring: its states, its file, and the nodes that follow it."""

from pathlib import Path
from time import monotonic

import pytest
from flask import Flask

from service.config import Config
from tests.conftest import Clock, MakeApp
from tests.support.forge import header_of
from tests.support.stopwatch import eventually
from tests.support.visitor import Visitor
from token_auth import key_ring
from token_auth.key_ring import KeyRing, read_ring

ALGORITHMS = ("HS256", "EdDSA", "ES256", "RS256")


@pytest.fixture
def file(config: Config) -> Path:
    return config.key_ring_file


@pytest.fixture
def ring(file: Path, clock: Clock) -> KeyRing:
    """The ring as another process holds it."""
    return KeyRing(file, "HS256", clock)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request, where the test is not about how often they do."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)


def login(app: Flask) -> Visitor:
    return Visitor(app, "token").login("alice")


def kid_of(visitor: Visitor) -> str:
    return str(header_of(visitor.access or "")["kid"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_signs_and_verifies_a_whole_login(make_app: MakeApp, algorithm: str) -> None:
    alice = login(make_app(jwt_algorithm=algorithm))
    assert {header_of(token or "")["alg"] for token in (alice.access, alice.refresh_token)} == {algorithm}
    assert alice.who() == "alice"
    assert alice.refresh().status_code == 200
    assert alice.together("profile").status_code == 200


def test_a_rotation_signs_with_a_new_key_and_lets_old_tokens_live(make_app: MakeApp, ring: KeyRing) -> None:
    """Without a restart, by real time; the other tests here do not wait."""
    app = make_app()
    old = login(app)
    rotated = ring.rotate()
    eventually(lambda: kid_of(login(app)) == rotated.active.kid, within_s=1.0)
    assert [key.state for key in rotated.keys] == ["retired", "active"]
    assert old.who() == "alice"
    assert old.refresh().status_code == 200
    assert kid_of(old) == rotated.active.kid


@pytest.mark.usefixtures("watchful")
def test_retiring_the_active_key_makes_a_new_one_and_lets_its_tokens_live(app: Flask, ring: KeyRing) -> None:
    old = login(app)
    retired = ring.retire(kid_of(old))
    assert retired.find(kid_of(old)).state == "retired"  # type: ignore[union-attr]
    assert kid_of(login(app)) == retired.active.kid
    assert old.who() == "alice"


@pytest.mark.usefixtures("watchful")
def test_revoking_a_key_refuses_its_tokens_and_no_others(app: Flask, ring: KeyRing) -> None:
    old = login(app)
    ring.rotate()
    new = login(app)
    ring.revoke(kid_of(old))
    assert old.who() is None
    assert old.refresh().get_json()["code"] == "refresh_invalid"
    assert new.who() == "alice"
    assert new.refresh().status_code == 200


@pytest.mark.usefixtures("watchful")
def test_revoking_the_active_key_makes_a_new_one_at_once(app: Flask, ring: KeyRing) -> None:
    old = login(app)
    revoked = ring.revoke(kid_of(old))
    assert [key.state for key in revoked.keys] == ["revoked", "active"]
    assert old.who() is None
    assert login(app).who() == "alice"


def test_a_revoked_key_never_comes_back(ring: KeyRing) -> None:
    """Retiring it used to let its tokens live again."""
    kid = ring.current().active.kid
    ring.revoke(kid)
    for change in (ring.retire, ring.revoke):
        assert change(kid).find(kid).state == "revoked"  # type: ignore[union-attr]
    assert len(ring.current().keys) == 2


def test_another_nodes_brand_new_key_is_known_at_once(make_app: MakeApp, ring: KeyRing) -> None:
    """Its tokens used to be refused for up to half a second, until this node looked at the file again."""
    nodes = [make_app(node_name="node-1"), make_app(node_name="node-2")]
    assert nodes[0].test_cli_runner().invoke(args=["keys", "rotate"]).exit_code == 0
    alice = login(nodes[0])
    assert kid_of(alice) == read_ring(ring._file).active.kid
    assert Visitor(nodes[1], "token").get("profile", headers=bearer(alice)).status_code == 200


def bearer(visitor: Visitor) -> dict[str, str]:
    return {"Authorization": f"Bearer {visitor.access}"}


def test_a_node_looks_at_the_file_twice_a_second_and_not_at_each_request(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, looks, now = login(app), [], monotonic()
    look = KeyRing._stamp_of_file
    monkeypatch.setattr(KeyRing, "_stamp_of_file", lambda ring: looks.append(1) or look(ring))
    monkeypatch.setattr(key_ring, "monotonic", lambda: now)
    for _ in range(50):
        assert alice.who() == "alice"
    assert len(looks) <= 1
    now += 0.5
    for _ in range(50):
        assert alice.who() == "alice"
    assert 1 <= len(looks) <= 2


@pytest.mark.parametrize("algorithm", ALGORITHMS[1:])
def test_another_algorithm_at_a_restart_adds_a_key_and_old_tokens_still_verify(
    make_app: MakeApp, algorithm: str
) -> None:
    old = login(make_app())
    restarted = make_app(jwt_algorithm=algorithm)
    assert Visitor(restarted, "token").get("profile", headers=bearer(old)).status_code == 200
    new = login(restarted)
    assert header_of(new.access or "")["alg"] == algorithm
    assert new.who() == "alice"


@pytest.mark.usefixtures("watchful")
def test_a_running_node_keeps_the_algorithm_that_it_was_told_and_one_that_starts_goes_back(
    make_app: MakeApp, ring: KeyRing
) -> None:
    """A node that had not signed yet used to put a key of its own over the one that a rotation had just made."""
    nodes = [make_app(node_name="node-1"), make_app(node_name="node-2")]
    ring.rotate("EdDSA")
    assert {header_of(login(node).access or "")["alg"] for node in nodes} == {"EdDSA"}
    started = login(make_app(node_name="node-3"))
    assert header_of(started.access or "")["alg"] == "HS256"
    assert {key.alg: key.state for key in ring.current().keys} == {"HS256": "active", "EdDSA": "retired"}


def test_another_key_of_the_same_algorithm_takes_over(ring: KeyRing) -> None:
    """A shell without JWT_ALGORITHM that revoked a lab's EdDSA key left it signing by HS256."""
    made = ring.rotate("EdDSA").active
    assert ring.revoke(made.kid).active.alg == "EdDSA"


def test_a_key_does_not_show_itself_in_a_traceback(ring: KeyRing) -> None:
    """SECURITY 22."""
    key = ring.current().active
    assert key.jwk["k"] not in repr(key) + repr(ring.current())
