"""The ring's file between users: a command runs as root, nodes as another user, and the file has to suit both.

SECURITY 30.
"""

import logging
import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service.accounts.database import Database
from service.config import Config
from tests.conftest import Clock, MakeApp
from tests.support.forge import header_of
from tests.support.other_user import as_nobody, give_to_nobody, only_as_root, open_folder
from tests.support.problems import assert_problem
from tests.support.visitor import Visitor
from token_auth import key_ring
from token_auth.errors import BadKeyRing
from token_auth.key_ring import KeyRing, read_ring, write_ring
from token_auth.keys import Ring, new_key

CHANGES = {
    "rotate": lambda ring: ring.rotate(),
    "retire": lambda ring: ring.retire(ring.current().active.kid),
    "revoke": lambda ring: ring.revoke(ring.current().active.kid),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root's that every user reaches."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def file(folder: Path) -> Path:
    """A ring that belongs to `nobody`, as whom the nodes run, in a folder of theirs."""
    write_ring(folder / "keys.json", Ring((new_key("HS256"),)))
    for path in (folder, folder / "keys.json"):
        give_to_nobody(path)
    return folder / "keys.json"


def owner_and_mode(path: Path) -> tuple[str, str, int]:
    return path.owner(), path.group(), stat.S_IMODE(path.stat().st_mode)


# -- what a command leaves is for the nodes to read


@only_as_root
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_what_root_changes_keeps_its_owner_and_its_mode(
    file: Path, change: Callable[[KeyRing], Any], mode: int
) -> None:
    """Nodes could not read what `sudo flask keys revoke` had written, and went on signing with the revoked key."""
    file.chmod(mode)
    before = owner_and_mode(file)
    changed = change(KeyRing(file, "HS256"))
    assert owner_and_mode(file) == before
    with as_nobody():
        assert read_ring(file) == changed
        KeyRing(file, "HS256").rotate()  # the lock that root has made is no obstacle either
    assert {path.name for path in file.parent.iterdir()} == {"keys.json", "keys.json.lock"}


@only_as_root
def test_what_root_makes_belongs_to_the_owner_of_the_folder(folder: Path) -> None:
    give_to_nobody(folder)
    KeyRing(folder / "keys.json", "HS256")
    Database(f"sqlite:///{folder / 'lab.db'}").create_tables()
    with as_nobody():
        KeyRing(folder / "keys.json", "HS256").rotate()
        Database(f"sqlite:///{folder / 'lab.db'}").create_tables()
    assert {owner_and_mode(path) for path in folder.iterdir()} == {(folder.owner(), folder.group(), 0o600)}
    assert folder.owner() == "nobody"


@only_as_root
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_user_who_cannot_keep_the_owner_changes_nothing(folder: Path, change: Callable[[KeyRing], Any]) -> None:
    """Here one who may read the ring by its group, and write its folder."""
    file = folder / "keys.json"
    write_ring(file, Ring((new_key("HS256"),)))
    give_to_nobody(folder)
    give_to_nobody(file)
    os.chown(file, 0, -1)
    file.chmod(0o640)
    before = file.read_bytes()
    with as_nobody(), pytest.raises(BadKeyRing, match=r"belongs to root:\w+, and .* nothing was changed"):
        change(KeyRing(file, "HS256"))
    assert (file.read_bytes(), owner_and_mode(file)[0]) == (before, "root")
    assert {path.name for path in folder.iterdir()} == {"keys.json", "keys.json.lock"}


def test_an_access_list_is_kept(tmp_path: Path) -> None:
    """`setfacl -m u:lab:r` is another way to let nodes in."""
    file = tmp_path / "keys.json"
    KeyRing(file, "HS256")
    nobodys = [(0x01, 6, -1), (0x02, 4, 1), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1)]  # acl(5): tag, rights, id
    access_list = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in nobodys)
    try:
        os.setxattr(file, "system.posix_acl_access", access_list)
    except (OSError, AttributeError):
        pytest.skip("this file system keeps no access lists")
    KeyRing(file, "HS256").rotate()
    assert os.getxattr(file, "system.posix_acl_access") == access_list


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """It used to be replaced by a file, and nodes that read the other name followed no change any more."""
    (tmp_path / "kept").mkdir()
    file, link = tmp_path / "kept" / "keys.json", tmp_path / "keys.json"
    KeyRing(file, "HS256")
    link.symlink_to(file)
    rotated = KeyRing(link, "HS256").rotate()
    assert link.is_symlink()
    assert read_ring(file) == rotated


@pytest.mark.parametrize("lay", [lambda lock: lock.symlink_to("/dev/null"), os.mkfifo], ids=["a link", "a pipe"])
def test_a_lock_that_is_no_file_is_refused_at_once(tmp_path: Path, lay: Callable[[Path], Any]) -> None:
    """Root would have given away what the link names, and waited for the pipe for ever."""
    ring = KeyRing(tmp_path / "keys.json", "HS256")
    lock = tmp_path / "keys.json.lock"
    lock.unlink()
    lay(lock)
    with pytest.raises(BadKeyRing, match="cannot be used"):
        ring.rotate()


