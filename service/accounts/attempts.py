"""Limit failed log-ins, counted by name and by address: in the store if it answers, else in this node."""

import hashlib
import math
import time
from functools import partial
from threading import Lock
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from limits.util import WindowStats

from service.accounts.names import as_compared
from service.errors import RateLimited, StoreUnavailable
from service.store.connection import StoreCommands

FAILURES_PER_MINUTE = 10
MOST_KEYS_HERE = 10_000  # a few megabytes of memory

Key = tuple[str, ...]


class Attempts:
    """Failed log-ins of the last minute. Successful ones are not counted."""

    def __init__(self, store: StoreCommands, prefix: str, limit: int = FAILURES_PER_MINUTE) -> None:
        self._limit = RateLimitItemPerMinute(limit)
        self._here = WindowsHere()
        self._shared = MovingWindowRateLimiter(SharedWindows(store, f"{prefix}attempts"))

    def refuse_if_exhausted(self, username: str, address: str) -> None:
        """Raise `RateLimited` if this name or this address has failed too often."""
        for key in _keys(username, address):
            for ask in (self._ask, self._ask_here):  # a full store can be read, but new failures are counted here
                if not ask("test", key):
                    window = ask("get_window_stats", key)
                    raise RateLimited(max(1, math.ceil(window.reset_time - time.time())))

    def count_failure(self, username: str, address: str) -> None:
        """Count one failed log-in."""
        for key in _keys(username, address):
            self._ask("hit", key)

    def _ask(self, verb: str, key: Key) -> Any:
        """Call the store's limiter, or this node's while the store does not answer."""
        try:
            return getattr(self._shared, verb)(self._limit, *key)
        except StoreUnavailable:
            return self._ask_here(verb, key)

    def _ask_here(self, verb: str, key: Key) -> Any:
        return getattr(self._here, verb)(self._limit, *key)


class WindowsHere:
    """The limiter's moving windows in this node's memory, with the methods of the library's limiter.

    The library's own memory storage keeps every name that was ever tried. This one removes ended windows at the
    next failure, and the least recently used one when there are too many.
    """

    def __init__(self, most_keys: int = MOST_KEYS_HERE) -> None:
        self._failures: dict[Key, list[float]] = {}  # ordered: the key that failed last is last
        self._most_keys = most_keys
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._failures)

    def test(self, limit: RateLimitItem, *key: str) -> bool:
        """Return whether one more failure would be within the limit."""
        return len(self._live(limit, key)) < limit.amount

    def hit(self, limit: RateLimitItem, *key: str) -> None:
        """Count one failure."""
        with self._lock:
            failures = [*self._live(limit, key), time.time()]
            self._failures.pop(key, None)
            self._failures[key] = failures[-limit.amount :]
            self._forget(limit)

    def get_window_stats(self, limit: RateLimitItem, *key: str) -> WindowStats:
        """Return when the oldest failure leaves the window, and how many more failures the limit allows."""
        failures = self._live(limit, key)
        begun = failures[0] if failures else time.time()
        return WindowStats(begun + limit.get_expiry(), limit.amount - len(failures))

    def _live(self, limit: RateLimitItem, key: Key) -> list[float]:
        since = time.time() - limit.get_expiry()
        return [failed_at for failed_at in self._failures.get(key, []) if failed_at > since]

    def _forget(self, limit: RateLimitItem) -> None:
        for key in list(self._failures):
            if len(self) <= self._most_keys and self._live(limit, key):
                return
            del self._failures[key]


class SharedWindows(RedisStorage):
    """The limiter's scripts, sent through our store client: the library's clients wait longer and retry."""

    def __init__(self, store: StoreCommands, key_prefix: str) -> None:
        self._store = store
        super().__init__("redis://", key_prefix=key_prefix)  # this client is never used and never connects

    def initialize_storage(self, _uri: str) -> None:
        """Load the two scripts of a moving window. Each uses one key."""
        self.lua_moving_window = partial(self._run, "attempts read", self.SCRIPT_MOVING_WINDOW)  # type: ignore[assignment]
        self.lua_acquire_moving_window = partial(self._run, "attempts count", self.SCRIPT_ACQUIRE_MOVING_WINDOW)  # type: ignore[assignment]

    def _run(self, what: str, script: bytes, keys: list[str], arguments: list[Any]) -> Any:
        # EVAL and not EVALSHA: any server of a cluster may not have the script yet.
        return self._store.described(what, "EVAL", script, len(keys), *keys, *map(str, arguments))


def _keys(username: str, address: str) -> list[Key]:
    # Hashed, because people may type their password into the name field. All spellings of a name count as one.
    hashed = hashlib.sha256(as_compared(username).encode()).hexdigest()[:32]
    return [("name", hashed), ("address", address)]
