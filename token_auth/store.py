"""The store of refresh tokens: two tables of a database (`tables.py`).

A login is a family: one row in the family table, and one row for each of its refresh tokens.

`exchange` decides what a used token means (RFC 9700 §4.14.2). An honest client may present one: its process ended
before it stored the new token, or two of its tabs refreshed at once. A thief may present a copy. The requests look the
same, so the decision depends on the successor, the token that replaced the used one:

- The successor was used: two clients hold tokens of this login. The login ends.
- The successor is unused, within the grace period: the client gets the same successor again, so that a race logs no
client out. A thief who repeats each refresh within the grace period shares the login undetected. Only a token bound
to a key of its client (RFC 9449) prevents that. This is the cost of the grace period, so it is short.
- The successor is unused, after the grace period: the answer was lost, or this is a thief. The client gets a new
successor, and the unused one is invalidated. If the answer was lost, no client has the unused one. If this is a
thief, the member has it, and the member's next refresh ends the login.

With a grace period of 0 each token works once, and a second use ends its login.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, delete, false, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .errors import StoreUnavailable
from .keys import DAY_S
from .tables import LONGEST_NAME, TABLES, Family, RefreshTokenRow, families, refresh_tokens

ROTATIONS_PER_S = 10  # per login: far above what clients need, far below what would delay other logins' refreshes
# Old rows are deleted in batches: a login may leave very many, and other writers wait for the database meanwhile.
DROPPED_BY_A_REFRESH, DROPPED_BY_A_LOGIN = 20, 1000
SHOWN = 100  # the newest tokens of a login
# Lock rows in this order, or two transactions could deadlock.
OLDEST_FIRST = families.c.created_at, families.c.login_id


@dataclass(frozen=True)
class Exchange:
    """A new refresh token, from a log-in or an exchange: its family, id and times."""

    family: Family
    jti: str
    issued_at: float
    expires_at: float


class Unknown(Exception):
    """No live family has this token."""


class AnotherLogin(Unknown):
    """The token belongs to another login, which may be live."""


class LoginOver(Exception):
    """The token's family has ended. `access_ttl_s`: the longest lifetime of this login's access tokens."""

    def __init__(self, family: Family) -> None:
        super().__init__(family.login_id)
        self.login_id, self.access_ttl_s = family.login_id, family.access_ttl_s


class Ended(LoginOver):
    """The family had ended before this call."""


class Reused(LoginOver):
    """A used token was presented, and its successor is used too: two clients have tokens. The family was revoked."""


class TooFast(Exception):
    """This login refreshes too often. Its tokens stay valid."""


class RefreshTokens:
    """The refresh tokens of one kind of login, called `name`. Works with any SQLAlchemy engine, without changing it.

    Connections need transactions; `AUTOCOMMIT` works with SQLite only. Raise `ValueError` if `name` is empty or too
    long. Every method raises `StoreUnavailable` if the database is locked or does not answer.
    """

    def __init__(self, engine: Engine, name: str = "token") -> None:
        if not 1 <= len(name) <= LONGEST_NAME:
            raise ValueError(f"name must have 1 to {LONGEST_NAME} characters")
        self.name = name
        self._engine = engine

    def create_tables(self) -> None:
        """Create missing tables. Several processes may do so at the same time."""
        with _unavailable():
            try:
                TABLES.create_all(self._engine)
            except (
                OperationalError,
                ProgrammingError,
                IntegrityError,
            ):  # another process created them first: check again
                TABLES.create_all(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read-only transaction."""
        with _unavailable(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes. It is committed at the end, and rolled back after an error.

        Rows that it reads must not change before it writes. Other databases lock these rows. SQLite locks the whole
        database, and only at the first write, so the transaction begins with a write that changes nothing.
        `BEGIN IMMEDIATE` would be clearer, but how a transaction begins is the engine's setting. It is used only if
        the engine begins none (`AUTOCOMMIT`).
        """
        with _unavailable(), self._engine.connect() as connection:
            connection.begin()
            if self._engine.dialect.name == "sqlite":
                _lock_sqlite(connection)
            yield connection
            try:
                connection.commit()
            except DBAPIError:
                _leave_no_transaction(connection)
                raise

    def create(self, family: Family, jti: str, expires_at: float, most_logins: int) -> list[Family]:
        """Store a family and its first token in one transaction. Return the older families that were ended for it.

        A user has at most `most_logins` live families. A further one ends the oldest.
        """
        with self.writing() as connection:
            self._lock_user(connection, family.user_id)
            made_room = self._make_room(connection, family.user_id, family.created_at, most_logins)
            connection.execute(insert(families).values(**asdict(family)))
            _insert_token(connection, jti, family.login_id, family.created_at, expires_at)
            return made_room

    def take_back(self, login_id: str) -> None:
        """Undo `create`. Only for a family whose tokens no client has."""
        with self.writing() as connection:
            _delete(connection, [login_id])

    def exchange(self, jti: str, login_id: str | None, now: float, grace_s: float, longest_s: float) -> Exchange:
        """Exchange a token for its successor in one transaction. A new one lives at most `longest_s` seconds.

        Of several concurrent callers with one token exactly one uses it; within the grace period the others get the
        same successor. With `login_id`, the token must belong to that login. Raise `Unknown`, `AnotherLogin`, `Ended`,
        `TooFast`, or `Reused` after the family was revoked. After another error nothing has changed.
        """
        with self.writing() as connection:
            token, family = self._locked(connection, jti, now)
            if login_id not in (None, family.login_id):
                raise AnotherLogin
            if token.used_at is None:
                return Exchange(family, *_use(connection, jti, token, family, now, longest_s))
            successor_jti = _next_jti(jti, token.used_at, family)
            successor = _find_token(connection, successor_jti)
            if grace_s > 0 and successor is not None and successor.used_at is None:
                if now - token.used_at < grace_s:
                    return Exchange(family, successor_jti, successor.issued_at, successor.expires_at)
                _mark_used(connection, successor, now)  # without a successor of its own: its use is treated as theft
                return Exchange(family, *_use(connection, jti, token, family, now, longest_s))
            _revoke(connection, [family], now)
        raise Reused(family)

    def list_logins(self, user_id: str, now: float, first: int, most: int) -> list[Family]:
        """Return the user's live families that still have a valid refresh or access token.

        Newest first, at most `most`, after skipping the `first` newest.
        """
        usable = (
            self._live(user_id, now)
            .join_from(families, refresh_tokens)
            .where(refresh_tokens.c.used_at.is_(None))
            .where(or_(refresh_tokens.c.expires_at > now, refresh_tokens.c.issued_at + families.c.access_ttl_s > now))
            .order_by(families.c.created_at.desc(), families.c.login_id)
        )
        with self.reading() as connection:
            return _families(connection, usable.offset(first).limit(most))

    def user_of(self, jti: str) -> str | None:
        """Return the owner of a refresh token, live or not; None if the token is unknown."""
        with self.reading() as connection:
            return connection.scalar(select(families.c.user_id).where(*self._has(jti)))

    def family_of(self, jti: str) -> Family | None:
        """Return the family of a refresh token, ended or not; None if the token is unknown."""
        with self.reading() as connection:
            return _family(connection, select(families).where(*self._has(jti)))

    def rows(self, login_id: str) -> tuple[Family, list[RefreshTokenRow]] | None:
        """Return a login's family and its newest tokens, oldest first, ended or not; None if it is unknown."""
        known = select(families).where(families.c.login_id == login_id, families.c.name == self.name)
        of_login = select(refresh_tokens).where(refresh_tokens.c.login_id == login_id)
        newest = of_login.order_by(refresh_tokens.c.issued_at.desc()).limit(SHOWN)
        with self.reading() as connection:
            family = _family(connection, known)
            if family is None:
                return None
            return family, [RefreshTokenRow(*row) for row in connection.execute(newest)][::-1]

    def find_live(self, user_id: str, now: float) -> list[Family]:
        """Return all of the user's live families."""
        with self.reading() as connection:
            return _families(connection, self._live(user_id, now))

    def end_login(self, user_id: str, login_id: str, now: float) -> Family | None:
        """Revoke one of the user's families and return it; None if it is unknown. An ended one stays unchanged."""
        with self.writing() as connection:
            one = self._of(user_id).where(families.c.login_id == login_id)
            family = _family(connection, one.with_for_update())
            if family is None or family.revoked_at is not None:
                return family
            return _revoke(connection, [family], now)[0]

    def end_all(self, user_id: str, now: float) -> list[Family]:
        """Revoke all of the user's live families. Return them and those that ended before."""
        with self.writing() as connection:
            ended = _families(connection, self._of(user_id).where(families.c.revoked_at.is_not(None)))
            live = _families(connection, self._live(user_id, now).order_by(*OLDEST_FIRST).with_for_update())
            return ended + _revoke(connection, live, now)

    def _lock_user(self, connection: Connection, user_id: str) -> None:
        """Lock the user's oldest family, if the database locks rows. So concurrent log-ins are counted one by one."""
        connection.execute(self._ids_of(user_id).order_by(*OLDEST_FIRST).limit(1).with_for_update())

    def _make_room(self, connection: Connection, user_id: str, now: float, most_logins: int) -> list[Family]:
        """End the oldest families until one more fits. Delete expired families, and all but the last ended ones."""
        expired = self._ids_of(user_id).where(families.c.expires_at <= now)
        ended = self._ids_of(user_id).where(families.c.revoked_at.is_not(None)).order_by(families.c.revoked_at.desc())
        _delete(connection, [*connection.scalars(expired), *connection.scalars(ended.offset(most_logins))])
        newest_first = self._live(user_id, now).order_by(families.c.created_at.desc())
        oldest = _families(connection, newest_first.offset(most_logins - 1).with_for_update())
        return _revoke(connection, oldest, now)

    def _locked(self, connection: Connection, jti: str, now: float) -> tuple[RefreshTokenRow, Family]:
        """Return the token and its live family, locked against other callers until this transaction ends."""
        # PostgreSQL locks the row. SQLite ignores this: it has already locked the whole database.
        family = _family(connection, select(families).where(*self._has(jti)).with_for_update(of=families))
        # Read it after locking: meanwhile another caller may have used the token, or a log-in may have deleted it.
        token = _find_token(connection, jti)
        if family is None or token is None or family.expires_at <= now:
            raise Unknown
        if family.revoked_at is not None:
            raise Ended(family)
        return token, family

    def _has(self, jti: str) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that select the family of a refresh token."""
        return (
            refresh_tokens.c.jti_hash == _hash(jti),
            refresh_tokens.c.login_id == families.c.login_id,
            families.c.name == self.name,
        )

    def _live(self, user_id: str, now: float) -> Select[Any]:
        return self._of(user_id).where(families.c.revoked_at.is_(None), families.c.expires_at > now)

    def _of(self, user_id: str) -> Select[Any]:
        return select(families).where(families.c.name == self.name, families.c.user_id == user_id)

    def _ids_of(self, user_id: str) -> Select[Any]:
        return self._of(user_id).with_only_columns(families.c.login_id)


def _lock_sqlite(connection: Connection) -> None:
    connection.execute(delete(refresh_tokens).where(false()))
    if not getattr(connection.connection.dbapi_connection, "in_transaction", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _leave_no_transaction(connection: Connection) -> None:
    """Roll back after a failed COMMIT: SQLite leaves the transaction open, and SQLAlchemy treats it as ended.

    Otherwise the connection would return to the pool with the lock that every other writer needs.
    """
    if not connection.invalidated:
        connection.connection.rollback()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    # Locked, deadlocked, shut down or disconnected: drivers raise any of these for a lost or demoted server.
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        raise StoreUnavailable from None


def _families(connection: Connection, query: Select[Any]) -> list[Family]:
    return [Family(*row) for row in connection.execute(query)]


def _family(connection: Connection, query: Select[Any]) -> Family | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else Family(*row)


def _find_token(connection: Connection, jti: str) -> RefreshTokenRow | None:
    query = select(refresh_tokens).where(refresh_tokens.c.jti_hash == _hash(jti))
    row = connection.execute(query).one_or_none()
    return None if row is None else RefreshTokenRow(*row)


def _insert_token(connection: Connection, jti: str, login_id: str, issued_at: float, expires_at: float) -> None:
    row = RefreshTokenRow(_hash(jti), login_id, issued_at, expires_at)
    connection.execute(insert(refresh_tokens).values(**asdict(row)))


def _mark_used(connection: Connection, token: RefreshTokenRow, now: float) -> None:
    one = refresh_tokens.c.jti_hash == token.jti_hash
    connection.execute(update(refresh_tokens).where(one).values(used_at=now))


def _revoke(connection: Connection, live: list[Family], now: float) -> list[Family]:
    """Revoke these families, which the caller has locked, and return them as they are now."""
    if live:
        these = families.c.login_id.in_([family.login_id for family in live])
        connection.execute(update(families).where(these).values(revoked_at=now))
    return [replace(family, revoked_at=now) for family in live]


def _delete(connection: Connection, login_ids: list[str]) -> None:
    """Delete these families and their tokens. Rows above the batch size are left for the next call."""
    if login_ids:
        _drop_some(connection, refresh_tokens.c.login_id.in_(login_ids), DROPPED_BY_A_LOGIN)
        there = select(refresh_tokens.c.login_id).where(refresh_tokens.c.login_id == families.c.login_id)
        connection.execute(delete(families).where(families.c.login_id.in_(login_ids), ~there.exists()))


def _drop_some(connection: Connection, which: ColumnElement[bool], most: int) -> None:
    some = list(connection.scalars(select(refresh_tokens.c.jti_hash).where(which).limit(most)))
    if some:
        connection.execute(delete(refresh_tokens).where(refresh_tokens.c.jti_hash.in_(some)))


def _use(
    connection: Connection, jti: str, token: RefreshTokenRow, family: Family, now: float, longest_s: float
) -> tuple[str, float, float]:
    """Mark the token as used, and store its successor. Return the successor's id and times."""
    _refuse_if_too_fast(connection, family, now)
    _mark_used(connection, token, now)
    # An expired token is only accepted together with an access token, which lives a day at most.
    long_expired = refresh_tokens.c.issued_at <= now - family.refresh_ttl_s - DAY_S
    _drop_some(connection, and_(refresh_tokens.c.login_id == family.login_id, long_expired), DROPPED_BY_A_REFRESH)
    next_jti = _next_jti(jti, now, family)
    expires_at = min(now + min(family.refresh_ttl_s, longest_s), family.expires_at)
    _insert_token(connection, next_jti, family.login_id, now, expires_at)
    return next_jti, now, expires_at


def _refuse_if_too_fast(connection: Connection, family: Family, now: float) -> None:
    of_login = refresh_tokens.c.login_id == family.login_id
    issued = select(func.count()).where(of_login, refresh_tokens.c.issued_at > now - 1)
    began_now = family.created_at > now - 1  # the first token is not a rotation
    if connection.scalars(issued).one() >= ROTATIONS_PER_S + began_now:
        raise TooFast


def _next_jti(jti: str, used_at: float, family: Family) -> str:
    """Derive the successor's id, so that a concurrent caller gets the same one though only hashes are stored.

    It needs the family's seed, which is in the database, and the token's id, which is not. A token of this id also
    needs a signing key. A token that is exchanged again later gets another successor.
    """
    return hmac.new(family.seed.encode(), f"{jti} {used_at!r}".encode(), hashlib.sha256).hexdigest()


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()
