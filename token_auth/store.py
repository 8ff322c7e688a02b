"""Where refresh tokens live: in the member database.

A login is a family: the row that ends with it, and one row for each refresh token it ever had. Only SHA-256 hashes of
token ids are kept. Times are seconds since the epoch.
"""

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import ForeignKey, Select, String, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.database import Base, Database
from accounts.members import Member
from config import DAY_S


class Family(Base):
    """One login: every refresh token that grew out of it, and when all of them end."""

    __tablename__ = "refresh_families"

    login_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    approach: Mapped[str] = mapped_column(String(16))
    member_id: Mapped[str] = mapped_column(ForeignKey("members.username"), index=True)
    seed: Mapped[str] = mapped_column(String(64))
    access_ttl_s: Mapped[int]
    refresh_ttl_s: Mapped[int]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None]


class RefreshToken(Base):
    """One refresh token of a family. `spent_at` is set when it was exchanged for its successor."""

    __tablename__ = "refresh_tokens"

    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey("refresh_families.login_id"), index=True)
    issued_at: Mapped[float]
    expires_at: Mapped[float]
    spent_at: Mapped[float | None]


@dataclass(frozen=True)
class Exchange:
    """What a login or a refresh token was exchanged for: a refresh token's family, id and times, and the role now."""

    family: Family
    role: str
    jti: str
    issued_at: float
    expires_at: float


class MemberChanged(Exception):
    """The member is no longer the one whose password was checked."""


class MemberDisabled(Exception):
    """The member of this name may not be logged in any more."""


class Unknown(Exception):
    """No live family has this token."""


class Ended(Unknown):
    """The token's family was ended before; the text is its login id."""


class Reused(Exception):
    """The token was spent too long ago for a race: somebody else holds its successor. Its family is revoked."""


class RefreshTokens:
    """The refresh tokens of one approach. Every method raises `StoreUnavailable` if the database is broken."""

    def __init__(self, database: Database, approach: str, grace_s: float) -> None:
        self._database = database
        self._approach = approach
        self._grace_s = grace_s

    def create(self, member: Member, family: Family, jti: str, expires_at: float) -> None:
        """Start a family with its first token: both or neither.

        Raise `MemberChanged`, with neither, if the member was disabled, given another role or another password since
        `member` was read.
        """
        with self._database.writing() as session:
            # Locked, where rows can be: a change that comes later finds the family, and ends it.
            there = session.get_one(Member, member.username, with_for_update={"read": True})
            if there.disabled or (there.role, there.password_hash) != (member.role, member.password_hash):
                raise MemberChanged
            _drop_outlived(session, member.username, now=family.created_at)
            session.add(family)
            session.flush()
            session.add(_token(jti, family.login_id, family.created_at, expires_at))

    def exchange(self, jti: str, login_id: str | None, now: float) -> Exchange:
        """Spend a token and return its successor, in one atomic step.

        Of N callers with one token exactly one spends it; the others, within the grace, get the very same successor.
        With `login_id`, the token has to belong to that login. Raise `Unknown`, `MemberDisabled`, or `Reused` once
        the family is revoked for it. If anything fails, nothing has happened and the old token is still good.
        """
        with self._database.writing() as session:
            token, family = self._locked(session, jti, now)
            if login_id not in (None, family.login_id):
                raise Unknown
            role = _role(session, family.member_id)
            if token.spent_at is None:
                _spend(session, jti, token, family, now)
            elif max(0, now - token.spent_at) >= self._grace_s:  # a clock that runs behind earns no longer grace
                family.revoked_at = now
            if family.revoked_at is None:
                return Exchange(family, role, *_newest(session, jti, token, family))
        raise Reused(family.login_id)

    def list_logins(self, member_id: str, now: float) -> list[Family]:
        """Return the member's live families that still have a token to refresh with, or an access token."""
        usable = (
            self._live(member_id, now)
            .join(RefreshToken, RefreshToken.login_id == Family.login_id)
            .where(RefreshToken.spent_at.is_(None))
            .where(or_(RefreshToken.expires_at > now, RefreshToken.issued_at + Family.access_ttl_s > now))
        )
        with self._database.reading() as session:
            return list(session.scalars(usable))

    def family_of(self, jti: str) -> str | None:
        """Return the login id that a refresh token belongs to, or None."""
        with self._database.reading() as session:
            token = session.get(RefreshToken, _hash(jti))
            return None if token is None else token.login_id

    def rows(self, login_id: str) -> tuple[Family, list[RefreshToken]] | None:
        """Return a login's family and its tokens, oldest first, ended or not; None if there is no such login here."""
        tokens = select(RefreshToken).where(RefreshToken.login_id == login_id).order_by(RefreshToken.issued_at)
        with self._database.reading() as session:
            family = session.get(Family, login_id)
            if family is None or family.approach != self._approach:
                return None
            return family, list(session.scalars(tokens))

    def find_live(self, member_id: str, now: float) -> list[str]:
        """Return the login ids of all of the member's live families."""
        with self._database.reading() as session:
            return [family.login_id for family in session.scalars(self._live(member_id, now))]

    def end_login(self, member_id: str, login_id: str, now: float) -> bool:
        """Revoke one of the member's families; tell whether it was live."""
        with self._database.writing() as session:
            family = session.scalar(self._live(member_id, now).where(Family.login_id == login_id).with_for_update())
            if family is not None:
                family.revoked_at = now
            return family is not None

    def end_all(self, member_id: str, now: float, since: float) -> list[str]:
        """Revoke all of the member's live families; return their login ids, and those revoked after `since`."""
        lately = self._of(member_id).where(Family.revoked_at > since)
        with self._database.writing() as session:
            ended = [family.login_id for family in session.scalars(lately)]
            for family in session.scalars(self._live(member_id, now).with_for_update()):
                family.revoked_at = now
                ended.append(family.login_id)
            return ended

    def _locked(self, session: Session, jti: str, now: float) -> tuple[RefreshToken, Family]:
        """Return the token and its live family, and keep every other caller out until this transaction ends."""
        token = session.get(RefreshToken, _hash(jti))
        if token is None:
            raise Unknown
        # PostgreSQL locks the row; SQLite has locked the whole database already and ignores this.
        family = session.get_one(Family, token.login_id, with_for_update=True)
        session.refresh(token)  # another caller may have spent it while we waited
        if family.approach != self._approach or family.expires_at <= now:
            raise Unknown
        if family.revoked_at is not None:
            raise Ended(family.login_id)
        return token, family

    def _live(self, member_id: str, now: float) -> Select[Family]:
        return self._of(member_id).where(Family.revoked_at.is_(None), Family.expires_at > now)

    def _of(self, member_id: str) -> Select[Family]:
        return select(Family).where(Family.approach == self._approach, Family.member_id == member_id)


