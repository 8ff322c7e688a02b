"""How often a log-in may fail: counted by name and by address, in the store if it answers, else in this node."""

import hashlib
import math
import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from errors import RateLimited, StoreUnavailable
from store_connection import StoreConnection

FAILURES_PER_MINUTE = 10

Key = tuple[str, str]


class Attempts:
    """Failed log-ins of the last minute. A success is not counted."""

    def __init__(self, store: StoreConnection, prefix: str, limit: int = FAILURES_PER_MINUTE) -> None:
        self._store = store
        self._prefix = f"{prefix}attempts"
        self._limit = RateLimitItemPerMinute(limit)
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None

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

        def ask_store(client: Redis) -> Any:
            return getattr(self._shared_limiter(client), verb)(self._limit, *key)

        try:
            return self._store.attempt(f"attempts {verb}", ask_store)
        except StoreUnavailable:
            return self._ask_here(verb, key)

    def _ask_here(self, verb: str, key: Key) -> Any:
        return getattr(self._here, verb)(self._limit, *key)

    def _shared_limiter(self, client: Redis) -> MovingWindowRateLimiter:
        if self._shared is None:
            storage = RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix=self._prefix)
            self._shared = MovingWindowRateLimiter(storage)
        return self._shared


def _keys(username: str, address: str) -> list[Key]:
    # Hashed: what people type into the name field may be their password.
    return [("name", hashlib.sha256(username.encode()).hexdigest()[:32]), ("address", address)]
