"""Limit failed log-ins, counted by name and by address: in the store if it answers, else in this node.

A key holds the times of its last failures, up to the limit. It is exhausted while the oldest of them is within a
minute (a moving window).
"""

import hashlib
import math
import time
from threading import Lock

from service.accounts.names import as_compared
from service.errors import RateLimited, StoreUnavailable
from service.store.connection import StoreCommands

FAILURES_PER_MINUTE = 10
MINUTE_S = 60
MOST_KEYS_HERE = 10_000  # a few megabytes of memory

Key = tuple[str, ...]

# In one script, so that every key that is written expires. KEYS[1]: the times, the newest first.
COUNT = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""


class Attempts:
    """Failed log-ins of the last minute. Successful ones are not counted."""

    def __init__(self, store: StoreCommands, prefix: str, limit: int = FAILURES_PER_MINUTE) -> None:
        self._here = WindowsHere(limit)
        self._shared = SharedWindows(store, f"{prefix}attempts", limit)

    def refuse_if_exhausted(self, username: str, address: str) -> None:
        """Raise `RateLimited` if this name or this address has failed too often."""
        for key in _keys(username, address):
            # Both, because a full store can be read, but new failures are counted here.
            until = max(self._exhausted_until(key), self._here.exhausted_until(key))
            wait_s = min(until - time.time(), MINUTE_S)  # another node's clock may be ahead, but its count expires
            if wait_s > 0:
                raise RateLimited(math.ceil(wait_s))

    def count_failure(self, username: str, address: str) -> None:
        """Count one failed log-in."""
        for key in _keys(username, address):
            try:
                self._shared.count(key)
            except StoreUnavailable:
                self._here.count(key)

    def _exhausted_until(self, key: Key) -> float:
        try:
            return self._shared.exhausted_until(key)
        except StoreUnavailable:
            return 0


class WindowsHere:
    """Counts in this node's memory.

    Ended windows are removed at the next failure, and the window that failed least recently if there are too many.
    """

    def __init__(self, limit: int, most_keys: int = MOST_KEYS_HERE) -> None:
        self._limit = limit
        self._failures: dict[Key, list[float]] = {}  # ordered: the key that failed last is last
        self._most_keys = most_keys
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._failures)

    def exhausted_until(self, key: Key) -> float:
        """Return until when log-ins are refused (seconds since the epoch); a time in the past if they are not."""
        with self._lock:
            failures = self._failures.get(key, [])
        return failures[0] + MINUTE_S if len(failures) == self._limit else 0

    def count(self, key: Key) -> None:
        """Count one failure, now."""
        with self._lock:
            failures = [*self._failures.pop(key, []), time.time()]
            self._failures[key] = failures[-self._limit :]
            self._forget()

    def _forget(self) -> None:
        for key, failures in list(self._failures.items()):
            if len(self) <= self._most_keys and failures[-1] + MINUTE_S > time.time():
                return
            del self._failures[key]


class SharedWindows:
    """Counts in the store. Both methods raise `StoreUnavailable`."""

    def __init__(self, store: StoreCommands, prefix: str, limit: int) -> None:
        self._store = store
        self._prefix = prefix
        self._limit = limit

    def exhausted_until(self, key: Key) -> float:
        """Return until when log-ins are refused (seconds since the epoch); a time in the past if they are not."""
        oldest = self._store.described("attempts read", "LINDEX", self._name(key), self._limit - 1)
        try:
            return float(oldest or 0) + MINUTE_S
        except ValueError:  # not written by a node
            return 0

    def count(self, key: Key) -> None:
        """Count one failure, now."""
        # EVAL and not EVALSHA: any server of a cluster may not have the script yet.
        arguments = (repr(time.time()), self._limit, MINUTE_S)
        self._store.described("attempts count", "EVAL", COUNT, 1, self._name(key), *arguments)

    def _name(self, key: Key) -> str:
        return ":".join((self._prefix, *key))


def _keys(username: str, address: str) -> list[Key]:
    # Hashed, because people may type their password into the name field. All spellings of a name count as one.
    hashed = hashlib.sha256(as_compared(username).encode()).hexdigest()[:32]
    return [("name", hashed), ("address", address)]
