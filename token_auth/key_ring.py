"""The key ring as a process has it: read from the file that all share, and followed while others change it.

Nodes look at the file's age at most twice a second, so a change is felt within a second and costs no request a
look-up.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic, time

from .errors import BadKeyRing
from .key_file import LOCK_WAIT_S, in_one_line, locked, read_ring, stamp, write_ring
from .keys import LONGEST_LIFE_S, Algorithm, Key, Ring
from .private_file import readers

__all__ = ["KeyRing", "read_ring", "write_ring"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LOCK_WAIT_WHEN_SIGNING_S = 0.1  # a log-in does not wait for a process that holds the lock
KID = re.compile(r"k-[0-9a-f]{8}")


class KeyRing:
    """The ring in `file`, for tokens that this process signs by `alg` and that live at most `tokens_live_s` seconds.

    `now` is the clock that tokens are dated by, in seconds since the epoch. Raise `BadKeyRing` if the file is there
    and cannot be used, or is not there and cannot be made.
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
        self._unfit: str | None = None
        self._fit_again_at = monotonic()
        self._ring = self._open()
        self._alg_is_sure = self._ring.active.alg == alg

    def current(self) -> Ring:
        """Return the ring as it is now, or as it was half a second ago, without the keys that are needed no more."""
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
            key = self._look_now().find(kid)
        return key

    def problem(self) -> str | None:
        """Look at the file now; return in one line what is wrong with it, while the last good ring stays in use."""
        self._look_now()
        if self._unfit is not None:
            self.signing_key()  # tries again: a node that is not ready may be sent no log-ins
        return self._unreadable or self._unfit

    def signing_key(self) -> Key:
        """Return the key that signs now.

        A process that found another than the configured algorithm at its start makes sure of its own when it first
        signs. Whoever only looks at the ring, or changes a member from a terminal, changes no key by it; and what a
        running lab is told to sign with stays. The ring also has to know how long our tokens live, so that it keeps
        their key. What cannot be done now is tried again at the next look, and the last good ring signs meanwhile.
        """
        if not self._fits(self.current().active) and monotonic() >= self._fit_again_at:
            self._fit_again_at = monotonic() + LOOK_EVERY_S
            self._make_fit()
        return self._ring.active

    def rotate(self, alg: Algorithm | None = None) -> Ring:
        """Sign with a new key from now on, of the configured algorithm or of `alg`; the old one's tokens still verify.

        A process that starts later goes back to the configured one. This and the two below raise `BadKeyRing`, and
        then nothing was changed.
        """
        return self._change(lambda ring: ring.with_new_key(alg or self._alg, self._now(), self._tokens_live_s))

    def retire(self, kid: str) -> Ring:
        """Let a key sign no more, and its tokens live. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "retired", self._now()))

    def revoke(self, kid: str) -> Ring:
        """Refuse a key's tokens at once. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "revoked", self._now()))

    def followers(self) -> str:
        """Say which running nodes follow a change, and when."""
        with in_one_line(self._file):
            users = readers(self._file)
        return f"Nodes that read {self._file}{users and f' as {users}'} follow within a second."

    def _open(self) -> Ring:
        """Read the file, which may be another user's; make it if there is none."""
        with in_one_line(self._file):
            if not self._file.exists():
                with locked(self._file, LOCK_WAIT_S):
                    if not self._file.exists():  # no other process has made it meanwhile
                        write_ring(self._file, Ring(()).with_new_key(self._alg, self._now(), self._tokens_live_s))
            self._stamp = self._stamp_of_file()
            return read_ring(self._file)

    def _look_now(self) -> Ring:
        with self._looking:
            self._look()
        return self._ring

    def _look(self) -> None:
        """Read the file again if it is another one; while it is torn or missing, the last good ring stays in use."""
        stamp = self._stamp_of_file()
        try:
            if stamp is None or stamp != self._stamp:
                # The stamp counts as seen only once it was read: what could not be read now is tried again.
                with in_one_line(self._file):
                    self._ring, self._stamp = read_ring(self._file), stamp
            self._unreadable = None
        except BadKeyRing as error:
            if self._unreadable != error.message:
                log.error("the key ring file cannot be read, the last good one stays in use: %s", error.message)
            self._unreadable = error.message
        self._ring = self._ring.without_expired(self._now())

    def _fits(self, key: Key) -> bool:
        self._alg_is_sure = self._alg_is_sure or key.alg == self._alg
        fits = self._alg_is_sure and self._is_kept_for_ours(key)
        if fits:
            self._unfit = None
        return fits

    def _is_kept_for_ours(self, key: Key) -> bool:
        return key.tokens_live_s is None or key.tokens_live_s >= self._tokens_live_s

    def _make_fit(self) -> None:
        try:
            self._change(self._fitting, LOCK_WAIT_WHEN_SIGNING_S)
            self._alg_is_sure, self._unfit = True, None
        except BadKeyRing as error:
            if self._unfit != error.message:
                log.error("the key ring was not changed, the last good one stays in use: %s", error.message)
            self._unfit = error.message

    def _fitting(self, ring: Ring) -> Ring:
        if not self._alg_is_sure and ring.active.alg != self._alg:
            return ring.with_new_key(self._alg, self._now(), self._tokens_live_s)
        return ring if self._is_kept_for_ours(ring.active) else ring.with_lifetime(self._tokens_live_s)

    def _change(self, change: Callable[[Ring], Ring], wait_s: float | None = None) -> Ring:
        with in_one_line(self._file), locked(self._file, LOCK_WAIT_S if wait_s is None else wait_s):
            ring = change(read_ring(self._file)).without_expired(self._now())
            write_ring(self._file, ring)
        self._look_now()
        return ring

    def _stamp_of_file(self) -> tuple[int, ...] | None:
        return stamp(self._file)
