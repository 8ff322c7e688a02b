"""A member database with the demo members in it and a key ring, made once for a test process and copied for each test.

Argon2 is what a password costs, and a test of logins is no test of Argon2: the hashes in this database are as cheap as
they can be. `tests/service/test_passwords.py` is about the real ones.
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from app import create_app
from service.accounts import passwords
from service.config import Config
from tests.support.aftermath import aftermath

REAL_HASHER = passwords.HASHER
CHEAP_HASHER = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
NO_STORE = "redis://127.0.0.1:9/0"  # nothing is asked of it


def copy_seeds(folder: Path) -> None:
    """Put a copy of the database and the ring into a folder that has none."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "lab.db").exists():
        shutil.copytree(seeds(), folder, dirs_exist_ok=True)


@cache
def seeds() -> Path:
    """Return the folder with what is copied."""
    folder = Path(tempfile.mkdtemp(prefix="seeds-"))
    aftermath().removes(folder)
    app = create_app(
        Config(
            redis_url=NO_STORE,
            database_url=f"sqlite:///{folder / 'lab.db'}",
            key_ring_file=folder / "keys.json",
            lab=True,
        )
    )
    app.extensions["database"].engine.dispose()
    return folder
