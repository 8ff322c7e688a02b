"""Only the owner can read the member database's files, whether a node or a command created them."""

import os
from pathlib import Path

import pytest

from service.accounts.database import Database
from service.accounts.members import Members


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_the_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """`flask members add` before the first start made a database that everybody could read."""
    before = os.umask(umask)
    try:
        database = Database(f"sqlite:///{tmp_path / 'made' / 'lab.db'}")
        database.create_tables()
        Members(database).add("dave", "a hash")
        made = [tmp_path / "made", *(tmp_path / "made").iterdir()]
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in made}
    finally:
        os.umask(before)
    database.engine.dispose()
    assert modes.pop("made") == "0o700"
    assert modes == dict.fromkeys(("lab.db", "lab.db-wal", "lab.db-shm"), "0o600")
