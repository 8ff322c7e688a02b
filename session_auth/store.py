"""The session store in Redis, shared by all nodes.

Two rules keep a logged-out session from coming back: a new record is written only if the key does not exist, and an
existing one is replaced only by compare-and-swap.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, Self

from .connection import StoreConnection
from .errors import StoreUnavailable, WritesPaused, WrongKind
from .sliding import Extensions, IdleTime
from .store_client import Argument, parse_address

log = logging.getLogger(__name__)

# Compare-and-swap in one atomic step. XX repeats the rule for readers: no request in flight re-creates a deleted
# session.
REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'XX', 'KEEPTTL')
return 1
"""
# One atomic step, so that no index is left without a TTL. The index expires with its longest-lived entry.
ENTER = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return redis.call('HLEN', KEYS[1])
"""


@dataclass(frozen=True)
class IndexEntry:
    """The entry of a record in its user's index: the login's id, and when the login began (seconds since the epoch)."""

    login_id: str
    created_at: float

    def text(self) -> str:
        return f"{self.login_id} {self.created_at}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        login_id, _, created_at = text.partition(" ")
        try:
            return cls(login_id, float(created_at or 0))
        except ValueError:
            return cls(login_id, 0.0)


class SessionStore(Protocol):
    """Records by key, and an index of each user's keys. Every method raises `StoreUnavailable` if the store fails."""

    def create(self, key: str, record: bytes, idle: IdleTime, user_id: str, entry: IndexEntry, ttl_s: int) -> int:
        """Write a new record, and its entry in the user's index, which lives at least `ttl_s` seconds.

        Return the number of entries in the index. If the key already exists, write nothing and return 0.
        """

    def read(self, key: str, idle: IdleTime) -> bytes | None:
        """Return the record and restart its idle time: one store command. Return None if there is none."""

    def peek(self, key: str) -> bytes | None:
        """Return the record without changing its TTL. Return None if there is none."""

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        """Replace the record if it still equals `seen`, and keep its TTL. Return whether it was replaced."""

    def delete(self, key: str) -> bool:
        """Delete the record. Return whether it existed. If it does not exist, do nothing."""

    def forget(self, user_id: str, key: str) -> None:
        """Remove the key from the user's index."""

    def entries_of(self, user_id: str) -> dict[str, IndexEntry]:
        """Return the user's index: entries by key. Their records may have expired."""


class Commands(Protocol):
    """The part of `StoreConnection` that `RedisSessions` uses."""

    def command(self, *command: Argument) -> Any:
        """Send one command with at most one key, and return its reply. Raise `StoreUnavailable` without a reply."""


class RedisSessions:
    """Sessions in a Redis store that all nodes share. `store` is its address or a connection.

    Every key begins with `prefix`. Nothing is sent yet. Raise `ValueError` if `store` is not a valid address.
    """

    def __init__(self, store: str | Commands, prefix: str = "") -> None:
        self._store = _connection(store) if isinstance(store, str) else store
        self._prefix = prefix
        self._slides = True
        self._extensions = Extensions()

    def create(self, key: str, record: bytes, idle: IdleTime, user_id: str, entry: IndexEntry, ttl_s: int) -> int:
        # Two commands, because the keys may be on two servers of a cluster. In this order, because an entry without a
        # record means that the session has ended. A record without an entry is harmless: no client has its id yet.
        if self._store.command("SET", self._record(key), record, "NX", "EX", idle.most_s) is None:
            return 0
        try:
            return self._enter(self._index(user_id), key, entry, ttl_s)
        except StoreUnavailable:
            with suppress(StoreUnavailable):
                self.delete(key)
            raise

    def read(self, key: str, idle: IdleTime) -> bytes | None:
        record = self._record(key)
        try:
            found = self._sliding(record, idle)
        except WritesPaused:
            self._extensions.forget()
            # Read without the write: the session then ends as if it were unread, never later. A replica is excluded,
            # though it takes no writes either: it may lack the latest log-out.
            self._note_sliding(False)
            return self._read_only(record)
        except StoreUnavailable:
            self._extensions.forget()
            raise
        self._note_sliding(True)
        return found

    def peek(self, key: str) -> bytes | None:
        return self._bytes("GET", self._record(key))

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        return bool(self._store.command("EVAL", REPLACE, 1, self._record(key), seen, record))

    def delete(self, key: str) -> bool:
        return bool(self._store.command("DEL", self._record(key)))

    def forget(self, user_id: str, key: str) -> None:
        self._store.command("HDEL", self._index(user_id), key)

    def entries_of(self, user_id: str) -> dict[str, IndexEntry]:
        index = self._store.command("HGETALL", self._index(user_id))
        return {key.decode(): IndexEntry.from_text(text.decode()) for key, text in index.items()}

    def _enter(self, index: str, key: str, entry: IndexEntry, ttl_s: int) -> int:
        try:
            return int(self._store.command("EVAL", ENTER, 1, index, key, entry.text(), ttl_s))
        except WrongKind:  # not an index, so it names no login; remove it for the next one
            self._store.command("DEL", index)
            raise

    def _sliding(self, record: str, idle: IdleTime) -> bytes | None:
        """Read the record, and set its TTL if that is due.

        `GETEX` without `EX` changes nothing, so the store logs nothing. Unlike `GET` it is refused by a server that
        takes no writes: a replica, or a master without enough replicas. So every read still detects a wrong server.
        """
        now = self._extensions.now()
        if not self._extensions.is_due(record, idle.late_s, now):
            return self._bytes("GETEX", record)
        found = self._bytes("GETEX", record, "EX", idle.most_s)
        if found is not None and idle.late_s:
            self._extensions.note(record, now)
        return found

    def _note_sliding(self, slides: bool) -> None:
        """Log when this changes, not on every request."""
        if slides != self._slides:
            self._slides = slides
            log.warning("sessions are served, and their idle times %s", "slide again" if slides else "do not slide")

    def _read_only(self, record: str) -> bytes | None:
        return self._bytes("GET", record)

    def _bytes(self, *command: Argument) -> bytes | None:
        try:
            reply: bytes | None = self._store.command(*command)
        except WrongKind:  # the key does not hold a session
            return None
        return reply

    def _record(self, key: str) -> str:
        return f"{self._prefix}session:{key}"

    def _index(self, user_id: str) -> str:
        return f"{self._prefix}logins:{user_id}"


def _connection(address: str) -> StoreConnection:
    parse_address(address)
    return StoreConnection(lambda: address)
