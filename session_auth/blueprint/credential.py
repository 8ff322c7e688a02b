"""The service's session credential: adds members, shortened lifetimes, the trace, and a view of the stored keys."""

import re
from collections.abc import Callable
from functools import partial
from time import time

from service.accounts.login import NAME_OR_PASSWORD
from service.accounts.members import Member, MemberChange, Members
from service.approach import ListedLogin, StoredRecord
from service.errors import InvalidCredentials
from service.measurement import step
from session_auth.blueprint.problems import in_service_errors
from session_auth.blueprint.stores import MemberSessions
from session_auth.credential import Lifetimes, SessionCredential, hashed, new_id
from session_auth.record import Contents, Record, decode
from session_auth.sliding import IdleTime

ID_LENGTH = 43  # of 32 bytes in base64url
# A shortened idle time is part of the id, because a read sets the TTL before it has the record. The hash covers it:
# a client that changes it sends an unknown id.
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_-]{43}(?:\.(?P<idle_s>[1-9][0-9]{0,6}))?", re.ASCII)


class MemberRecord(Record, frozen=True, omit_defaults=True):
    """`from_lab` is stored only when it is false, that is, when the session was not started in a lab."""

    from_lab: bool = True


class MemberCredential(SessionCredential):
    """Session operations for members. Errors of the core are raised as the service's errors."""

    _store: MemberSessions

    def __init__(
        self,
        store: MemberSessions,
        members: Members,
        lifetimes: Lifetimes,
        most_logins: int,
        now: Callable[[], float] = time,
        in_lab: bool = False,
    ) -> None:
        super().__init__(store, lifetimes, most_logins, now)
        self._members = members
        self._in_lab = in_lab

    open = in_service_errors(SessionCredential.open)
    verify = in_service_errors(SessionCredential.verify)
    write = in_service_errors(SessionCredential.write)
    renew = in_service_errors(SessionCredential.renew)
    revoke = in_service_errors(SessionCredential.revoke)
    end_login = in_service_errors(SessionCredential.end_login)
    end_all = in_service_errors(SessionCredential.end_all)

    @in_service_errors
    def issue_for(self, member: Member, idle_s: int) -> str:
        """Start a member's login and return its session id.

        Raise `StoreUnavailable`, and then no login is left behind. Raise `InvalidCredentials` if the member was
        disabled or got another role or password while the password was being checked.
        """
        shortened = idle_s < self._lifetimes.idle_s
        sid = new_id() + (f".{idle_s}" if shortened else "")
        return self._issue(sid, member.username, member.role, partial(self._refuse_if_changed, member))

    @in_service_errors
    def live_logins(self, username: str, first: int = 0, most: int = 50) -> list[ListedLogin]:
        """Return at most `most` of the member's live logins, newest first, after skipping the `first` newest."""
        found = self.list_logins(username, first, most)
        return [ListedLogin(login.login_id, login.created_at, login.expires_at) for login in found]

    @in_service_errors
    def member_changed(self, change: MemberChange) -> None:
        """Apply a change of a member to the member's live sessions."""
        if change.what == "role":
            self.set_role(change.username, change.role)
        else:
            self.end_all(change.username)

    @in_service_errors
    def stored_records(self, sid: str) -> list[StoredRecord]:
        """Return the stored keys of the login that this id belongs to: its record and its index entry."""
        key = hashed(sid)
        stored = self._store.peek(key)
        contents = self._current(stored)
        if stored is None or contents is None:
            return []
        user_id, login_id = contents.record.user_id, contents.record.login_id
        record_name, index_name = self._store.names(key, user_id)
        mine = {other: found.login_id for other, found in self._entries(user_id, lambda other: other == login_id)}
        return [
            StoredRecord(self._store.where, record_name, contents.fields, self._store.ttl_s(key), len(stored), True),
            StoredRecord(self._store.where, index_name, mine),
        ]

    # -- overrides

    def _is_well_formed(self, sid: str) -> bool:
        return WELL_FORMED_ID.fullmatch(sid) is not None

    def _idle(self, sid: str) -> IdleTime:
        """Return the idle time. A shortened one is exact to the second, so that it ends when the page says so."""
        _, _, shortened = sid.partition(".")
        return IdleTime(min(int(shortened), self._lifetimes.idle_s)) if shortened else self._usual_idle

    def _next_id(self, sid: str) -> str:
        return f"{new_id()}{sid[ID_LENGTH:]}"

    def _record(self, user_id: str, role: str, login_id: str, created_at: float, expires_at: float) -> Record:
        return MemberRecord(user_id, role, login_id, created_at, expires_at, self._in_lab)

    def _decode(self, stored: bytes | None) -> Contents | None:
        if stored is None:
            return None
        with step("verify", "session record"):
            return decode(stored, MemberRecord)

    def _accepts(self, record: Record) -> bool:
        assert isinstance(record, MemberRecord)
        begun_elsewhere = record.from_lab and not self._in_lab  # the lab's passwords are public
        return super()._accepts(record) and not begun_elsewhere

    def _has_ended(self, key: str) -> bool:
        return self._store.has_ended(key)

    def _refuse_if_changed(self, member: Member) -> None:
        """Raise if the member changed between the password check and the index entry: the change missed this login."""
        now = self._members.find_active(member.username)
        if now is None or (now.role, now.password_hash) != (member.role, member.password_hash):
            raise InvalidCredentials(NAME_OR_PASSWORD)
