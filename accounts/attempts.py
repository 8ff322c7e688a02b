"""How often a log-in may fail: counted by name and by address, in the store if it answers, else in this node."""

import hashlib
import math
import time
from functools import partial
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from errors import RateLimited, StoreUnavailable
from store_connection import StoreConnection

FAILURES_PER_MINUTE = 10

Key = tuple[str, str]


class Attempts:
    """Failed log-ins of the last minute. A success is not counted."""

    def __init__(self, store: StoreConnection, prefix: str, limit: int = FAILURES_PER_MINUTE) -> None:
        self._limit = RateLimitItemPerMinute(limit)
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(SharedWindows(store, f"{prefix}attempts"))

    def refuse_if_exhausted(self, username: str, address: str) -> None:
        """Raise `RateLimited` if this name or this address has failed too often."""
        for key in _keys(username, address):
            for ask in (self._ask, self._ask_here):  # a full store can be read, and what it could not take is here
                if not ask("test", key):
                    window = ask("get_window_stats", key)
                    raise RateLimited(max(1, math.ceil(window.reset_time - time.time())))

    def count_failure(self, username: str, address: str) -> None:
        """Count one failed log-in."""
        for key in _keys(username, address):
            self._ask("hit", key)

    def _ask(self, verb: str, key: Key) -> Any:
        """Ask the store's limiter, or this node's while the store does not answer."""
        try:
            return getattr(self._shared, verb)(self._limit, *key)
        except StoreUnavailable:
            return self._ask_here(verb, key)

    def _ask_here(self, verb: str, key: Key) -> Any:
        return getattr(self._here, verb)(self._limit, *key)


class SharedWindows(RedisStorage):
    """The limiter's own scripts, sent as every other command is: its own clients wait longer, and try again."""

    def __init__(self, store: StoreConnection, key_prefix: str) -> None:
        self._store = store
        super().__init__("redis://", key_prefix=key_prefix)  # a client that is never used, and connects to nothing

    def initialize_storage(self, _uri: str) -> None:
        """Take the two scripts that a moving window needs. Each works on one key."""
        self.lua_moving_window = partial(self._run, "attempts read", self.SCRIPT_MOVING_WINDOW)  # type: ignore[assignment]
        self.lua_acquire_moving_window = partial(self._run, "attempts count", self.SCRIPT_ACQUIRE_MOVING_WINDOW)  # type: ignore[assignment]

    def _run(self, what: str, script: bytes, keys: list[str], arguments: list[Any]) -> Any:
        # Not by its hash: any server may be the one that has not seen the script yet.
        return self._store.described(what, "EVAL", script, len(keys), *keys, *map(str, arguments))


def _keys(username: str, address: str) -> list[Key]:
    # Hashed: what people type into the name field may be their password.
    return [("name", hashlib.sha256(username.encode()).hexdigest()[:32]), ("address", address)]
