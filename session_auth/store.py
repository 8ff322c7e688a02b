"""Where sessions live: in Redis for all nodes, or in this process's memory.

Both stores have the same verbs, and the same two rules keep a logged-out session from coming back: a new record is
written only where there is none, and an old one is replaced only by someone who has seen what is there now.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from time import time
from typing import Protocol

from errors import StoreUnavailable
from store_connection import StoreConnection, WrongKind

# Both need what is there to be what was seen, in one atomic step on one key. XX says the
# same again where people look for it: nothing in flight re-creates a deleted session.
TAKE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'XX', 'KEEPTTL')
return 1
"""
# In one step: an index without an end would outlive its member.
ENTER = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""


@dataclass(frozen=True)
class IndexEntry:
    """Under which member a record is found again, for which of their logins, and for how long."""

    member_id: str
    login_id: str
    ttl_s: int


SOME = 4


class SessionStore(Protocol):
    """Records by key, and an index of each member's keys. Every method raises `StoreUnavailable` if broken."""

    where: str

    def create(self, key: str, record: bytes, idle_s: int, entry: IndexEntry) -> bool:
        """Write a record where there is none, and its index entry; tell whether it was written."""

    def read(self, key: str, idle_s: int) -> bytes | None:
        """Return the record and let it live `idle_s` from now: one store command."""

    def peek(self, key: str) -> bytes | None:
        """Return the record and leave its lifetime alone."""

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        """Write `record` if the one there is still `seen`; tell whether it was written."""

    def take(self, key: str, seen: bytes) -> bool:
        """Delete the record if it is still `seen`; tell whether it was deleted."""

    def delete(self, key: str) -> bool:
        """Delete the record; tell whether there was one."""

    def forget(self, member_id: str, key: str) -> None:
        """Take the key out of the member's index."""

    def some_keys_of(self, member_id: str) -> list[str]:
        """Return a few of the member's keys, other ones each time."""

    def keys_of(self, member_id: str) -> dict[str, str]:
        """Return the member's keys, each with its login id. Some records may have expired."""

    def ttl_s(self, key: str) -> float | None:
        """Return how long the record lives if nobody reads it; None if there is none."""

    def names(self, key: str, member_id: str) -> tuple[str, str]:
        """Return what the record and the member's index are called in this store."""


class RedisSessions:
    """Sessions in the store that all nodes share."""

    where = "store"

    def __init__(self, store: StoreConnection, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def create(self, key: str, record: bytes, idle_s: int, entry: IndexEntry) -> bool:
        # Two commands, for the two keys may be on two servers; and in this order: whoever finds an entry without its
        # record may trust that the session has ended. A record without its entry is nobody's: no one was told the id.
        if self._store.command("SET", self._record(key), record, "NX", "EX", idle_s) is None:
            return False
        try:
            self._enter(key, entry)
        except StoreUnavailable:
            with suppress(StoreUnavailable):
                self.delete(key)
            raise
        return True

    def read(self, key: str, idle_s: int) -> bytes | None:
        return self._bytes("GETEX", self._record(key), "EX", idle_s)

    def peek(self, key: str) -> bytes | None:
        return self._bytes("GET", self._record(key))

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        return bool(self._store.command("EVAL", REPLACE, 1, self._record(key), seen, record))

    def take(self, key: str, seen: bytes) -> bool:
        return bool(self._store.command("EVAL", TAKE, 1, self._record(key), seen))

    def delete(self, key: str) -> bool:
        return bool(self._store.command("DEL", self._record(key)))

    def forget(self, member_id: str, key: str) -> None:
        self._store.command("HDEL", self._index(member_id), key)

    def some_keys_of(self, member_id: str) -> list[str]:
        return [key.decode() for key in self._store.command("HRANDFIELD", self._index(member_id), SOME)]

    def keys_of(self, member_id: str) -> dict[str, str]:
        index = self._store.command("HGETALL", self._index(member_id))
        return {key.decode(): login_id.decode() for key, login_id in index.items()}

    def ttl_s(self, key: str) -> float | None:
        milliseconds: int = self._store.command("PTTL", self._record(key))
        return milliseconds / 1000 if milliseconds >= 0 else None

    def names(self, key: str, member_id: str) -> tuple[str, str]:
        return self._record(key), self._index(member_id)

    def _enter(self, key: str, entry: IndexEntry) -> None:
        index = self._index(entry.member_id)
        try:
            self._store.command("EVAL", ENTER, 1, index, key, entry.login_id, entry.ttl_s)
        except WrongKind:  # what is there instead of an index leads to no login: the next one finds room
            self._store.command("DEL", index)
            raise

    def _bytes(self, *command: str | int) -> bytes | None:
        try:
            reply: bytes | None = self._store.command(*command)
        except WrongKind:  # somebody wrote there what is not a session
            return None
        return reply

    def _record(self, key: str) -> str:
        return f"{self._prefix}session:{key}"

    def _index(self, member_id: str) -> str:
        return f"{self._prefix}logins:{member_id}"


class MemorySessions:
    """Sessions in this process: no other node knows them, and they die with it."""

    where = "memory"

    def __init__(self, now: Callable[[], float] = time) -> None:
        self._now = now
        self._lock = Lock()
        self._records: dict[str, tuple[bytes, float]] = {}
        self._index: dict[str, dict[str, str]] = {}
        self._sweep_at = 0.0

    def create(self, key: str, record: bytes, idle_s: int, entry: IndexEntry) -> bool:
        with self._lock:
            self._sweep()
            if self._live(key) is not None:
                return False
            self._records[key] = (record, self._now() + idle_s)
            self._index.setdefault(entry.member_id, {})[key] = entry.login_id
            return True

    def read(self, key: str, idle_s: int) -> bytes | None:
        with self._lock:
            record = self._live(key)
            if record is not None:
                self._records[key] = (record, self._now() + idle_s)
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

    def take(self, key: str, seen: bytes) -> bool:
        with self._lock:
            if self._live(key) != seen:
                return False
            del self._records[key]
            return True

    def delete(self, key: str) -> bool:
        with self._lock:
            there = self._live(key) is not None
            self._records.pop(key, None)
            return there

    def forget(self, member_id: str, key: str) -> None:
        with self._lock:
            keys = self._index.get(member_id, {})
            keys.pop(key, None)
            if not keys:
                self._index.pop(member_id, None)

    def some_keys_of(self, member_id: str) -> list[str]:
        return []  # _sweep() looks after all of them

    def keys_of(self, member_id: str) -> dict[str, str]:
        with self._lock:
            return dict(self._index.get(member_id, {}))

    def ttl_s(self, key: str) -> float | None:
        with self._lock:
            return None if self._live(key) is None else self._records[key][1] - self._now()

    def names(self, key: str, member_id: str) -> tuple[str, str]:
        return key, member_id

    def _live(self, key: str) -> bytes | None:
        record, expires_at = self._records.get(key, (None, 0.0))
        return record if expires_at > self._now() else None

    def _sweep(self) -> None:
        """Drop what has expired, at most once a minute: nothing else would ever take it out of memory."""
        now = self._now()
        if now < self._sweep_at:
            return
        self._sweep_at = now + 60
        self._records = {key: entry for key, entry in self._records.items() if entry[1] > now}
        live = {member: {k: v for k, v in keys.items() if k in self._records} for member, keys in self._index.items()}
        self._index = {member: keys for member, keys in live.items() if keys}
