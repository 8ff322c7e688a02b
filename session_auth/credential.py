"""The session id and the record it finds: issued, verified, renewed and revoked. Knows no request and no response.

One command a read, hashed ids at rest, JSON and never pickle. What is written goes only over what was seen, and a store
that is down is kept apart from a session that is not there.
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
# Each attempt that fails is another writer's success, so a crowd at one session gets through, one after the other.
WRITE_ATTEMPTS = 100

# Nodes judge a record by their own clocks, the store ends the index by its own. A record that no index entry leads to
# could not be ended by its user or an administrator. So clocks may differ by an hour, a record that is dated further
# ahead is no login, and an entry lives a day longer than its record.
MOST_SKEW_S = 3600
INDEX_MARGIN_S = 24 * 3600


@dataclass(frozen=True)
class Lifetimes:
    """Seconds until a session ends that is not used, and until it ends however much it is.

    The first may take a twentieth longer (`sliding.py`).
    """

    idle_s: int
    absolute_s: int


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in, and which of their logins this is; times in seconds since the epoch.

    `user_id` is the text that the id was stored as. `expires_at` is the end at the latest, however much it is used.
    """

    user_id: str
    role: str
    login_id: str
    created_at: float
    expires_at: float


@dataclass(slots=True)
class Session:
    """What an id has found: `stored` as it was read, its `fields` and its `record`; without a record: no live login.

    `renewed`: the client still has to be told the id. `over`: the login that the id names has ended, for sure.
    `renewed_by_now`: it goes on under another id.
    """

    sid: str
    stored: bytes | None = None
    record: Record | None = None
    fields: dict[str, Any] | None = None
    renewed: bool = False
    over: bool = False
    renewed_by_now: Renewed | None = None


