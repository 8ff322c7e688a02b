"""Where sessions live: in Redis, for all nodes.

Two rules keep a logged-out session from coming back: a new record is written only where there is none, and an old one
is replaced only by someone who has seen what is there now.
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

# What is there has to be what was seen, in one atomic step. XX says the same again where people look for it: nothing in
# flight re-creates a deleted session.
REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'XX', 'KEEPTTL')
return 1
"""
# In one step: an index without an end would outlive its user. It ends with its longest entry.
ENTER = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return redis.call('HLEN', KEYS[1])
"""


@dataclass(frozen=True)
class IndexEntry:
    """What a user's index says of a record: which of their logins it is, and when that began (seconds)."""

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
    """Records by key, and an index of each user's keys. Every method raises `StoreUnavailable` if broken."""

    def create(self, key: str, record: bytes, idle: IdleTime, user_id: str, entry: IndexEntry, ttl_s: int) -> int:
        """Write a record where there is none, and its entry in the user's index, which lives `ttl_s` at least.

        Return how many entries the index has now; 0 if there was a record.
        """

    def read(self, key: str, idle: IdleTime) -> bytes | None:
        """Return the record and let it live for the idle time from now: one store command."""

    def peek(self, key: str) -> bytes | None:
        """Return the record and leave its lifetime alone."""

    def replace(self, key: str, seen: bytes, record: bytes) -> bool:
        """Write `record` if the one there is still `seen`; tell whether it was written."""

    def delete(self, key: str) -> bool:
        """Delete the record; tell whether there was one."""

    def forget(self, user_id: str, key: str) -> None:
        """Take the key out of the user's index."""

    def entries_of(self, user_id: str) -> dict[str, IndexEntry]:
        """Return the user's index: entries by key. Some records may have expired."""


class Commands(Protocol):
    """What `RedisSessions` needs of a store: see `StoreConnection`."""

    def command(self, *command: Argument) -> Any:
        """Send one command, which has at most one key, and return its reply. Raise `StoreUnavailable` if none comes."""


class RedisSessions:
    """Sessions in the store that all nodes share: `store` is its address, or a connection to it.

    Every key begins with `prefix`. Raise `ValueError` for no address; nothing is sent yet.
    """

    def __init__(self, store: str | Commands, prefix: str = "") -> None:
        self._store = _connection(store) if isinstance(store, str) else store
        self._prefix = prefix
        self._slides = True
        self._extensions = Extensions()

    def create(self, key: str, record: bytes, idle: IdleTime, user_id: str, entry: IndexEntry, ttl_s: int) -> int:
        # Two commands, for the two keys may be on two servers; and in this order: an entry without its record means
        # that the session has ended. A record without its entry opens nothing: its id was told to no client.
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
            # Served without the write. The store ends the session when it would have ended unread, so it never lives
            # longer. Not so on a replica, which takes no writes either: it may never hear of a log-out.
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
        except WrongKind:  # what is there instead of an index leads to no login: the next one finds room
            self._store.command("DEL", index)
            raise

    def _sliding(self, record: str, idle: IdleTime) -> bytes | None:
        """Read; and set the time to live, if that is due.

        `GETEX` without `EX` changes nothing, so nothing is logged. Unlike `GET` it is refused where nothing may be
        changed: by a replica, or a master that lacks its own. So each read still finds out that it asks the wrong one.
        """
        now = self._extensions.now()
        if not self._extensions.is_due(record, idle.late_s, now):
            return self._bytes("GETEX", record)
        found = self._bytes("GETEX", record, "EX", idle.most_s)
        if found is not None and idle.late_s:
            self._extensions.note(record, now)
        return found

    def _note_sliding(self, slides: bool) -> None:
        """Log the change, and not every request."""
        if slides != self._slides:
            self._slides = slides
            log.warning("sessions are served, and their idle times %s", "slide again" if slides else "do not slide")

    def _read_only(self, record: str) -> bytes | None:
        return self._bytes("GET", record)

    def _bytes(self, *command: Argument) -> bytes | None:
        try:
            reply: bytes | None = self._store.command(*command)
        except WrongKind:  # what was written there is not a session
            return None
        return reply

    def _record(self, key: str) -> str:
        return f"{self._prefix}session:{key}"

    def _index(self, user_id: str) -> str:
        return f"{self._prefix}logins:{user_id}"


def _connection(address: str) -> StoreConnection:
    parse_address(address)
    return StoreConnection(lambda: address)
