"""The key ring: its states, its file, and the nodes that follow it."""

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from flask import Flask

from config import Config
from tests.conftest import MakeApp, MakeConfig
from tests.forge import header_of
from tests.visitor import Visitor
from token_auth import keys
from token_auth.keys import KeyRing, Ring, new_key, read_ring, write_ring

ALGORITHMS = ("HS256", "EdDSA", "ES256", "RS256")


@pytest.fixture
def file(config: Config) -> Path:
    return config.key_ring_file


@pytest.fixture
def ring(file: Path) -> KeyRing:
    """The ring as another process holds it."""
    return KeyRing(file, "HS256")


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request, where the test is not about how often they do."""
    monkeypatch.setattr(keys, "LOOK_EVERY_S", 0)


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
    sleep(1)
    assert kid_of(login(app)) == rotated.active.kid
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
    monkeypatch.setattr(keys, "monotonic", lambda: now)
    for _ in range(50):
        assert alice.who() == "alice"
    assert len(looks) <= 1
    now += 0.5
    for _ in range(50):
        assert alice.who() == "alice"
    assert 1 <= len(looks) <= 2


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """SECURITY 22."""
    before = os.umask(umask)
    try:
        KeyRing(tmp_path / "keys.json", "HS256").rotate()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.iterdir()}
    assert modes == {"keys.json": 0, "keys.json.lock": 0}  # and no temporary file stays behind


def test_a_reader_never_sees_half_a_file(file: Path, ring: KeyRing) -> None:
    """Faults: the file is replaced as a whole."""
    with ThreadPoolExecutor() as threads:
        rotations = threads.submit(lambda: [ring.rotate() for _ in range(40)])
        reads = 0
        while not rotations.done() or reads < 10:
            assert read_ring(file).active
            reads += 1
    assert len(rotations.result()[-1].keys) == 41


DAMAGES = {
    "torn": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "empty": lambda file: file.write_bytes(b""),
    "garbage": lambda file: file.write_bytes(b"\xff\x00garbage"),
    "nested": lambda file: file.write_text("[" * 100_000),
    "another shape": lambda file: file.write_text('{"keys": {"kid": 1}}'),
    "no active key": lambda file: file.write_text('{"keys": []}'),
    "a weak key": lambda file: file.write_text(file.read_text().replace('"k": "', '"k": "AA", "x": "')),
    "missing": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.usefixtures("watchful")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_while_the_file_is_damaged_the_last_good_ring_stays_in_use(
    app: Flask, file: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], Any]
) -> None:
    """SECURITY, faults: key ring file torn or missing."""
    alice, good = login(app), file.read_bytes()
    damage(file)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert alice.who() == "alice"
        assert login(app).refresh().status_code == 200
    assert len(caplog.records) == 1  # not at each look
    assert json.loads(good)["keys"][0]["jwk"]["k"] not in caplog.text
    if file.is_dir():
        file.rmdir()
    write_ring(file, Ring((new_key("HS256"),)))
    assert alice.who() is None  # back in step with the file
    assert login(app).who() == "alice"


def test_a_start_without_a_file_makes_one(make_config: MakeConfig, tmp_path: Path) -> None:
    """Faults: key ring file missing."""
    ring = KeyRing(tmp_path / "new" / "folder" / "keys.json", "ES256")
    assert read_ring(tmp_path / "new" / "folder" / "keys.json") == ring.current()
    assert ring.current().active.alg == "ES256"


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


ROTATE = """
import sys
from pathlib import Path
from token_auth.keys import KeyRing
ring = KeyRing(Path(sys.argv[1]), "HS256")
for _ in range(5): ring.rotate()
"""


def test_processes_that_rotate_at_once_lose_no_key(file: Path, ring: KeyRing) -> None:
    others = [subprocess.Popen([sys.executable, "-c", ROTATE, str(file)]) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda _: KeyRing(file, "HS256").rotate(), range(5)))
    assert [other.wait(timeout=60) for other in others] == [0, 0]
    keys_made = read_ring(file).keys
    assert len({key.kid for key in keys_made}) == 1 + 2 * 5 + 5
    assert [key.state for key in keys_made].count("active") == 1


def test_a_key_does_not_show_itself_in_a_traceback(ring: KeyRing) -> None:
    """SECURITY 22."""
    key = ring.current().active
    assert key.jwk["k"] not in repr(key) + repr(ring.current())