def _role(session: Session, member_id: str) -> str:
    member = session.get_one(Member, member_id)
    if member.disabled:
        raise MemberDisabled(member_id)
    return member.role


def _drop_outlived(session: Session, member_id: str, now: float) -> None:
    outlived = select(Family.login_id).where(Family.member_id == member_id, Family.expires_at <= now)
    session.execute(delete(RefreshToken).where(RefreshToken.login_id.in_(outlived)))
    session.execute(delete(Family).where(Family.member_id == member_id, Family.expires_at <= now))


def _drop_long_spent(session: Session, login_id: str, now: float) -> None:
    """Nobody can present a token that has expired, except beside an access token, which lives a day at most."""
    expired = RefreshToken.expires_at <= now - DAY_S
    session.execute(delete(RefreshToken).where(RefreshToken.login_id == login_id, expired))


def _spend(session: Session, jti: str, token: RefreshToken, family: Family, now: float) -> None:
    token.spent_at = now
    _drop_long_spent(session, family.login_id, now)
    expires_at = min(now + family.refresh_ttl_s, family.expires_at)
    session.add(_token(_next_jti(jti, family), family.login_id, now, expires_at))
    session.flush()


def _newest(session: Session, jti: str, token: RefreshToken, family: Family) -> tuple[str, float, float]:
    """Follow a spent token to the one that is not spent; return its id and times.

    Usually that is its successor. If a race goes on until that is spent too, then later, so within the grace as well:
    whoever was given it now would keep a token that soon counts as stolen, and be logged out by a race after all.
    """
    while token.spent_at is not None:
        jti = _next_jti(jti, family)
        token = session.get_one(RefreshToken, _hash(jti))
    return jti, token.issued_at, token.expires_at


def _token(jti: str, login_id: str, issued_at: float, expires_at: float) -> RefreshToken:
    return RefreshToken(
        jti_hash=_hash(jti), login_id=login_id, issued_at=issued_at, expires_at=expires_at, spent_at=None
    )


def _next_jti(jti: str, family: Family) -> str:
    """Derive the successor's id, so that the loser of a race can be given it and only hashes are kept.

    It takes the family's seed from the database and the token's own id, which is not there, to derive it; and a
    signing key to make a token of it.
    """
    return hmac.new(family.seed.encode(), jti.encode(), hashlib.sha256).hexdigest()


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()
