"""Only the owner can read the member database's files, whether a node or a command created them."""

import os
from pathlib import Path

import pytest

from accounts.database import Database
from accounts.members import Members


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_the_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """`flask members add` before the first start made a database that everybody could read."""
    before = os.umask(umask)
    try:
        database = Database(f"sqlite:///{tmp_path / 'made' / 'lab.db'}")
        database.create_tables()
        Members(database).add("dave", "a hash")
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in (tmp_path / "made").iterdir()}
    finally:
        os.umask(before)
    database.engine.dispose()
    assert modes == dict.fromkeys(("lab.db", "lab.db-wal", "lab.db-shm"), "0o600")
