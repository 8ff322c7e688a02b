"""Issue, verify, renew and revoke session ids. Independent of requests and responses.

A read costs one store command. The store holds hashed ids and JSON, never pickle. Writes are compare-and-swap.
"The store is down" and "the session does not exist" are different errors.
"""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from time import time
from typing import Any

import msgspec

from .errors import InvalidSession, StoreUnavailable, TooManyWriters
from .record import Contents, Record, Renewed, decode, decode_renewed
from .sliding import IdleTime
from .store import IndexEntry, SessionStore

ID_BYTES = 32
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # 32 bytes in base64url
# An attempt fails only because another writer succeeded, so many concurrent writers of one session all finish.
WRITE_ATTEMPTS = 100

# Nodes check a record's times by their own clocks; the store expires the index by its clock. A record without an index
# entry could not be ended by its user or an administrator. So an index entry lives a day longer than its record,
# clocks may differ by an hour, and a record that starts further in the future is not accepted.
MOST_SKEW_S = 3600
INDEX_MARGIN_S = 24 * 3600


@dataclass(frozen=True)
class Lifetimes:
    """Idle and absolute timeout of a session, in seconds.

    An unused session may live up to 5 % longer than `idle_s` (`sliding.py`).
    """

    idle_s: int
    absolute_s: int


@dataclass(frozen=True, slots=True)
class Login:
    """One login of a user. Times are in seconds since the epoch.

    `user_id` is the stored text of the id. `expires_at` is the absolute end; an unused login ends earlier.
    """

    user_id: str
    role: str
    login_id: str
    created_at: float
    expires_at: float


@dataclass(slots=True)
class Session:
    """The result of reading a session id.

    `stored`: the bytes as read. `fields` and `record`: decoded; without a record there is no live login.
    `renewed`: the id is new, and the client still has to get it. `over`: the login has certainly ended.
    `renewed_by_now`: the login continues under another id.
    """

    sid: str
    stored: bytes | None = None
    record: Record | None = None
    fields: dict[str, Any] | None = None
    renewed: bool = False
    over: bool = False
    renewed_by_now: Renewed | None = None


