"""A process's copy of the key ring: read from the shared file, and reloaded when another process changes it.

A node checks the file's time stamp at most twice a second. So a change applies within a second, and a request needs
no look-up for it.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic, time

from .errors import BadKeyRing
from .key_file import LOCK_WAIT_S, as_bad_key_ring, locked, read_ring, stamp, write_ring
from .keys import LONGEST_LIFE_S, Algorithm, Key, Ring
from .private_file import readers

__all__ = ["KeyRing", "read_ring", "write_ring"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LOCK_WAIT_WHEN_SIGNING_S = 0.1  # a log-in does not wait for a process that holds the lock
KID = re.compile(r"k-[0-9a-f]{8}")


class KeyRing:
    """The key ring in `file`. This process signs with `alg` tokens that live at most `tokens_live_s` seconds.

    `now` returns seconds since the epoch, for the tokens' times. Raise `BadKeyRing` if the file exists and cannot be
    used, or does not exist and cannot be created.
    """

    def __init__(
        self,
        file: Path | str,
        alg: Algorithm = "HS256",
        now: Callable[[], float] = time,
        tokens_live_s: int = LONGEST_LIFE_S,
    ) -> None:
        self._file = Path(file)
        self._alg = alg
        self._now = now
        self._tokens_live_s = tokens_live_s
        self._looking = Lock()
        self._looked_at = monotonic()
        self._stamp: tuple[int, ...] | None = None
        self._unreadable: str | None = None
        self._adoption_failed: str | None = None
        self._fit_again_at = monotonic()
        self._file_has_old_keys = False
        self._ring = self._open()
        self._alg_is_adopted = self._ring.active.alg == alg

    def current(self) -> Ring:
        """Return the ring, at most half a second old, without the keys that are no longer needed."""
        if monotonic() - self._looked_at >= LOOK_EVERY_S and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked_at = monotonic()
                self._looking.release()
        return self._ring

    def find(self, kid: object) -> Key | None:
        """Return the key of this id, or None.

        An unknown id in our format may be a new key that another node already signs with, so the file is read again.
        Any other value is only compared.
        """
        key = self.current().find(kid)
        if key is None and isinstance(kid, str) and KID.fullmatch(kid):
            key = self._look_now().find(kid)
        return key

    def problem(self) -> str | None:
        """Check the file now. Return what is wrong with it in one line, or None. The last good ring stays in use."""
        self._look_now()
        if self._adoption_failed is not None:
            self.signing_key()  # try again here: a node that is not ready may get no log-ins, which would try it
        return self._unreadable or self._adoption_failed

    def signing_key(self) -> Key:
        """Return the active key.

        If the ring's algorithm at the start of the process was not the configured one, the first signature adds a key
        for the configured one. Commands that only read the ring or change a member therefore change no key, and a later
        `flask keys rotate --algorithm` stays in effect. This call also records the longest token lifetime in the ring,
        which keeps a key that long. If the file cannot be changed now, the last good ring signs, and the next check of
        the file tries again. It also deletes keys from the file that are no longer needed.
        """
        self.current()
        self._drop_from_file()
        if not self._is_as_configured(self._ring.active) and monotonic() >= self._fit_again_at:
            self._fit_again_at = monotonic() + LOOK_EVERY_S
            self._adopt_configuration()
        return self._ring.active

    def rotate(self, alg: Algorithm | None = None) -> Ring:
        """Sign with a new key of algorithm `alg` (default: the configured one). Tokens of the old key stay valid.

        A process that starts later returns to the configured algorithm. This method and the next three raise
        `BadKeyRing`; then nothing was changed.
        """
        return self._change(lambda ring: ring.with_new_key(alg or self._alg, self._now(), self._tokens_live_s))

    def retire(self, kid: str) -> Ring:
        """Stop signing with a key. Its tokens stay valid. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "retired", self._now()))

    def revoke(self, kid: str) -> Ring:
        """Refuse a key's tokens at once. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "revoked", self._now()))

    def delete(self, kid: str) -> Ring:
        """Delete a revoked key, or one whose tokens have all expired. Raise `UnknownKey` or `KeyInUse`."""
        return self._change(lambda ring: ring.without(kid, self._now()))

    def followed(self) -> tuple[Path, str]:
        """Return the file by which running nodes follow a change within a second, and who can read it.

        The second is empty on systems without file modes.
        """
        with as_bad_key_ring(self._file):
            return self._file, readers(self._file)

    def _open(self) -> Ring:
        """Read the file, which may belong to another user. Create it if it does not exist."""
        with as_bad_key_ring(self._file):
            if not self._file.exists():
                with locked(self._file, LOCK_WAIT_S):
                    if not self._file.exists():  # still missing: no other process has created it
                        write_ring(self._file, Ring(()).with_new_key(self._alg, self._now(), self._tokens_live_s))
            self._stamp = self._stamp_of_file()
            return read_ring(self._file)

    def _look_now(self) -> Ring:
        with self._looking:
            self._look()
        return self._ring

    def _look(self) -> None:
        """Read the file again if it has changed. If it is damaged or missing, the last good ring stays in use."""
        stamp = self._stamp_of_file()
        try:
            if stamp is None or stamp != self._stamp:
                # Remember the stamp only after a successful read, so that a failed read is repeated.
                with as_bad_key_ring(self._file):
                    self._ring, self._stamp = read_ring(self._file), stamp
            self._unreadable = None
        except BadKeyRing as error:
            if self._unreadable != error.message:
                log.error("the key ring file cannot be read; the last good ring stays in use: %s", error.message)
            self._unreadable = error.message
        needed = self._ring.without_expired(self._now())
        self._file_has_old_keys = self._file_has_old_keys or needed is not self._ring
        self._ring = needed

    def _drop_from_file(self) -> None:
        """Delete unneeded keys from the file, once. If it cannot be changed now, its next change deletes them."""
        if self._file_has_old_keys:
            self._file_has_old_keys = False
            with suppress(BadKeyRing):
                self._change(lambda ring: ring, LOCK_WAIT_WHEN_SIGNING_S)

    def _is_as_configured(self, key: Key) -> bool:
        """Return whether the active key may sign: the algorithm was adopted once, and the key is kept long enough."""
        self._alg_is_adopted = self._alg_is_adopted or key.alg == self._alg
        is_so = self._alg_is_adopted and self._is_kept_long_enough(key)
        if is_so:
            self._adoption_failed = None
        return is_so

    def _is_kept_long_enough(self, key: Key) -> bool:
        return key.tokens_live_s is None or key.tokens_live_s >= self._tokens_live_s

    def _adopt_configuration(self) -> None:
        """Change the file so that its active key is as configured. If that fails, log it once."""
        try:
            self._change(self._as_configured, LOCK_WAIT_WHEN_SIGNING_S)
            self._alg_is_adopted, self._adoption_failed = True, None
        except BadKeyRing as error:
            if self._adoption_failed != error.message:
                log.error("the key ring was not changed; the last good ring stays in use: %s", error.message)
            self._adoption_failed = error.message

    def _as_configured(self, ring: Ring) -> Ring:
        # Once: an algorithm that `flask keys rotate` chose later stays.
        if not self._alg_is_adopted and ring.active.alg != self._alg:
            return ring.with_new_key(self._alg, self._now(), self._tokens_live_s)
        return ring if self._is_kept_long_enough(ring.active) else ring.with_lifetime(self._tokens_live_s)

    def _change(self, change: Callable[[Ring], Ring], wait_s: float | None = None) -> Ring:
        with as_bad_key_ring(self._file), locked(self._file, LOCK_WAIT_S if wait_s is None else wait_s):
            ring = change(read_ring(self._file)).without_expired(self._now())
            write_ring(self._file, ring)
        self._look_now()
        return ring

    def _stamp_of_file(self) -> tuple[int, ...] | None:
        return stamp(self._file)
