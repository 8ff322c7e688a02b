"""The key ring's file: read by every node, changed by one hand at a time, replaced as a whole.

Nodes look at the file's age at most twice a second, so a change is felt within a second and costs no request a
look-up.
"""

import fcntl
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from time import monotonic

from jwt import PyJWTError

from config import Algorithm
from token_auth.keys import BadKeyRing, Key, Ring, key_from_file

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
KID = re.compile(r"k-[0-9a-f]{8}")


class KeyRing:
    """The ring in its file: read by nodes, changed by one hand at a time, replaced as a whole."""

    def __init__(self, file: Path, alg: Algorithm) -> None:
        self._file = file
        self._alg = alg
        self._looking = Lock()
        self._looked_at = monotonic()
        self._stamp: tuple[int, int, int] | None = None
        self._unreadable: object = None
        self._ring = self._open()
        self._alg_is_sure = self._ring.active.alg == alg

    def current(self) -> Ring:
        """Return the ring as it is now, or as it was half a second ago."""
        if monotonic() - self._looked_at >= LOOK_EVERY_S and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked_at = monotonic()
                self._looking.release()
        return self._ring

    def find(self, kid: object) -> Key | None:
        """Return the key of this id, or None.

        An unknown one that could be ours may have been made this moment, and another node signs with it already:
        that is worth a look at the file. Anything else is only ever compared.
        """
        key = self.current().find(kid)
        if key is None and isinstance(kid, str) and KID.fullmatch(kid):
            with self._looking:
                self._look()
            key = self._ring.find(kid)
        return key

    def signing_key(self) -> Key:
        """Return the key that signs now.

        A process that found another than the configured algorithm at its start makes sure of its own when it first
        signs. Whoever only looks at the ring, or changes a member from a terminal, changes no key by it; and what a
        running lab is told to sign with stays.
        """
        if not self._alg_is_sure:
            self._alg_is_sure = True
            if self.current().active.alg != self._alg:
                self._change(lambda ring: ring if ring.active.alg == self._alg else ring.with_new_key(self._alg))
        return self.current().active

    def rotate(self, alg: Algorithm | None = None) -> Ring:
        """Sign with a new key from now on, of the configured algorithm or of `alg`; the old one's tokens still verify.

        A process that starts later goes back to the configured one.
        """
        return self._change(lambda ring: ring.with_new_key(alg or self._alg))

    def retire(self, kid: str) -> Ring:
        """Let a key sign no more, and its tokens live. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "retired"))

    def revoke(self, kid: str) -> Ring:
        """Refuse a key's tokens at once. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "revoked"))

    def _open(self) -> Ring:
        """Read the file; make it if there is none."""
        with self._locked():
            if not self._file.exists():
                write_ring(self._file, Ring(()).with_new_key(self._alg))
            ring = read_ring(self._file)
            self._stamp = self._stamp_of_file()
            return ring

    def _look(self) -> None:
        """Read the file again if it is another one; while it is torn or missing, the last good ring stays in use."""
        stamp = self._stamp_of_file()
        if stamp == self._stamp:
            return
        try:
            # The stamp counts as seen only once it was read: what could not be read now is tried again.
            self._ring, self._stamp = read_ring(self._file), stamp
            self._unreadable = None
        except (OSError, BadKeyRing) as error:
            if self._unreadable != (stamp, str(error)):
                log.error("the key ring file cannot be read, the last good one stays in use: %s", error)
            self._unreadable = (stamp, str(error))

    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        with self._looking, self._locked():  # nobody who read the file before may put that ring over this one
            ring = change(read_ring(self._file))
            write_ring(self._file, ring)
            self._ring, self._stamp = ring, self._stamp_of_file()
            return ring

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the ring between our reading and our writing. Raise `BadKeyRing`."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._file.with_name(self._file.name + ".lock"), "a", opener=_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise BadKeyRing(f"KEY_RING_FILE: {self._file} cannot be used ({error.strerror})") from None

    def _stamp_of_file(self) -> tuple[int, int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size


def read_ring(file: Path) -> Ring:
    """Read and check a ring. Raise `BadKeyRing` saying what is wrong with it, or `OSError`."""
    try:
        keys = tuple(key_from_file(entry) for entry in json.loads(file.read_text())["keys"])
    except (PyJWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadKeyRing(f"KEY_RING_FILE: {file} is not a key ring") from None
    if sum(key.state == "active" for key in keys) != 1:
        raise BadKeyRing(f"KEY_RING_FILE: {file} needs exactly one active key")
    if len({key.kid for key in keys}) != len(keys):
        raise BadKeyRing(f"KEY_RING_FILE: {file} has two keys of one id")
    return Ring(keys)


def write_ring(file: Path, ring: Ring) -> None:
    """Replace the file by a new one that only its owner can read; a reader sees the old one or the new one."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as new:  # made 0600
        try:
            json.dump({"keys": [asdict(key) for key in ring.keys]}, new, indent=2)
            new.flush()
            os.fsync(new.fileno())
            os.replace(new.name, file)
        except OSError:
            os.unlink(new.name)  # no half-written keys are left lying about
            raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
