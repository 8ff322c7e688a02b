"""Keep the key ring file's owner and permissions when another user writes it.

A command may run as another user than the nodes, usually root. The new file gets the old file's owner, group, mode and
access list, so that the nodes can read it. If that is not possible, nothing is written.
"""

import logging
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from .errors import BadKeyRing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger(__name__)

OTHERS = stat.S_IRWXO
GROUP_CHANGES = stat.S_IWGRP | stat.S_IXGRP
ACCESS_LIST = "system.posix_acl_access"  # acl(5)


def readers(file: Path) -> str:
    """Return who can read the file: `lab`, or `lab or the group staff`. Empty on systems without file modes."""
    if sys.platform == "win32":
        return ""
    return f"{_user(file)} or the group {_group(file)}" if file.stat().st_mode & stat.S_IRGRP else _user(file)


def correct_mode(file: Path, opened: int, status: os.stat_result) -> None:
    """Correct a mode that lets others read or change the keys, and log it. Raise `BadKeyRing` if that fails."""
    if sys.platform == "win32":  # no such modes
        return
    mode = stat.S_IMODE(status.st_mode)
    if not mode & (OTHERS | GROUP_CHANGES):
        return
    with suppress(OSError):  # another user's file, or a read-only disk
        os.fchmod(opened, 0o600 if mode & OTHERS else mode & ~GROUP_CHANGES)
    mended = stat.S_IMODE(os.fstat(opened).st_mode)
    if mended == mode and status.st_uid != os.geteuid():
        raise BadKeyRing(
            "%(file)s lets others read or change the keys (mode %(mode)s): chmod 600 it", file=file, mode=f"{mode:04o}"
        )
    log.warning(
        "the key ring file %s let others read or change the keys (mode %04o); it is %04o now. Others may have a copy:"
        " a key that they may have read should be revoked",
        *(file, mode, mended),
    )


def copy_permissions(target: Path, new: int) -> None:
    """Give a new file the owner and permissions of `target`; without a `target`, the owner of its folder."""
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
            if before.st_uid != made.st_uid or before.st_mode & stat.S_IRWXG:
                raise BadKeyRing(
                    "%(file)s belongs to %(owner)s, and a file of yours would shut its readers out; nothing was"
                    " changed. Run this as root or as its owner",
                    file=target,
                    owner=f"{_user(target)}:{_group(target)}",
                ) from None
    os.fchmod(new, stat.S_IMODE(before.st_mode))
    _copy_access_list(target, new)


def _copy_access_list(target: Path, new: int) -> None:
    try:
        access_list = os.getxattr(target, ACCESS_LIST)
    except (OSError, AttributeError):  # no access list, or no support for them
        return
    os.setxattr(new, ACCESS_LIST, access_list)


def _give_to_owner_of(model: Path, new: int) -> None:
    """Give a file that root created to the owner of `model`, so that the nodes can use it."""
    if sys.platform != "win32" and os.geteuid() == 0:
        status = model.stat()
        os.fchown(new, status.st_uid, status.st_gid)


def open_private(target: Path, path: str, flags: int) -> int:
    """Open a file, or create it for the owner of `target` or of its folder.

    Links are not followed: root may run this in a folder where other users can create links.
    """
    try:
        made = os.open(path, flags | os.O_EXCL, 0o600)
    except FileExistsError:
        return open_at_once(path, flags & ~os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    _give_to_owner_of(target if target.exists() else target.parent, made)
    return made


def open_at_once(path: str, flags: int) -> int:
    """Open without blocking: opening a pipe would wait for the other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def try_lock(lock: int) -> bool:
    """Try to lock an open file. Return whether it worked. Closing the file releases the lock."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX and Windows errors for "locked"
        return False
    return True


def whose(path: Path) -> str:
    """Return the owner of an unusable file, or of the folder in which it cannot be created, as a message part."""
    found = path if os.path.lexists(path) else path.parent
    return "" if sys.platform == "win32" else f": {found} belongs to {_user(found)}"


def _user(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"the user {path.stat().st_uid}"
    except OSError:  # not accessible
        return "another user"


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:
        return str(path.stat().st_gid)