class SessionCredential:
    """Issue, verify, renew and revoke session ids in a session store. Every method may raise `StoreUnavailable`."""

    def __init__(
        self, store: SessionStore, lifetimes: Lifetimes, most_logins: int = 50, now: Callable[[], float] = time
    ) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._usual_idle = IdleTime.sliding(lifetimes.idle_s)
        self._most_logins = most_logins
        self._now = now

    # -- the hot path: an authenticated read

    def open(self, sid: str) -> Session:
        """Read the session with this id: one store command. An unknown id is never adopted (session fixation)."""
        if not self._is_well_formed(sid):
            return Session(new_id(), over=True)
        key = hashed(sid)
        stored = self._store.read(key, self._idle(sid))
        contents = self._current(stored)
        if contents is not None:
            return Session(sid, stored, contents.record, contents.fields)
        renewed_by_now = self._renewed(stored)
        over = renewed_by_now is None and self._is_over(key, stored)
        return Session(sid, over=over, renewed_by_now=renewed_by_now)

    def verify(self, session: Session) -> Record:
        """Return the session's record. Raise `InvalidSession` if it has none."""
        if session.record is None:
            raise InvalidSession()
        return session.record

    # -- issue, write, renew, revoke

    def issue(self, user_id: str, role: str, confirm: Callable[[], object] | None = None) -> str:
        """Start a login and return its session id. The user's oldest login ends if there are more than `most_logins`.

        `confirm` is called once `end_all` and `set_role` can find the login. It checks whether the user was disabled
        or changed while the password was being checked. If it raises, the login is removed.
        """
        return self._issue(new_id(), user_id, role, confirm)

    def write(self, session: Session, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the session's fields as they are now, including other writers' changes since the read.

        Writes nothing if the session has ended meanwhile. Raise `TooManyWriters`.
        """
        self._write(hashed(session.sid), session.stored, change)

    def renew(self, session: Session) -> str:
        """Give the login a new session id and return it. The old id stops working. Raise `InvalidSession`.

        The compare-and-swap of the old record decides. If the old record is gone (a log-out, another renewal), the new
        record is removed again. If it has changed (a new role), the renewal starts again from the changed record. The
        new record is in the index before the swap, so that a concurrent log-out finds and ends it too. The old key and
        its index entry stay as a marker that gives no access: with it, a log-out or log-in with the old id can still
        end the login.
        """
        record, stored, old = self.verify(session), session.stored, hashed(session.sid)
        renewed = msgspec.json.encode(Renewed(record.user_id, record.login_id, record.expires_at, "renewed"))
        for _attempt in range(WRITE_ATTEMPTS):
            if stored is None or self._decode(stored) is None:
                raise InvalidSession()
            sid = self._next_id(session.sid)
            entries = self._place(sid, stored, record)
            if self._store.replace(old, stored, renewed):
                session.sid, session.renewed = sid, True
                if entries > 2 * self._most_logins:
                    self._forget_renewed(record.user_id)
                return sid
            self._remove(sid, record)
            stored = self._store.peek(old)
        raise TooManyWriters()

    def revoke(self, session: Session) -> None:
        """End this session's login, also if another request has renewed its id meanwhile.

        Does nothing if the login has already ended. Raise `InvalidSession` if that is not certain.
        """
        if session.over:
            return
        if session.renewed_by_now is None:
            record = self.verify(session)
            self._store.delete(hashed(session.sid))
            self.end_login(record.user_id, record.login_id)
        else:
            self.end_login(session.renewed_by_now.user_id, session.renewed_by_now.login_id)

    # -- a user's logins

    def list_logins(self, user_id: str, first: int = 0, most: int = 50) -> list[Login]:
        """Return at most `most` of the user's live logins, newest first, after skipping the `first` newest."""
        records = islice(self._live_records(user_id, self._newest_first(user_id)[first:]), most)
        by_id = {record.login_id: record for record in records}  # during a renewal a login has two records
        return [self.login_of(record) for record in by_id.values()]

    def end_login(self, user_id: str, login_id: str) -> bool:
        """End one login. Return whether it was live."""
        return self._end(user_id, lambda other: other == login_id)

    def end_all(self, user_id: str) -> None:
        """End all of the user's logins."""
        self._end(user_id, lambda _login_id: True)

    def set_role(self, user_id: str, role: str) -> None:
        """Write a new role into the user's live sessions, so that a read still costs one command."""
        reached: set[str] = set()
        # Repeat: a concurrent renewal may have copied the old role to a new key.
        while keys := self._store.entries_of(user_id).keys() - reached:
            for key in keys:
                self._write(key, self._store.peek(key), lambda data: {**data, "role": role})
            reached |= keys

    def login_of(self, record: Record) -> Login:
        """Return the login of a record."""
        return Login(record.user_id, record.role, record.login_id, record.created_at, self._ends_at(record))

    # -- a subclass may override these

    def _is_well_formed(self, sid: str) -> bool:
        return WELL_FORMED_ID.fullmatch(sid) is not None

    def _idle(self, _sid: str) -> IdleTime:
        return self._usual_idle

    def _next_id(self, _sid: str) -> str:
        """Return the id that replaces this one in a renewal."""
        return new_id()

    def _record(self, user_id: str, role: str, login_id: str, created_at: float, expires_at: float) -> Record:
        return Record(user_id, role, login_id, created_at, expires_at)

    def _decode(self, stored: bytes | None) -> Contents | None:
        return decode(stored)

    def _accepts(self, record: Record) -> bool:
        return record.created_at - MOST_SKEW_S <= self._now() < self._ends_at(record)

    def _has_ended(self, _key: str) -> bool:
        """Return whether a record that is absent from this store has certainly ended."""
        return True

    # -- shared steps

    def _issue(self, sid: str, user_id: str, role: str, confirm: Callable[[], object] | None) -> str:
        now = round(self._now(), 3)  # milliseconds: more digits would only waste memory
        record = self._record(user_id, role, secrets.token_urlsafe(16), now, now + self._lifetimes.absolute_s)
        entries = self._place(sid, msgspec.json.encode(record), record)
        try:
            if confirm is not None:
                confirm()
            if entries > self._most_logins:
                self._make_room(user_id, hashed(sid))
        except Exception:
            self._remove(sid, record)
            raise
        return sid

    def _place(self, sid: str, stored: bytes, record: Record) -> int:
        """Write a new record and its index entry. Return the user's number of entries."""
        entry = IndexEntry(record.login_id, record.created_at)
        ttl_s = self._lifetimes.absolute_s + INDEX_MARGIN_S
        entries = self._store.create(hashed(sid), stored, self._idle(sid), record.user_id, entry, ttl_s)
        if entries == 0:
            raise StoreUnavailable()  # two random ids collided: the generator is broken. Answer 503, not 401
        return entries

    def _remove(self, sid: str, record: Record) -> None:
        self._store.delete(hashed(sid))
        self._store.forget(record.user_id, hashed(sid))

    def _is_over(self, key: str, stored: bytes | None) -> bool:
        """Return whether the login has certainly ended. Delete an expired record, so that reads do not extend it."""
        contents = self._decode(stored)
        ended = decode_renewed(stored) if contents is None else contents.record
        if ended is None:
            return self._has_ended(key)
        if self._now() < ended.expires_at:  # another node's settings may still accept it
            return False
        with suppress(StoreUnavailable):  # if the store takes no writes now, the next read tries again
            self._store.delete(key)
            self._store.forget(ended.user_id, key)
        return True

    def _renewed(self, stored: bytes | None) -> Renewed | None:
        renewed = decode_renewed(stored)
        return renewed if renewed is not None and self._now() < renewed.expires_at else None

    def _end(self, user_id: str, ends: Callable[[str], bool]) -> bool:
        """Delete the records of the logins for which `ends(login_id)` is true, until the index has none of them.

        Repeats, because a concurrent renewal may have added a new key. Once its old record is gone, it cannot add
        another.
        """
        was_live = False
        while found := self._entries(user_id, ends):
            for key, _entry in found:
                was_live |= self._store.delete(key)
                self._store.forget(user_id, key)
        return was_live

    def _write(self, key: str, seen: bytes | None, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the record at `key`; `seen` is its last known value, which another writer may replace."""
        for _attempt in range(WRITE_ATTEMPTS):
            contents = self._decode(seen)
            if seen is None or contents is None:
                return  # logged out meanwhile: write nothing, or the session would come back
            if self._store.replace(key, seen, msgspec.json.encode(change(contents.fields))):
                return
            seen = self._store.peek(key)
        raise TooManyWriters()

    def _entries(self, user_id: str, wanted: Callable[[str], bool]) -> list[tuple[str, IndexEntry]]:
        """Return the user's keys and index entries for which `wanted(login_id)` is true."""
        return [(key, entry) for key, entry in self._store.entries_of(user_id).items() if wanted(entry.login_id)]

    def _newest_first(self, user_id: str) -> list[str]:
        entries = self._store.entries_of(user_id)
        return sorted(entries, key=lambda key: entries[key].created_at, reverse=True)

    def _live_records(self, user_id: str, keys: Iterable[str]) -> Iterator[Record]:
        """Yield the live records of these keys. Remove index entries whose record no longer exists.

        The entry of a record that has only expired by this node's clock stays: another node's clock may differ.
        """
        for key in keys:
            stored = self._store.peek(key)
            contents = self._current(stored)
            if stored is None:
                self._store.forget(user_id, key)
            if contents is not None:
                yield contents.record

    def _make_room(self, user_id: str, newest: str) -> None:
        """End the user's oldest logins above the limit. `newest` always stays, even if clocks differ."""
        others = [key for key in self._newest_first(user_id) if key != newest]
        oldest = islice(self._live_records(user_id, others), self._most_logins - 1, None)
        login_ids = {record.login_id for record in oldest}
        self._end(user_id, login_ids.__contains__)

    def _forget_renewed(self, user_id: str) -> None:
        """Remove the markers of earlier renewals: endless renewals would fill the store."""
        for key in self._store.entries_of(user_id):
            if decode_renewed(self._store.peek(key)) is not None:
                self._store.delete(key)
                self._store.forget(user_id, key)

    def _current(self, stored: bytes | None) -> Contents | None:
        contents = self._decode(stored)
        return contents if contents is not None and self._accepts(contents.record) else None

    def _ends_at(self, record: Record) -> float:
        """Return when a login ends. A shorter `absolute_s` also ends older logins, or they could outlive the index."""
        return min(record.expires_at, record.created_at + self._lifetimes.absolute_s)


def new_id() -> str:
    """Return 256 random bits in base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def hashed(sid: str) -> str:
    """Return the SHA-256 of the id, the record's key. A reader of the store cannot get a working id from it.

    The key is stored twice. base64url needs a third fewer bytes than hexadecimal.
    """
    return urlsafe_b64encode(hashlib.sha256(sid.encode()).digest()).rstrip(b"=").decode()
