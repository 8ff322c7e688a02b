"""Where refresh tokens live, in the member database, and, for `/hybrid`, the denylist in Redis.

A login is a family: the row that ends with it, and one row for each refresh token it ever had. Only SHA-256 hashes of
token ids are kept. Times are seconds since the epoch.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ForeignKey, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.database import Base, Database
from store_connection import StoreConnection, WrongKind


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
    """What a refresh token was exchanged for: its family, and the successor's id and times."""

    family: Family
    jti: str
    issued_at: float
    expires_at: float


class Unknown(Exception):
    """No live family has this token."""


class Reused(Exception):
    """The token was spent too long ago for a race: somebody else holds its successor. Its family is revoked."""


class RefreshTokens:
    """The refresh tokens of one approach. Every method raises `StoreUnavailable` if the database is broken."""

    def __init__(self, database: Database, approach: str, grace_s: float) -> None:
        self._database = database
        self._approach = approach
        self._grace_s = grace_s

    def create(self, family: Family, jti: str, expires_at: float) -> None:
        """Start a family with its first token: both or neither."""
        with self._database.writing() as session:
            session.add(family)
            session.flush()
            session.add(_token(jti, family.login_id, family.created_at, expires_at))

    def exchange(self, jti: str, login_id: str | None, now: float) -> Exchange:
        """Spend a token and return its successor, in one atomic step.

        Of N callers with one token exactly one spends it; the others, within the grace, get the very same successor.
        With `login_id`, the token has to belong to that login. Raise `Unknown`, or `Reused` once the family is
        revoked for it. If storing fails, nothing has happened and the old token is still good.
        """
        with self._database.writing() as session:
            token, family = self._locked(session, jti, now)
            if login_id not in (None, family.login_id):
                raise Unknown
            next_jti = _next_jti(jti, family)
            if token.spent_at is None:
                token.spent_at = now
                successor = _token(next_jti, family.login_id, now, min(now + family.refresh_ttl_s, family.expires_at))
                session.add(successor)
                return Exchange(family, next_jti, successor.issued_at, successor.expires_at)
            if now <= token.spent_at + self._grace_s:
                successor = session.get_one(RefreshToken, _hash(next_jti))
                return Exchange(family, next_jti, successor.issued_at, successor.expires_at)
            family.revoked_at = now
        raise Reused(family.login_id)

    def list_logins(self, member_id: str, now: float) -> list[Family]:
        """Return the member's live families that still have a token to refresh with."""
        unspent = select(RefreshToken.login_id).where(RefreshToken.spent_at.is_(None), RefreshToken.expires_at > now)
        with self._database.reading() as session:
            return list(session.scalars(self._live(member_id, now).where(Family.login_id.in_(unspent))))

    def end_login(self, member_id: str, login_id: str, now: float) -> bool:
        """Revoke one of the member's families; tell whether it was live."""
        with self._database.writing() as session:
            family = session.scalar(self._live(member_id, now).where(Family.login_id == login_id).with_for_update())
            if family is not None:
                family.revoked_at = now
            return family is not None

    def end_all(self, member_id: str, now: float) -> list[str]:
        """Revoke all of the member's live families and return their login ids."""
        with self._database.writing() as session:
            families = list(session.scalars(self._live(member_id, now).with_for_update()))
            for family in families:
                family.revoked_at = now
            return [family.login_id for family in families]

    def _locked(self, session: Session, jti: str, now: float) -> tuple[RefreshToken, Family]:
        """Return the token and its live family, and keep every other caller out until this transaction ends."""
        token = session.get(RefreshToken, _hash(jti))
        if token is None:
            raise Unknown
        # PostgreSQL locks the row; SQLite has locked the whole database already and ignores this.
        family = session.get_one(Family, token.login_id, with_for_update=True)
        session.refresh(token)  # another caller may have spent it while we waited
        if family.approach != self._approach or family.revoked_at is not None or family.expires_at <= now:
            raise Unknown
        return token, family

    def _live(self, member_id: str, now: float) -> Select[Family]:
        return select(Family).where(
            Family.approach == self._approach,
            Family.member_id == member_id,
            Family.revoked_at.is_(None),
            Family.expires_at > now,
        )


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


class Denylist(Protocol):
    """Which logins' access tokens are no longer what they say."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        """Refuse the login's access tokens from now on."""

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        """Refuse those of the login's access tokens that claim another role."""

    def find(self, login_id: str) -> str | None:
        """Return `ENDED`, the role that tokens have to claim, or None if nothing is held against the login."""


ENDED = ""  # no role has this name


class NoDenylist:
    """For `/token`: an access token is never looked up, and lives until it expires."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        return

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        return

    def find(self, login_id: str) -> str | None:
        return None


class RedisDenylist:
    """For `/hybrid`: one look-up a request, as a session pays it."""

    def __init__(self, store: StoreConnection, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def deny(self, login_id: str, ttl_s: int) -> None:
        self._store.command("SET", self._key(login_id), ENDED, "EX", ttl_s)

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        # Never over an ended login: NX alone would keep an older role, so the two cases are told apart.
        self._store.command("EVAL", REQUIRE_ROLE, 1, self._key(login_id), role, ttl_s)

    def find(self, login_id: str) -> str | None:
        try:
            entry = self._store.command("GET", self._key(login_id))
        except WrongKind:  # whoever wrote this did not mean to let anybody in
            return ENDED
        return None if entry is None else entry.decode(errors="replace")

    def _key(self, login_id: str) -> str:
        return f"{self._prefix}denied:{login_id}"


REQUIRE_ROLE = """
if redis.call('GET', KEYS[1]) == '' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
