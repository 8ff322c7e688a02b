"""A user other than root, for what a command and a node do that do not run as the same one."""

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.aftermath import aftermath
from tests.support.postgres_engine import unprivileged

only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


# PyJWT looks whether a key is JSON, and every hundredth random one looks like text in one of these. An interpreter in a
# private folder cannot be read by another user, and what it has once failed to load it does not look for again.
MAY_BE_ASKED_FOR = ("utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be `nobody` to the file system."""
    for encoding in MAY_BE_ASKED_FOR:
        codecs.lookup(encoding)
    user, groups = unprivileged(), os.getgroups()
    os.setgroups(user["extra_groups"])
    os.setegid(user["group"])
    os.seteuid(user["user"])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def give_to_nobody(path: Path) -> None:
    user = unprivileged()
    os.chown(path, user["user"], user["group"])


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that every user reaches; pytest's own are root's alone."""
    with TemporaryDirectory(prefix="shared-", dir="/tmp") as name:
        aftermath().removes(Path(name))
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
