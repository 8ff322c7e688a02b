"""The key ring's file: read and replaced as a whole, and changed by one process at a time."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from .errors import BadKeyRing
from .keys import Key, Ring, key_from_file, moment, seconds
from .private_file import copy_permissions, correct_mode, open_at_once, open_private, try_lock, whose

LOCK_WAIT_S = 2.0  # how long to wait for a process that holds the lock
LOCK_RETRY_S = 0.01


class RingBusy(BadKeyRing):
    """Another process holds the ring's lock for too long."""


def read_ring(file: Path) -> Ring:
    """Read and check a ring. Raise `BadKeyRing`, which says what is wrong, or `OSError`.

    A file mode that lets other users read or change the keys is corrected with a warning, or the ring is refused.
    """
    try:
        with open(file, encoding="utf-8", opener=open_at_once) as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("not a file")
            correct_mode(file, opened.fileno(), status)
            keys = [key_from_file(entry) for entry in json.load(opened)["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadKeyRing("%(file)s is not a key ring", file=file) from None
    if sum(key.state == "active" for key in keys) != 1:
        raise BadKeyRing("%(file)s needs exactly one active key", file=file)
    if len({key.kid for key in keys}) != len(keys):
        raise BadKeyRing("%(file)s has two keys with the same id", file=file)
    return Ring(tuple(_with_ends(keys, status.st_mtime)))


def write_ring(file: Path, ring: Ring) -> None:
    """Replace the file atomically and keep its owner and permissions. A reader sees the old file or the new one.

    A new file belongs to the folder's owner, and only the owner can read it. Raise `BadKeyRing` or `OSError`; then
    nothing was changed.
    """
    target = file.resolve()  # keep a symbolic link
    new = tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=target.name, delete=False)  # noqa: SIM115  # 0600
    try:
        with new:
            json.dump({"keys": [asdict(key) for key in ring.keys]}, new, indent=2)
            new.flush()
            copy_permissions(target, new.fileno())
            os.fsync(new.fileno())
        os.replace(new.name, target)
    except BaseException:
        os.unlink(new.name)  # leave no half-written key file
        raise


@contextmanager
def locked(file: Path, wait_s: float) -> Iterator[None]:
    """Hold the ring's lock, so that no other process changes the ring between our read and our write.

    Raise `RingBusy` if another process holds the lock for `wait_s` seconds without changing the ring.
    """
    target = file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(f"{target.name}.lock"), "a", opener=partial(open_private, target)) as lock:
        seen, deadline = stamp(target), monotonic() + wait_s
        while not try_lock(lock.fileno()):
            if stamp(target) != seen:  # other processes are making progress
                seen, deadline = stamp(target), monotonic() + wait_s
            if monotonic() >= deadline:
                raise RingBusy("another process holds %(file)s; nothing was changed", file=lock.name)
            sleep(LOCK_RETRY_S)
        yield


@contextmanager
def as_bad_key_ring(file: Path) -> Iterator[None]:
    """Turn an `OSError` into a `BadKeyRing` that names the file and the cause."""
    try:
        yield
    except OSError as error:
        owner = whose(Path(error.filename)) if isinstance(error, PermissionError) and error.filename else ""
        raise BadKeyRing("%(path)s cannot be used (%(why)s)", path=file, why=f"{error.strerror}{owner}") from None


def stamp(file: Path) -> tuple[int, ...] | None:
    """Return a value that changes with the file, its owner or its mode; None if the file is not accessible."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _with_ends(keys: list[Key], written_at: float) -> Iterator[Key]:
    """Fill in a missing `signed_until`, as in files of an earlier version or edited by hand.

    The value is the later of two times: when the next key was created, and when the file was written. So it is never
    too early.
    """
    for key, after in zip(keys, keys[1:] + keys[-1:], strict=True):
        if key.state == "active":
            yield replace(key, signed_until=None)
        elif key.signed_until is not None:
            yield key
        else:
            yield replace(key, signed_until=moment(max(written_at, _made_at(key), _made_at(after))))


def _made_at(key: Key) -> float:
    try:
        return seconds(key.created_at)
    except ValueError:  # edited by hand
        return 0
