"""The member database: its files, which only their owner can read, and its tables."""

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
        made = [tmp_path / "made", *(tmp_path / "made").iterdir()]
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in made}
    finally:
        os.umask(before)
    database.engine.dispose()
    assert modes.pop("made") == "0o700"
    assert modes == dict.fromkeys(("lab.db", "lab.db-wal", "lab.db-shm"), "0o600")


def test_an_index_of_some_rows_holds_no_others(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'lab.db'}")
    database.create_tables()
    with database.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'refresh_tokens_unspent'")
        assert made.scalar_one().endswith("WHERE spent_at IS NULL")
    database.engine.dispose()
