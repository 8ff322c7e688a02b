"""Where sessions live: in Redis for all nodes, or in this process's memory.

Both stores have the same verbs, and the same two rules keep a logged-out session from coming back: a new record is
written only where there is none, and an old one is replaced only by someone who has seen what is there now.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from time import time
from typing import Protocol, Self

from errors import StoreUnavailable
from store_connection import StoreConnection, WritesPaused, WrongKind

log = logging.getLogger(__name__)

# What is there has to be what was seen, in one atomic step. XX says the same again where people look for it: nothing in
# flight re-creates a deleted session.
REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'XX', 'KEEPTTL')
return 1
"""
# In one step: an index without an end would outlive its member. It ends with its longest entry.
ENTER = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return redis.call('HLEN', KEYS[1])
"""


@dataclass(frozen=True)
class IndexEntry:
    """What a member's index says of a record: which of their logins it is, and when that began (seconds)."""

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


REMEMBER_S = 3600  # for so long a process knows that a session ended here, and is not another one's
DOES_NOT_SLIDE = "no writes now: its idle time does not slide"


class SessionStore(Protocol):
    """Records by key, and an index of each member's keys. Every method raises `StoreUnavailable` if broken."""

    where: str

    def create(self, key: str, record: bytes, idle_s: int, member_id: str, entry: IndexEntry, ttl_s: int) -> int:
        """Write a record where there is none, and its entry in the member's index, which lives `ttl_s` at least.

        Return how many entries the index has now; 0 if there was a record.
        """

    def read(self, key: str, idle_s: int) -> bytes | None:
        """Return the record and let it live `idle_s` from now: one store command."""

    def peek(self, key: str) -> bytes | None:
        """Return the record and leave its lifetime alone."""

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        """Write `record` if the one there is still `seen`; tell whether it was written."""

    def delete(self, key: str) -> bool:
        """Delete the record; tell whether there was one."""

    def forget(self, member_id: str, key: str) -> None:
        """Take the key out of the member's index."""

    def entries_of(self, member_id: str) -> dict[str, IndexEntry]:
        """Return the member's index: entries by key. Some records may have expired."""

    def has_ended(self, key: str) -> bool:
        """Tell whether the record that is not here is surely nowhere else."""

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
        self._slides = True

    def create(self, key: str, record: bytes, idle_s: int, member_id: str, entry: IndexEntry, ttl_s: int) -> int:
        # Two commands, for the two keys may be on two servers; and in this order: whoever finds an entry without its
        # record may trust that the session has ended. A record without its entry is nobody's: no one was told the id.
        if self._store.command("SET", self._record(key), record, "NX", "EX", idle_s) is None:
            return 0
        try:
            return self._enter(self._index(member_id), key, entry, ttl_s)
        except StoreUnavailable:
            with suppress(StoreUnavailable):
                self.delete(key)
            raise

    def read(self, key: str, idle_s: int) -> bytes | None:
        record = self._record(key)
        try:
            found = self._bytes("GETEX", record, "EX", idle_s)
        except WritesPaused:
            # Served without the write. The store ends the session when it would have ended unread, so it never lives
            # longer. Not so on a replica, which takes no writes either: it may never hear that somebody logged out.
            self._note_sliding(False)
            return self._bytes("GET", record, what=f"GET {record} ({DOES_NOT_SLIDE})")
        self._note_sliding(True)
        return found

    def peek(self, key: str) -> bytes | None:
        return self._bytes("GET", self._record(key))

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        return bool(self._store.command("EVAL", REPLACE, 1, self._record(key), seen, record))

    def delete(self, key: str) -> bool:
        return bool(self._store.command("DEL", self._record(key)))

    def forget(self, member_id: str, key: str) -> None:
        self._store.command("HDEL", self._index(member_id), key)

    def entries_of(self, member_id: str) -> dict[str, IndexEntry]:
        index = self._store.command("HGETALL", self._index(member_id))
        return {key.decode(): IndexEntry.from_text(text.decode()) for key, text in index.items()}

    def has_ended(self, key: str) -> bool:
        return True

    def ttl_s(self, key: str) -> float | None:
        milliseconds: int = self._store.command("PTTL", self._record(key))
        return milliseconds / 1000 if milliseconds >= 0 else None

    def names(self, key: str, member_id: str) -> tuple[str, str]:
        return self._record(key), self._index(member_id)

    def _enter(self, index: str, key: str, entry: IndexEntry, ttl_s: int) -> int:
        try:
            return int(self._store.command("EVAL", ENTER, 1, index, key, entry.text(), ttl_s))
        except WrongKind:  # what is there instead of an index leads to no login: the next one finds room
            self._store.command("DEL", index)
            raise

    def _note_sliding(self, slides: bool) -> None:
        """Log the change, and not every request."""
        if slides != self._slides:
            self._slides = slides
            log.warning("sessions are served, and their idle times %s", "slide again" if slides else "do not slide")

    def _bytes(self, *command: str | int, what: str | None = None) -> bytes | None:
        try:
            reply: bytes | None = self._store.described(what, *command) if what else self._store.command(*command)
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
        self._index: dict[str, dict[str, IndexEntry]] = {}
        self._ended: dict[str, float] = {}  # until when each is remembered
        self._sweep_at = 0.0

    def create(self, key: str, record: bytes, idle_s: int, member_id: str, entry: IndexEntry, ttl_s: int) -> int:
        with self._lock:
            self._sweep()
            if self._live(key) is not None:
                return 0
            self._records[key] = (record, self._now() + idle_s)
            index = self._index.setdefault(member_id, {})
            index[key] = entry
            return len(index)

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

    def delete(self, key: str) -> bool:
        with self._lock:
            there = self._live(key) is not None
            self._end(key)
            return there

    def forget(self, member_id: str, key: str) -> None:
        with self._lock:
            keys = self._index.get(member_id, {})
            keys.pop(key, None)
            if not keys:
                self._index.pop(member_id, None)

    def entries_of(self, member_id: str) -> dict[str, IndexEntry]:
        with self._lock:
            return dict(self._index.get(member_id, {}))

    def has_ended(self, key: str) -> bool:
        with self._lock:  # what was never here may live in another node
            return key in self._ended or key in self._records

    def ttl_s(self, key: str) -> float | None:
        with self._lock:
            return None if self._live(key) is None else self._records[key][1] - self._now()

    def names(self, key: str, member_id: str) -> tuple[str, str]:
        return key, member_id

    def _live(self, key: str) -> bytes | None:
        record, expires_at = self._records.get(key, (None, 0.0))
        return record if expires_at > self._now() else None

    def _end(self, key: str) -> None:
        if self._records.pop(key, None) is not None:
            self._ended[key] = self._now() + REMEMBER_S

    def _sweep(self) -> None:
        """Drop what has expired, at most once a minute: nothing else would ever take it out of memory."""
        now = self._now()
        if now < self._sweep_at:
            return
        self._sweep_at = now + 60
        for key in [key for key, (_, expires_at) in self._records.items() if expires_at <= now]:
            self._end(key)
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        live = {member: {k: v for k, v in keys.items() if k in self._records} for member, keys in self._index.items()}
        self._index = {member: keys for member, keys in live.items() if keys}
