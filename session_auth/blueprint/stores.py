"""The lab's two session stores: shared by all nodes, or in this process's memory. Pages can show their content."""

from collections.abc import Callable
from threading import Lock
from time import time
from typing import Protocol

from service.store.connection import TimedConnection
from session_auth.errors import WrongKind
from session_auth.sliding import IdleTime
from session_auth.store import IndexEntry, RedisSessions, SessionStore

REMEMBER_S = 3600  # how long a process remembers that a session ended here, and was not another process's
DOES_NOT_SLIDE = "the store takes no writes: its idle time does not slide"


class MemberSessions(SessionStore, Protocol):
    """A session store whose content the lab can show."""

    where: str

    def has_ended(self, key: str) -> bool:
        """Return whether a record that is absent here has certainly ended, and is not in another process."""

    def ttl_s(self, key: str) -> float | None:
        """Return the seconds until an unread record expires; None if there is no record."""

    def names(self, key: str, user_id: str) -> tuple[str, str]:
        """Return the names of the record and of the member's index in this store."""


class SharedSessions(RedisSessions):
    """Sessions in the store that all nodes share."""

    where = "store"

    def __init__(self, store: TimedConnection, prefix: str) -> None:
        super().__init__(store, prefix)
        self._timed = store

    def has_ended(self, key: str) -> bool:
        return True

    def ttl_s(self, key: str) -> float | None:
        milliseconds: int = self._store.command("PTTL", self._record(key))
        return milliseconds / 1000 if milliseconds >= 0 else None

    def names(self, key: str, user_id: str) -> tuple[str, str]:
        return self._record(key), self._index(user_id)

    def _read_only(self, record: str) -> bytes | None:
        """Read without extending the TTL, and record that in the trace."""
        try:
            reply: bytes | None = self._timed.described(f"GET {record} ({DOES_NOT_SLIDE})", "GET", record)
        except WrongKind:
            return None
        return reply


class MemorySessions:
    """Sessions in this process's memory: other nodes cannot read them, and they end with the process.

    Their idle time is exact to the second: extending it costs nothing here.
    """

    where = "memory"

    def __init__(self, now: Callable[[], float] = time) -> None:
        self._now = now
        self._lock = Lock()
        self._records: dict[str, tuple[bytes, float]] = {}
        self._index: dict[str, dict[str, IndexEntry]] = {}
        self._ended: dict[str, float] = {}  # key → time until which it is remembered
        self._sweep_at = 0.0

    def create(self, key: str, record: bytes, idle: IdleTime, user_id: str, entry: IndexEntry, ttl_s: int) -> int:
        with self._lock:
            self._sweep()
            if self._live(key) is not None:
                return 0
            self._records[key] = (record, self._now() + idle.least_s)
            index = self._index.setdefault(user_id, {})
            index[key] = entry
            return len(index)

    def read(self, key: str, idle: IdleTime) -> bytes | None:
        with self._lock:
            record = self._live(key)
            if record is not None:
                self._records[key] = (record, self._now() + idle.least_s)
            return record

    def peek(self, key: str) -> bytes | None:
        with self._lock:
            return self._live(key)

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        with self._lock:
            if self._live(key) != seen:
                return False
            self._records[key] = (record, self._records[key][1])
            return True

    def delete(self, key: str) -> bool:
        with self._lock:
            there = self._live(key) is not None
            self._end(key)
            return there

    def forget(self, user_id: str, key: str) -> None:
        with self._lock:
            keys = self._index.get(user_id, {})
            keys.pop(key, None)
            if not keys:
                self._index.pop(user_id, None)

    def entries_of(self, user_id: str) -> dict[str, IndexEntry]:
        with self._lock:
            return dict(self._index.get(user_id, {}))

    def has_ended(self, key: str) -> bool:
        with self._lock:  # a key that was never here may belong to another node
            return key in self._ended or key in self._records

    def ttl_s(self, key: str) -> float | None:
        with self._lock:
            return None if self._live(key) is None else self._records[key][1] - self._now()

    def names(self, key: str, user_id: str) -> tuple[str, str]:
        return key, user_id

    def _live(self, key: str) -> bytes | None:
        record, expires_at = self._records.get(key, (None, 0.0))
        return record if expires_at > self._now() else None

    def _end(self, key: str) -> None:
        if self._records.pop(key, None) is not None:
            self._ended[key] = self._now() + REMEMBER_S

    def _sweep(self) -> None:
        """Remove expired records, at most once a minute. Nothing else frees their memory."""
        now = self._now()
        if now < self._sweep_at:
            return
        self._sweep_at = now + 60
        for key in [key for key, (_, expires_at) in self._records.items() if expires_at <= now]:
            self._end(key)
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        live = {member: {k: v for k, v in keys.items() if k in self._records} for member, keys in self._index.items()}
        self._index = {member: keys for member, keys in live.items() if keys}
