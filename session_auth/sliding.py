"""Sliding expiry with few writes. No session ends early.

`GETEX … EX` on every read would cost a write in the store's log and its replicas each time. So the TTL is set a little
longer than the idle time (5 %), and a node that has set it does not set it again before that extra time is over. Until
then the TTL covers the idle time after any read. A node sets the TTL of every record that it does not remember.
"""

import time
from typing import NamedTuple

LATE_DIVISOR = 20  # a twentieth of the idle time
MOST_REMEMBERED = 32_768  # sessions, or up to twice as many: about 12 MB

# CLOCK_BOOTTIME also counts the time while the machine sleeps, as the store's clock does.
_SLEEPLESS: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class IdleTime(NamedTuple):
    """How long an unread session lives, in seconds: at least `least_s`, at most `late_s` longer."""

    least_s: int
    late_s: int = 0

    @classmethod
    def sliding(cls, idle_s: int) -> "IdleTime":
        """Return an idle time that ends at most 5 % late, and exactly if 5 % is less than a second."""
        return cls(idle_s, idle_s // LATE_DIVISOR)

    @property
    def most_s(self) -> int:
        """The TTL to set in the store, in seconds."""
        return self.least_s + self.late_s


class Extensions:
    """Remembers when this node last set each record's TTL.

    Forgetting is always safe: it costs one extra write. So no lock is needed, and the older half may be dropped.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._newer: dict[str, float] = {}
        self._older: dict[str, float] = {}

    def now(self) -> float:
        """Return seconds of a monotonic clock."""
        return time.clock_gettime(_SLEEPLESS)

    def is_due(self, record: str, late_s: int, now: float) -> bool:
        """Return whether a read at `now` has to set the TTL."""
        extended_at = self._newer.get(record)
        if extended_at is None:
            extended_at = self._older.get(record)
        return extended_at is None or now - extended_at >= late_s

    def note(self, record: str, began_at: float) -> None:
        """Remember that a command sent at `began_at` set the TTL."""
        if len(self._newer) >= self._most:
            self._newer, self._older = {}, self._newer
        self._newer[record] = began_at

    def forget(self) -> None:
        """Forget all: a store that has failed may have lost the last TTLs."""
        self._newer, self._older = {}, {}
