"""The key ring's file: read and replaced as a whole, changed by one process at a time, private and still readable.

A command may run as another user than the nodes, most often as root. What it writes has the owner, the group, the mode
and the access list of what was there before, so that the nodes can read it; else it writes nothing.
"""

import json
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from jwt import PyJWTError

from token_auth.keys import BadKeyRing, Key, Ring, key_from_file, moment, seconds

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger(__name__)

LOCK_WAIT_S = 2.0  # for a process that holds the lock and does not change the ring
LOCK_RETRY_S = 0.01
OTHERS = stat.S_IRWXO
GROUP_CHANGES = stat.S_IWGRP | stat.S_IXGRP
ACCESS_LIST = "system.posix_acl_access"  # acl(5)


class RingBusy(BadKeyRing):
    """Another process holds the ring's lock for too long."""


def read_ring(file: Path) -> Ring:
    """Read and check a ring. Raise `BadKeyRing` saying what is wrong with it, or `OSError`.

    A mode that lets others at the keys is mended, with a warning in the log, or the ring is refused.
    """
    try:
        with open(file, encoding="utf-8", opener=_at_once) as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("not a file")
            _keep_others_out(file, opened.fileno(), status)
            keys = [key_from_file(entry) for entry in json.load(opened)["keys"]]
    except (PyJWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadKeyRing(f"KEY_RING_FILE: {file} is not a key ring") from None
    if sum(key.state == "active" for key in keys) != 1:
        raise BadKeyRing(f"KEY_RING_FILE: {file} needs exactly one active key")
    if len({key.kid for key in keys}) != len(keys):
        raise BadKeyRing(f"KEY_RING_FILE: {file} has two keys of one id")
    return Ring(tuple(_with_ends(keys, status.st_mtime)))


def write_ring(file: Path, ring: Ring) -> None:
    """Replace the file by a new one for the same readers; a reader sees the old one or the new one.

    Where there was none, it is for the owner of the folder alone. Raise `BadKeyRing` or `OSError`, and nothing was
    changed.
    """
    target = file.resolve()  # a link stays one
    new = tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=target.name, delete=False)  # noqa: SIM115  # 0600
    try:
        with new:
            json.dump({"keys": [asdict(key) for key in ring.keys]}, new, indent=2)
            new.flush()
            _let_in_as_before(target, new.fileno())
            os.fsync(new.fileno())
        os.replace(new.name, target)
    except BaseException:
        os.unlink(new.name)  # no half-written keys are left lying about
        raise


@contextmanager
def locked(file: Path, wait_s: float) -> Iterator[None]:
    """Keep other processes from changing the ring between our reading and our writing.

    Raise `RingBusy` if another one holds the lock for `wait_s` seconds, in which it does not change the ring.
    """
    target = file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(f"{target.name}.lock"), "a", opener=partial(_private, target)) as lock:
        seen, deadline = stamp(target), monotonic() + wait_s
        while not _try_lock(lock.fileno()):
            if stamp(target) != seen:  # others have their turns
                seen, deadline = stamp(target), monotonic() + wait_s
            if monotonic() >= deadline:
                raise RingBusy(f"KEY_RING_FILE: another process holds {lock.name}; nothing was changed")
            sleep(LOCK_RETRY_S)
        yield


@contextmanager
def in_one_line(file: Path) -> Iterator[None]:
    """Raise `BadKeyRing`, which names the file and what is wrong, for an `OSError`."""
    try:
        yield
    except OSError as error:
        whose = _whose(Path(error.filename)) if isinstance(error, PermissionError) and error.filename else ""
        raise BadKeyRing(f"KEY_RING_FILE: {file} cannot be used ({error.strerror}{whose})") from None


def stamp(file: Path) -> tuple[int, ...] | None:
    """Return what differs when the file, its owner or its mode was changed; None if it cannot be seen."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def readers(file: Path) -> str:
    """Say who can read the file: `lab`, or `lab or the group staff`. Empty where a mode does not tell."""
    if sys.platform == "win32":
        return ""
    return f"{_user(file)} or the group {_group(file)}" if file.stat().st_mode & stat.S_IRGRP else _user(file)


def _with_ends(keys: list[Key], written_at: float) -> Iterator[Key]:
    """Say when each key ceased to sign where the file does not: an earlier version's never does, nor does a hand.

    That is when the next key was made or when the file was written, whichever came later: it is never too early.
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
    except ValueError:  # written by a hand
        return 0


def _keep_others_out(file: Path, opened: int, status: os.stat_result) -> None:
    """Mend a mode by which others may read or change the keys, and say so. Raise `BadKeyRing` if it is not ours."""
    if sys.platform == "win32":  # has no such modes
        return
    mode = stat.S_IMODE(status.st_mode)
    if not mode & (OTHERS | GROUP_CHANGES):
        return
    with suppress(PermissionError):
        os.fchmod(opened, 0o600 if mode & OTHERS else mode & ~GROUP_CHANGES)
    mended = stat.S_IMODE(os.fstat(opened).st_mode)
    if mended == mode and status.st_uid != os.geteuid():
        raise BadKeyRing(f"KEY_RING_FILE: {file} lets others read or change the keys (mode {mode:04o}): chmod 600 it")
    log.warning(
        "KEY_RING_FILE: %s let others read or change the keys (mode %04o); it is %04o now. Others may have a copy:"
        " a key that they may have read should be revoked",
        *(file, mode, mended),
    )


def _let_in_as_before(target: Path, new: int) -> None:
    """Give a new file to the readers of `target`; if there is none, to the owner of its folder."""
    if sys.platform == "win32":
        return
    if not target.exists():
        _give_to_owner_of(target.parent, new)
        return
    before, made = target.stat(), os.fstat(new)
    if (before.st_uid, before.st_gid) != (made.st_uid, made.st_gid):
        try:
            os.fchown(new, before.st_uid, before.st_gid)
        except PermissionError:
            raise BadKeyRing(
                f"KEY_RING_FILE: {target} belongs to {_user(target)}, and a file of yours would shut its readers out:"
                f" run this as {_user(target)}; nothing was changed"
            ) from None
    os.fchmod(new, stat.S_IMODE(before.st_mode))
    _copy_access_list(target, new)


def _copy_access_list(target: Path, new: int) -> None:
    try:
        access_list = os.getxattr(target, ACCESS_LIST)
    except (OSError, AttributeError):  # it has none, or the system does not
        return
    os.setxattr(new, ACCESS_LIST, access_list)


def _give_to_owner_of(model: Path, new: int) -> None:
    """Let what root makes beside the nodes' files belong to the nodes."""
    if sys.platform != "win32" and os.geteuid() == 0:
        status = model.stat()
        os.fchown(new, status.st_uid, status.st_gid)


def _private(target: Path, path: str, flags: int) -> int:
    """Open a file, or make it for the readers of `target`. A link is not followed: root may run this anywhere."""
    follow_none = getattr(os, "O_NOFOLLOW", 0)
    try:
        made = os.open(path, flags | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags & ~os.O_CREAT | follow_none)
    _give_to_owner_of(target if target.exists() else target.parent, made)
    return made


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: a pipe would wait for its writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _try_lock(lock: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # as one and as the other say that it is taken
        return False
    return True


def _whose(path: Path) -> str:
    """Say to whom a file belongs that cannot be used, or the folder in which it cannot be made."""
    found = path if os.path.lexists(path) else path.parent
    return "" if sys.platform == "win32" else f": {found} belongs to {_user(found)}"


def _user(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"the user {path.stat().st_uid}"
    except OSError:  # it cannot even be seen
        return "another user"


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:
        return str(path.stat().st_gid)
