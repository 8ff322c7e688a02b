"""The cheapest sliding expiry that ends no session early.

With `EX` a read sets the record's time to live, and the store writes that into its log and to its replicas. So the time
to live is a share longer than the idle time, and a node that has set it need not do so again before that share is over:
until then at least the idle time is left, counted from any read. What a node does not remember, it sets.
"""

import time
from typing import NamedTuple

SHARE = 20
MOST_REMEMBERED = 32_768  # sessions, or up to twice as many: about 12 MB

# It counts the time that the machine sleeps: the store's clock goes on meanwhile.
_SLEEPLESS: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class IdleTime(NamedTuple):
    """How long a session lives unread, in seconds: at least, and how much later at most."""

    least_s: int
    late_s: int = 0

    @classmethod
    def sliding(cls, idle_s: int) -> "IdleTime":
        """Return an idle time that ends a twentieth late at most: to the second if a twentieth is less than one."""
        return cls(idle_s, idle_s // SHARE)

    @property
    def most_s(self) -> int:
        """The time to live that the store is told."""
        return self.least_s + self.late_s


class Extensions:
    """When this node has last set which record's time to live, as far as it remembers.

    To forget is always safe, it costs one write. So threads need no lock here, and of too many the oldest half goes.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._newer: dict[str, float] = {}
        self._older: dict[str, float] = {}

    def now(self) -> float:
        """Return seconds by a clock that is never set."""
        return time.clock_gettime(_SLEEPLESS)

    def is_due(self, record: str, late_s: int, now: float) -> bool:
        """Tell whether a read at `now` has to set the time to live, so that the idle time is left."""
        extended_at = self._newer.get(record)
        if extended_at is None:
            extended_at = self._older.get(record)
        return extended_at is None or now - extended_at >= late_s

    def note(self, record: str, began_at: float) -> None:
        """Remember that a command sent at `began_at` has set it."""
        if len(self._newer) >= self._most:
            self._newer, self._older = {}, self._newer
        self._newer[record] = began_at

    def forget(self) -> None:
        """Rely on nothing: a store that has failed may have lost what it was told last."""
        self._newer, self._older = {}, {}