# -- a node that may only read


@only_as_root
@pytest.mark.parametrize("watch", [0, 3600])
def test_a_ring_is_read_in_a_folder_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, watch: int
) -> None:
    file = folder / "keys.json"
    write_ring(file, Ring((new_key("HS256"),)))
    give_to_nobody(file)
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", watch)
    with as_nobody():
        node = KeyRing(file, "HS256")
        assert node.signing_key() == read_ring(file).active
    rotated = KeyRing(file, "HS256").rotate()
    with as_nobody():
        assert node.find(rotated.active.kid) == rotated.active
        with pytest.raises(BadKeyRing, match=f"Permission denied: {folder} belongs to root"):
            node.rotate()
        assert node.problem() is None


@only_as_root
def test_a_node_that_cannot_make_its_key_signs_with_the_ring_that_it_has_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = folder / "keys.json"
    write_ring(file, Ring((new_key("HS256"),)))
    give_to_nobody(file)
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    with as_nobody():
        node = KeyRing(file, "EdDSA")
        assert [node.signing_key().alg for _ in range(3)] == ["HS256"] * 3
        assert "Permission denied" in (node.problem() or "")
    assert len(caplog.records) == 1  # not at each log-in
    KeyRing(file, "EdDSA").rotate()
    with as_nobody():
        assert node.signing_key().alg == "EdDSA"
        assert node.problem() is None


@only_as_root
def test_a_ring_that_cannot_be_read_says_whose_it_is(file: Path) -> None:
    os.chown(file, 0, 0)
    with as_nobody(), pytest.raises(BadKeyRing, match=f"Permission denied: {file} belongs to root"):
        KeyRing(file, "HS256")


# -- a mode that lets others in


@pytest.mark.parametrize(
    ("mode", "mended"), [(0o666, 0o600), (0o644, 0o600), (0o604, 0o600), (0o777, 0o600), (0o660, 0o640)]
)
def test_a_ring_that_others_can_read_or_change_is_mended_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, mended: int
) -> None:
    file = tmp_path / "keys.json"
    KeyRing(file, "HS256")
    file.chmod(mode)
    with caplog.at_level(logging.WARNING):
        KeyRing(file, "HS256").current()
    assert stat.S_IMODE(file.stat().st_mode) == mended
    assert f"mode {mode:04o}); it is {mended:04o} now" in caplog.text
    assert read_ring(file).active.jwk["k"] not in caplog.text


def test_a_mode_that_changes_under_a_running_node_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    file = tmp_path / "keys.json"
    node = KeyRing(file, "HS256")
    file.chmod(0o666)
    for _ in range(3):
        node.current()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(caplog.records) == 1


@only_as_root
@pytest.mark.parametrize("mode", [0o666, 0o644])
def test_another_users_ring_that_everybody_can_read_is_refused(folder: Path, mode: int) -> None:
    file = folder / "keys.json"
    write_ring(file, Ring((new_key("HS256"),)))
    file.chmod(mode)
    with as_nobody(), pytest.raises(BadKeyRing, match=f"lets others read or change the keys .mode {mode:04o}.: chmod"):
        KeyRing(file, "HS256")


# -- what a node says of it


DAMAGES = {
    "torn": lambda file: file.write_text("{"),
    "missing": lambda file: file.rename(file.with_name("elsewhere")),
    "a pipe": lambda file: (file.rename(file.with_name("elsewhere")), os.mkfifo(file)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_node_that_cannot_read_its_ring_is_not_ready_and_serves_on(
    make_app: MakeApp, config: Config, clock: Clock, damage: Callable[[Path], Any]
) -> None:
    """It used to say that it was ready while it signed with a revoked key."""
    app, file = make_app(), config.key_ring_file
    alice, good = Visitor(app, "token").login("alice"), read_ring(file)
    assert app.test_client().get("/readyz").status_code == 200
    damage(file)
    refused = app.test_client().get("/readyz")
    assert_problem(refused, 503, "key_ring_unusable", naming="last good key ring")
    assert str(file) not in refused.get_data(as_text=True)
    assert alice.who() == "alice"
    file.unlink(missing_ok=True)
    write_ring(file, good)
    assert app.test_client().get("/readyz").status_code == 200


def test_a_ring_torn_while_the_algorithm_changes_signs_on_and_then_changes_it(
    make_app: MakeApp, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log-ins were a 500, and then signed by the wrong algorithm for ever."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)
    file = config.key_ring_file
    good, app = file.read_text(), make_app(jwt_algorithm="EdDSA")
    file.write_text("{")
    assert signs_by(app) == "HS256"
    file.write_text(good)
    assert signs_by(app) == "EdDSA"


def signs_by(app: Flask) -> str:
    return str(header_of(Visitor(app, "token").login("alice").access or "")["alg"])