class SessionCredential:
    """Issue, verify, renew and revoke session ids over a session store. Every verb raises `StoreUnavailable`."""

    def __init__(
        self, store: SessionStore, lifetimes: Lifetimes, most_logins: int = 50, now: Callable[[], float] = time
    ) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._usual_idle = IdleTime.sliding(lifetimes.idle_s)
        self._most_logins = most_logins
        self._now = now

    # -- the hot path: one authenticated read

    def open(self, sid: str) -> Session:
        """Read the session that `sid` names: one store command. An unknown id is never adopted."""
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
        """Return who the session belongs to. Raise `InvalidSession`."""
        if session.record is None:
            raise InvalidSession()
        return session.record

    # -- issue, write, renew, revoke

    def issue(self, user_id: str, role: str, confirm: Callable[[], object] | None = None) -> str:
        """Start a login and return its session id. A user's oldest login ends if there are too many.

        `confirm` is called as soon as `end_all` and `set_role` would find the login. What it raises takes the login
        back: it looks whether the user was disabled or changed while the password was being checked.
        """
        return self._issue(new_id(), user_id, role, confirm)

    def write(self, session: Session, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the session's fields, over whatever another writer has put there since it was read.

        A session that has ended meanwhile stays so, and nothing is written. Raise `TooManyWriters`.
        """
        self._write(hashed(session.sid), session.stored, change)

    def renew(self, session: Session) -> str:
        """Give the login a new session id and return it; the old one is dead. Raise `InvalidSession`.

        Replacing the old record as it was seen is the step that decides. Where it is gone (a log-out, another renewal)
        the new one is taken back; where it has changed (a new role) the renewal starts again from the change. The new
        one is in the index before that, so that a log-out finds and ends it too. What is left in the old place, and in
        the index, opens nothing: it lets a log-out or a log-in that comes with the old id end the login.
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
        """End the login that this session belongs to, or did before a renewal, under whatever id it lives by now.

        That it has ended already is as good. Raise `InvalidSession` if that is not sure.
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
        """Return at most `most` of the user's live logins, newest first, the `first` newest ones left out."""
        records = islice(self._live_records(user_id, self._newest_first(user_id)[first:]), most)
        by_id = {record.login_id: record for record in records}  # while it is renewed, one login has two
        return [self.login_of(record) for record in by_id.values()]

    def end_login(self, user_id: str, login_id: str) -> bool:
        """End one login; tell whether it was live."""
        return self._end(user_id, lambda other: other == login_id)

    def end_all(self, user_id: str) -> None:
        """End all of the user's logins."""
        self._end(user_id, lambda _login_id: True)

    def set_role(self, user_id: str, role: str) -> None:
        """Carry a new role to the user's live sessions, so that a read still costs one command."""
        reached: set[str] = set()
        # Again, because a renewal in flight may have moved the old role to a new key meanwhile.
        while keys := self._store.entries_of(user_id).keys() - reached:
            for key in keys:
                self._write(key, self._store.peek(key), lambda data: {**data, "role": role})
            reached |= keys

    def login_of(self, record: Record) -> Login:
        """Return what a record says of its login."""
        return Login(record.user_id, record.role, record.login_id, record.created_at, self._ends_at(record))

    # -- what a subclass may decide otherwise

    def _is_well_formed(self, sid: str) -> bool:
        return WELL_FORMED_ID.fullmatch(sid) is not None

    def _idle(self, _sid: str) -> IdleTime:
        return self._usual_idle

    def _next_id(self, _sid: str) -> str:
        """Return the id that a renewal puts in the place of this one."""
        return new_id()

    def _record(self, user_id: str, role: str, login_id: str, created_at: float, expires_at: float) -> Record:
        return Record(user_id, role, login_id, created_at, expires_at)

    def _decode(self, stored: bytes | None) -> Contents | None:
        return decode(stored)

    def _accepts(self, record: Record) -> bool:
        return record.created_at - MOST_SKEW_S <= self._now() < self._ends_at(record)

    def _has_ended(self, _key: str) -> bool:
        """Tell whether the record that is not in this store is surely nowhere else."""
        return True

    # -- the steps they share

    def _issue(self, sid: str, user_id: str, role: str, confirm: Callable[[], object] | None) -> str:
        now = round(self._now(), 3)  # milliseconds: more would only take room in the store
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
        """Write a new record and its index entry; return how many entries the user has."""
        entry = IndexEntry(record.login_id, record.created_at)
        ttl_s = self._lifetimes.absolute_s + INDEX_MARGIN_S
        entries = self._store.create(hashed(sid), stored, self._idle(sid), record.user_id, entry, ttl_s)
        if entries == 0:
            raise StoreUnavailable()  # two random ids are the same: the generator is broken, so 503 and not 401
        return entries

    def _remove(self, sid: str, record: Record) -> None:
        self._store.delete(hashed(sid))
        self._store.forget(record.user_id, hashed(sid))

    def _is_over(self, key: str, stored: bytes | None) -> bool:
        """Tell whether what is no login here has ended for sure. A record past its end is not kept alive by reads."""
        contents = self._decode(stored)
        ended = decode_renewed(stored) if contents is None else contents.record
        if ended is None:
            return self._has_ended(key)
        if self._now() < ended.expires_at:  # by another node's settings it may be live
            return False
        with suppress(StoreUnavailable):  # one that takes no writes now is asked again by the next read
            self._store.delete(key)
            self._store.forget(ended.user_id, key)
        return True

    def _renewed(self, stored: bytes | None) -> Renewed | None:
        renewed = decode_renewed(stored)
        return renewed if renewed is not None and self._now() < renewed.expires_at else None

    def _end(self, user_id: str, ends: Callable[[str], bool]) -> bool:
        """Delete the records of the logins that `ends` picks, until the index holds none of them.

        Again and again, because a renewal in flight may have added a new key meanwhile; once its old record is
        gone, it can add no other.
        """
        was_live = False
        while found := self._entries(user_id, ends):
            for key, _entry in found:
                was_live |= self._store.delete(key)
                self._store.forget(user_id, key)
        return was_live

    def _write(self, key: str, seen: bytes | None, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the record at `key`, over whatever another writer put there since it was `seen`."""
        for _attempt in range(WRITE_ATTEMPTS):
            contents = self._decode(seen)
            if seen is None or contents is None:
                return  # logged out meanwhile: nothing to write, and nothing comes back
            if self._store.replace(key, seen, msgspec.json.encode(change(contents.fields))):
                return
            seen = self._store.peek(key)
        raise TooManyWriters()

    def _entries(self, user_id: str, wanted: Callable[[str], bool]) -> list[tuple[str, IndexEntry]]:
        """Return the user's keys and index entries for the logins that `wanted` picks."""
        return [(key, entry) for key, entry in self._store.entries_of(user_id).items() if wanted(entry.login_id)]

    def _newest_first(self, user_id: str) -> list[str]:
        entries = self._store.entries_of(user_id)
        return sorted(entries, key=lambda key: entries[key].created_at, reverse=True)

    def _live_records(self, user_id: str, keys: Iterable[str]) -> Iterator[Record]:
        """Yield the live records among these; take out of the index what the store has let go.

        A record that is over by this node's clock alone stays in: another node may see it otherwise.
        """
        for key in keys:
            stored = self._store.peek(key)
            contents = self._current(stored)
            if stored is None:
                self._store.forget(user_id, key)
            if contents is not None:
                yield contents.record

    def _make_room(self, user_id: str, newest: str) -> None:
        """End the oldest logins beyond what a user may have; `newest` stays, whatever any clock says."""
        others = [key for key in self._newest_first(user_id) if key != newest]
        oldest = islice(self._live_records(user_id, others), self._most_logins - 1, None)
        login_ids = {record.login_id for record in oldest}
        self._end(user_id, login_ids.__contains__)

    def _forget_renewed(self, user_id: str) -> None:
        """Drop what earlier renewals have left: a user who renews without end would fill the store."""
        for key in self._store.entries_of(user_id):
            if decode_renewed(self._store.peek(key)) is not None:
                self._store.delete(key)
                self._store.forget(user_id, key)

    def _current(self, stored: bytes | None) -> Contents | None:
        contents = self._decode(stored)
        return contents if contents is not None and self._accepts(contents.record) else None

    def _ends_at(self, record: Record) -> float:
        """An absolute lifetime that was shortened since also ends the logins from before: the index outlives none."""
        return min(record.expires_at, record.created_at + self._lifetimes.absolute_s)


def new_id() -> str:
    """Return 256 random bits in base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def hashed(sid: str) -> str:
    """Return the SHA-256 of the id, which is its key: who reads the store learns no id that opens anything.

    In base64url: the key stands in the store twice, and hexadecimal would take half as many bytes again.
    """
    return urlsafe_b64encode(hashlib.sha256(sid.encode()).digest()).rstrip(b"=").decode()
