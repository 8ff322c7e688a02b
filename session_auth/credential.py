"""The session id and the record it finds: issued, verified, renewed and revoked.

Flask-Session's interface, subclassed. What it changes: one `GETEX` a read, writes only where something was modified
and only over what was seen, hashed ids at rest, JSON and never pickle, and a store that is down is kept apart from a
session that is not there.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from time import time
from typing import Any

import msgspec
from flask import Flask, Request, Response, session
from flask_babel import lazy_gettext
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from accounts.login import NAME_OR_PASSWORD
from accounts.members import Change, Member, Members
from approach import Holding, LiveLogin
from config import DAY_S
from errors import InvalidCredentials, InvalidSession, LabError, StoreUnavailable
from session_auth.record import Contents, Record, Renewed, decode, decode_renewed, merged
from session_auth.store import IndexEntry, SessionStore
from web.cookies import cookie_name

ID_BYTES = 32
ID_LENGTH = 43  # of 32 bytes in base64url
# A shortened idle time travels with the id, because GETEX has to name it before the record is read. It is part of
# what is hashed, so a client that changes it has made up an unknown id.
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_-]{43}(?:\.(?P<idle_s>[1-9][0-9]{0,6}))?", re.ASCII)
WRITE_ATTEMPTS = 5

# Nodes judge a record by their own clocks, the store ends the index by its own. A record that no index entry leads to
# could not be ended by its member or an administrator. So clocks may differ by an hour, a record that is dated further
# ahead is no login, and an entry lives a day longer than its record.
MOST_SKEW_S = 3600
INDEX_MARGIN_S = DAY_S

BUSY = lazy_gettext("This session is being written by too many requests at once; try again in a moment.")


class Session(ServerSideSession):
    """`flask.session` behind this approach: `stored` as it was read and its `record`; both None: no live login.

    `renewed`: the browser still has to be told the id. `over`: the login that the cookie names has ended, for sure.
    `renewed_by_now`: it goes on under another id.
    """

    stored: bytes | None = None
    record: Record | None = None
    renewed: bool = False
    over: bool = False
    renewed_by_now: Renewed | None = None
    failure: StoreUnavailable | None = None


@dataclass(frozen=True)
class Lifetimes:
    """Seconds until a session ends that is not used, and until it ends however much it is."""

    idle_s: int
    absolute_s: int


class SessionCredential(ServerSideSessionInterface):
    """Issue, verify, renew and revoke session ids over a session store."""

    session_class = Session

    def __init__(
        self,
        app: Flask,
        path: str,
        store: SessionStore,
        members: Members,
        lifetimes: Lifetimes,
        most_logins: int,
        now: Callable[[], float] = time,
        in_lab: bool = False,
    ) -> None:
        super().__init__(app, sid_length=ID_BYTES)
        self.cookie = cookie_name("sid", secure=self.get_cookie_secure(app))
        self._path = path
        self._store = store
        self._members = members
        self._lifetimes = lifetimes
        self._most_logins = most_logins
        self._now = now
        self._in_lab = in_lab

    # -- issue, verify, renew, revoke

    def issue(self, member: Member, idle_s: int) -> str:
        """Start a login and return its session id. A member's oldest login ends if there are too many.

        Raise `StoreUnavailable` with nothing half-done, and `InvalidCredentials` if the member was disabled, given
        another role or another password while the password was being checked.
        """
        shortened = idle_s < self._lifetimes.idle_s
        sid = new_id() + (f".{idle_s}" if shortened else "")
        now = self._now()
        ends_at = now + self._lifetimes.absolute_s
        record = Record(member.username, member.role, secrets.token_urlsafe(16), now, ends_at, self._in_lab)
        entries = self._place(sid, msgspec.json.encode(record), record)
        try:
            self._refuse_if_changed(member)
            if entries > self._most_logins:
                self._make_room(member.username, _key(sid))
        except LabError:
            self._remove(sid, record)
            raise
        return sid

    def verify(self, session: Session) -> Record:
        """Return who the session belongs to. Raise `InvalidSession`, or `StoreUnavailable` if nobody knows."""
        if session.failure is not None:
            raise session.failure
        if session.record is None:
            raise InvalidSession()
        return session.record

    def renew(self, session: Session) -> str:
        """Give the login a new session id and return it; the old one is dead.

        Replacing the old record as it was seen is the step that decides. Whoever finds it gone (a log-out, another
        renewal) takes the new one back; whoever finds it changed (a new role) starts again from the change. The new
        one is in the index before that, so that a log-out finds and ends it too. What is left in the old place, and in
        the index, opens nothing: it lets a log-out or a log-in that comes with the old id end the login.
        """
        record, stored, old = self.verify(session), session.stored, _key(session.sid)
        renewed = msgspec.json.encode(Renewed(record.member_id, record.login_id, record.expires_at, "renewed"))
        for _attempt in range(WRITE_ATTEMPTS):
            if stored is None or decode(stored) is None:
                raise InvalidSession()
            sid = f"{new_id()}{session.sid[ID_LENGTH:]}"
            entries = self._place(sid, stored, record)
            if self._store.replace(old, stored, renewed):
                session.sid, session.renewed = sid, True
                if entries > 2 * self._most_logins:
                    self._forget_renewed(record.member_id)
                return sid
            self._remove(sid, record)
            stored = self._store.peek(old)
        raise StoreUnavailable(BUSY)

    def revoke(self, session: Session) -> None:
        """End the login that this session belongs to, or did before a renewal, under whatever id it lives by now.

        That it has ended already is as good. Raise `InvalidSession` if that is not sure, and `StoreUnavailable`.
        """
        if session.over:
            return
        if session.renewed_by_now is None:
            record = self.verify(session)
            self._store.delete(_key(session.sid))
            self.end_login(record.member_id, record.login_id)
        else:
            self.end_login(session.renewed_by_now.member_id, session.renewed_by_now.login_id)

    # -- a member's logins

    def list_logins(self, member_id: str, first: int = 0, most: int = 50) -> list[LiveLogin]:
        """Return at most `most` of the member's live logins, newest first, the `first` newest ones left out."""
        records = islice(self._live_records(member_id, self._newest_first(member_id)[first:]), most)
        by_id = {record.login_id: record for record in records}  # while it is renewed, one login has two
        return [LiveLogin(record.login_id, record.created_at, self._ends_at(record)) for record in by_id.values()]

    def end_login(self, member_id: str, login_id: str) -> bool:
        """End one login; tell whether it was live."""
        return self._end(member_id, lambda other: other == login_id)

    def end_all(self, member_id: str) -> None:
        """End all of the member's logins."""
        self._end(member_id, lambda _login_id: True)

    def member_changed(self, change: Change) -> None:
        """Carry a change of a member to their live sessions, so that a read still costs one command."""
        if change.what != "role":
            self.end_all(change.username)
            return
        reached: set[str] = set()
        # Again, because a renewal in flight may have moved the old role to a new key meanwhile.
        while keys := self._store.entries_of(change.username).keys() - reached:
            for key in keys:
                self._write(key, self._store.peek(key), lambda data: {**data, "role": change.role})
            reached |= keys

    def holdings(self, sid: str) -> list[Holding]:
        """Return what is kept for the login that this id belongs to: its record, and what leads to it."""
        key = _key(sid)
        stored = self._store.peek(key)
        contents = self._current(stored)
        if stored is None or contents is None:
            return []
        member_id, login_id = contents.record.member_id, contents.record.login_id
        record_name, index_name = self._store.names(key, member_id)
        mine = {other: found.login_id for other, found in self._entries(member_id, lambda other: other == login_id)}
        return [
            Holding(self._store.where, record_name, contents.fields, self._store.ttl_s(key), len(stored)),
            Holding(self._store.where, index_name, mine),
        ]

    # -- Flask's session interface

    def open_session(self, app: Flask, request: Request) -> Session:
        """Read the session that the cookie names. An unknown id is never adopted."""
        sid = request.cookies.get(self.cookie, "")  # sent twice, the guard refuses it
        if WELL_FORMED_ID.fullmatch(sid) is None:
            session = Session(sid=new_id())
            session.over = True
            return session
        session = Session(sid=sid)
        try:
            stored = self._store.read(_key(sid), self._idle_s(sid))
            contents = self._current(stored)
            if contents is None:
                session.renewed_by_now = self._renewed(stored)
                session.over = session.renewed_by_now is None and self._is_over(_key(sid), stored)
                return session
        except StoreUnavailable as failure:  # Flask handles no errors here: the guard raises it
            session.failure = failure
            return session
        session.stored, session.record = stored, contents.record
        dict.update(session, contents.fields)  # reading modifies nothing
        return session

    def save_session(self, app: Flask, session: ServerSideSession, response: Response) -> None:
        """Write a session that the page has modified: an emptied one ends its login, no other one begins one."""
        assert isinstance(session, Session)
        response.vary.add("Cookie")
        if session.renewed:
            self.set_cookie(response, session.sid)
        if not session.modified or session.failure is not None:
            return
        session.modified = False  # once: after an error Flask comes here again with the error's page
        if not session:
            self._end_emptied(session, response)
        elif session.stored is None:
            raise RuntimeError("a session begins with SessionCredential.issue(), not by writing into it")
        else:
            seen, mine = msgspec.json.decode(session.stored), dict(session)
            self._write(_key(session.sid), session.stored, lambda there: merged(seen, mine, there))

    def regenerate(self, session: ServerSideSession) -> None:
        """Flask-Session's own name for a new id; here it also works on a session that was just cleared."""
        assert isinstance(session, Session)
        self.renew(session) if session else self.revoke(session)

    # Flask-Session wants these three; opening and saving, above, have replaced what would call them.

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        contents = decode(self._store.peek(store_id))
        return None if contents is None else contents.fields

    def _delete_session(self, store_id: str) -> None:
        self._store.delete(store_id)

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        raise RuntimeError("sessions are written by issue() and save_session() only")

    def set_cookie(self, response: Response, sid: str) -> Response:
        """Hand the id to the browser, for this approach's pages only and out of every script's reach."""
        response.set_cookie(
            self.cookie, sid, path=self._path, httponly=True, samesite="Lax", secure=self.get_cookie_secure(self.app)
        )
        return response

    def delete_cookie(self, response: Response) -> Response:
        """Take the id out of the browser."""
        response.delete_cookie(
            self.cookie, path=self._path, httponly=True, samesite="Lax", secure=self.get_cookie_secure(self.app)
        )
        return response

    # -- the steps they share

    def _place(self, sid: str, stored: bytes, record: Record) -> int:
        """Write a new record and its index entry; return how many entries the member has."""
        entry = IndexEntry(record.login_id, record.created_at)
        ttl_s = self._lifetimes.absolute_s + INDEX_MARGIN_S
        entries = self._store.create(_key(sid), stored, self._idle_s(sid), record.member_id, entry, ttl_s)
        if entries == 0:
            raise StoreUnavailable(BUSY)  # 256 random bits met their twin: the randomness is broken, not the client
        return entries

    def _remove(self, sid: str, record: Record) -> None:
        self._store.delete(_key(sid))
        self._store.forget(record.member_id, _key(sid))

    def _is_over(self, key: str, stored: bytes | None) -> bool:
        """Tell whether what is no login here has ended for sure. A record past its end is not kept alive by reads."""
        contents = decode(stored)
        ended = decode_renewed(stored) if contents is None else contents.record
        if ended is None:
            return self._store.has_ended(key)
        if self._now() < ended.expires_at:  # by another node's settings it may be live
            return False
        with suppress(StoreUnavailable):  # one that takes no writes now is asked again by the next read
            self._store.delete(key)
            self._store.forget(ended.member_id, key)
        return True

    def _renewed(self, stored: bytes | None) -> Renewed | None:
        renewed = decode_renewed(stored)
        return renewed if renewed is not None and self._now() < renewed.expires_at else None

    def _end_emptied(self, session: Session, response: Response) -> None:
        if session.record is not None:
            self.revoke(session)
        self.delete_cookie(response)

    def _end(self, member_id: str, ends: Callable[[str], bool]) -> bool:
        """Delete the records of the logins that `ends` picks, until the index holds none of them.

        Again and again, because a renewal in flight may have added a new key meanwhile; once its old record is
        gone, it can add no other.
        """
        was_live = False
        while found := self._entries(member_id, ends):
            for key, _entry in found:
                was_live |= self._store.delete(key)
                self._store.forget(member_id, key)
        return was_live

    def _write(self, key: str, seen: bytes | None, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the record at `key`, over whatever another writer put there since it was `seen`."""
        for _attempt in range(WRITE_ATTEMPTS):
            contents = decode(seen)
            if seen is None or contents is None:
                return  # logged out meanwhile: nothing to write, and nothing comes back
            if self._store.replace(key, seen, msgspec.json.encode(change(contents.fields))):
                return
            seen = self._store.peek(key)
        raise StoreUnavailable(BUSY)

    def _entries(self, member_id: str, wanted: Callable[[str], bool]) -> list[tuple[str, IndexEntry]]:
        """Return the member's keys and index entries for the logins that `wanted` picks."""
        return [(key, entry) for key, entry in self._store.entries_of(member_id).items() if wanted(entry.login_id)]

    def _newest_first(self, member_id: str) -> list[str]:
        entries = self._store.entries_of(member_id)
        return sorted(entries, key=lambda key: entries[key].created_at, reverse=True)

    def _live_records(self, member_id: str, keys: Iterable[str]) -> Iterator[Record]:
        """Yield the live records among these; take out of the index what the store has let go.

        A record that is over by this node's clock alone stays in: another node may see it otherwise.
        """
        for key in keys:
            stored = self._store.peek(key)
            contents = self._current(stored)
            if stored is None:
                self._store.forget(member_id, key)
            if contents is not None:
                yield contents.record

    def _make_room(self, member_id: str, newest: str) -> None:
        """End the oldest logins beyond what a member may have; `newest` stays, whatever any clock says."""
        others = [key for key in self._newest_first(member_id) if key != newest]
        oldest = islice(self._live_records(member_id, others), self._most_logins - 1, None)
        login_ids = {record.login_id for record in oldest}
        self._end(member_id, login_ids.__contains__)

    def _forget_renewed(self, member_id: str) -> None:
        """Drop what earlier renewals have left: a member who renews without end would fill the store."""
        for key in self._store.entries_of(member_id):
            if decode_renewed(self._store.peek(key)) is not None:
                self._store.delete(key)
                self._store.forget(member_id, key)

    def _refuse_if_changed(self, member: Member) -> None:
        """Raise if a change passed by between the password check and the index entry that it would have used."""
        now = self._members.find_active(member.username)
        if now is None or (now.role, now.password_hash) != (member.role, member.password_hash):
            raise InvalidCredentials(NAME_OR_PASSWORD)

    def _current(self, stored: bytes | None) -> Contents | None:
        contents = decode(stored)
        if contents is None or not self._is_now(contents.record):
            return None
        if contents.record.from_lab and not self._in_lab:  # begun with a password that everybody knows
            return None
        return contents

    def _is_now(self, record: Record) -> bool:
        return record.created_at - MOST_SKEW_S <= self._now() < self._ends_at(record)

    def _ends_at(self, record: Record) -> float:
        """An absolute lifetime that was shortened since also ends the logins from before: the index outlives none."""
        return min(record.expires_at, record.created_at + self._lifetimes.absolute_s)

    def _idle_s(self, sid: str) -> int:
        match = WELL_FORMED_ID.fullmatch(sid)
        shortened = match and match["idle_s"]
        return min(int(shortened), self._lifetimes.idle_s) if shortened else self._lifetimes.idle_s


def new_id() -> str:
    """Return 256 random bits in base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def live_session() -> Session:
    """Return `flask.session` as what it is behind this approach."""
    current = session._get_current_object()  # type: ignore[attr-defined]  # the proxy hides the type
    if not isinstance(current, Session):
        raise TypeError("there is no session outside the prefixes that keep one")
    return current


def _key(sid: str) -> str:
    """The SHA-256 of the id: whoever reads the store learns no id that opens anything."""
    return hashlib.sha256(sid.encode()).hexdigest()
