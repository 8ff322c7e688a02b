"""The key ring's file: private, replaced as a whole, and not lost when it is damaged or changed by two at once."""

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service.config import Config
from tests.conftest import Clock, MakeApp, MakeConfig
from tests.support.forge import header_of
from tests.support.problems import assert_problem
from tests.support.stopwatch import eventually
from tests.support.visitor import Visitor
from token_auth import key_file, key_ring
from token_auth.errors import BadKeyRing
from token_auth.key_file import RingBusy, locked
from token_auth.key_ring import KeyRing, read_ring, write_ring
from token_auth.keys import Ring, new_key


@pytest.fixture
def file(config: Config) -> Path:
    return config.key_ring_file


@pytest.fixture
def ring(file: Path, clock: Clock) -> KeyRing:
    """The ring as another process holds it."""
    return KeyRing(file, "HS256", clock)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request: these tests are not about how often they do."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)


def login(app: Flask) -> Visitor:
    return Visitor(app, "token").login("alice")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o177])
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


def test_a_file_that_does_not_say_when_a_key_was_revoked_still_loads(ring: KeyRing, file: Path) -> None:
    """As every file of an earlier version."""
    ring.revoke(ring.current().active.kid)
    assert read_ring(file).keys[0].revoked_at is not None
    entries = json.loads(file.read_text())["keys"]
    for entry in entries:
        del entry["revoked_at"]
    file.write_text(json.dumps({"keys": entries}))
    assert [(key.state, key.revoked_at) for key in read_ring(file).keys] == [("revoked", None), ("active", None)]


ROTATE = """
import sys
from pathlib import Path
from token_auth.key_ring import KeyRing
ring = KeyRing(Path(sys.argv[1]), "HS256")
for _ in range(5): ring.rotate()
"""


@pytest.mark.own_processes
def test_processes_that_rotate_at_once_lose_no_key(file: Path, ring: KeyRing) -> None:
    others = [subprocess.Popen([sys.executable, "-c", ROTATE, str(file)]) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda _: KeyRing(file, "HS256").rotate(), range(5)))
    assert [other.wait(timeout=60) for other in others] == [0, 0]
    keys_made = read_ring(file).keys
    assert len({key.kid for key in keys_made}) == 1 + 2 * 5 + 5
    assert [key.state for key in keys_made].count("active") == 1


def test_a_file_that_could_not_be_read_once_is_read_again(
    ring: KeyRing, file: Path, make_app: Callable[..., Flask], watchful: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that was out of file descriptors at the wrong moment kept a revoked key until the next change."""
    app = make_app()
    alice = login(app)
    ring.revoke(ring.current().active.kid)

    def fail(_file: Path) -> Ring:
        monkeypatch.undo()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    monkeypatch.setattr(key_ring, "read_ring", fail)
    assert alice.who() == "alice"  # the last good ring
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    assert alice.who() is None


# -- a lock that another process holds: one that was stopped, or hangs in its disk


@pytest.fixture
def taken(file: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """The lock, held until the stack is closed."""
    monkeypatch.setattr(key_ring, "LOCK_WAIT_S", 0.1)
    with ExitStack() as held:
        held.enter_context(locked(file, 0))
        yield held


def test_a_held_lock_ends_a_change_clearly(ring: KeyRing, file: Path, taken: ExitStack) -> None:
    """It used to hang without a word."""
    before = file.read_bytes()
    for change in (ring.rotate, lambda: ring.revoke(ring.current().active.kid)):
        with pytest.raises(RingBusy, match=r"another process holds .*keys\.json\.lock; nothing was changed"):
            change()
    assert file.read_bytes() == before
    taken.close()
    ring.rotate()
    assert file.read_bytes() != before


def test_a_held_lock_keeps_no_node_from_starting_and_logging_in(
    make_app: MakeApp, taken: ExitStack, watchful: None
) -> None:
    """Its log-ins waited for ever where the algorithm was another one."""
    nodes = [make_app(), make_app(jwt_algorithm="EdDSA")]
    assert [login(node).who() for node in nodes] == ["alice"] * 2
    assert nodes[1].test_client().get("/readyz").get_json()["code"] == "key_ring_unusable"
    taken.close()
    assert nodes[1].test_client().get("/readyz").status_code == 200  # without a log-in: it may be sent none
    assert header_of(login(nodes[1]).access or "")["alg"] == "EdDSA"


def test_a_held_lock_is_a_503_of_the_page_and_one_line_of_the_command(
    make_app: MakeApp, tmp_path: Path, taken: ExitStack
) -> None:
    app = make_app(control_socket=tmp_path / "nobody")
    refused = app.test_client().post("/lab/keys", base_url="http://127.0.0.1:8000")
    assert_problem(refused, 503, "key_ring_unusable", naming="Nothing was changed")
    assert refused.headers["Retry-After"] == "1"
    typed = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert typed.exit_code == 2
    assert [line.startswith("Error: KEY_RING_FILE: another process") for line in typed.output.splitlines()] == [True]


def test_a_key_is_found_while_another_thread_waits_for_the_lock(ring: KeyRing, taken: ExitStack) -> None:
    """One press on `rotate` kept every request waiting that brought an unknown key id."""
    with ThreadPoolExecutor() as threads:
        key_ring.LOCK_WAIT_S = 3600.0  # `taken` puts it back
        waits = threads.submit(ring.rotate)
        eventually(waits.running)
        assert ring.find("k-0123abcd") is None
        assert not waits.done()
        taken.close()
        assert waits.result().active == ring.current().active


def test_who_holds_the_lock_and_changes_the_ring_is_waited_for(ring: KeyRing, file: Path, taken: ExitStack) -> None:
    """A queue of changes is no reason to give up: only a lock that is held for nothing is."""
    moments = count(0, 0.04)  # so much goes by at each look at the clock, and 0.1 s is what one waits
    turns = 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_file, "monotonic", lambda: next(moments))

        def another_turn(_s: float) -> None:
            nonlocal turns
            turns -= 1
            write_ring(file, Ring((new_key("HS256"),)))
            if turns == 0:
                taken.close()

        patch.setattr(key_file, "sleep", another_turn)
        ring.rotate()
    assert turns == 0


def test_a_full_disk_leaves_no_keys_lying_about(ring: KeyRing, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 22."""

    def fail(_number: int) -> None:
        raise OSError(28, "No space left on device")

    before = ring.current()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BadKeyRing, match="No space left on device"):
        ring.rotate()
    assert {path.name for path in file.parent.glob("keys.json*")} == {"keys.json", "keys.json.lock"}
    assert read_ring(file) == before
