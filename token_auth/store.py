"""Where refresh tokens live: in two tables of a database.

A login is a family: the row that ends with it, and one row for each refresh token it ever had. Only SHA-256 hashes of
token ids are kept. Times are seconds since the epoch.

What a used token means is decided in `exchange` (RFC 9700 §4.14.2). An honest client may lose an answer: its process
ends between the refresh and the storage, or two of its tabs race. A thief may have copied a token before it was used.
At the door the two look alike, so the answer depends on what became of the successor:

- The successor was used: then two clients hold tokens of this login, always. It ends.
- The successor is unused, and the grace is not over: the very same successor again, so a race logs no client out. A
  thief who comes within the grace of each refresh shares the login unseen; only binding a token to a key of its client
  (RFC 9449) would tell. That is the price of the grace, and why it is short.
- The successor is unused, and the grace is over: the answer was lost, or this is a thief. The client gets another
  successor, and the unused one is taken out of use. If the answer was lost, that one is in no hands. If this is a
  thief, the member holds it, and their next refresh ends the login.

With a grace of 0 each token is good once, and a used one ends its login.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    MetaData,
    Select,
    String,
    and_,
    delete,
    event,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from .errors import StoreUnavailable
from .keys import DAY_S

ROTATIONS_PER_S = 10  # of one login: far above what clients do, far below what would stall the others' refreshes
# So many old rows are dropped at a time: a login may leave a great many, and others wait for the database meanwhile.
DROPPED_BY_A_REFRESH, DROPPED_BY_A_LOGIN = 20, 1000
SHOWN = 100  # of a login's tokens, the newest
UNUSED = text("spent_at IS NULL")
LONGEST_NAME, LONGEST_USER_ID = 16, 255  # characters


class Tables(DeclarativeBase):
    """The two tables, which no other part of an application needs to know."""

    # Without it, a time would be rounded to minutes where a FLOAT has four bytes.
    type_annotation_map: ClassVar[dict[type, Double[float]]] = {float: Double()}


class Family(Tables):
    """One login: every refresh token that grew out of it, and when all of them end."""

    __tablename__ = "refresh_families"

    login_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column("approach", String(LONGEST_NAME))
    user_id: Mapped[str] = mapped_column("member_id", String(LONGEST_USER_ID), index=True)
    seed: Mapped[str] = mapped_column(String(64))
    access_ttl_s: Mapped[int]
    refresh_ttl_s: Mapped[int]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None]


# Rows are locked in this order: else two transactions might wait for each other.
OLDEST_FIRST = Family.created_at, Family.login_id


class RefreshTokenRow(Tables):
    """One refresh token of a family. `used_at` is set when it was exchanged for its successor."""

    __tablename__ = "refresh_tokens"

    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey("refresh_families.login_id"))
    issued_at: Mapped[float]
    expires_at: Mapped[float]
    used_at: Mapped[float | None] = mapped_column("spent_at")

    __table_args__ = (
        Index("refresh_tokens_of_login", "login_id", "issued_at"),
        Index("refresh_tokens_unspent", "login_id"),
    )


@event.listens_for(Tables.metadata, "before_create")
def _index_unused_tokens_only(_tables: MetaData, connection: Connection, **_how: object) -> None:
    """Say so in the database's own dialect. `Index(sqlite_where=…, postgresql_where=…)` would import both of them."""
    [unused] = [
        index
        for index in RefreshTokenRow.metadata.tables[RefreshTokenRow.__tablename__].indexes
        if index.name == "refresh_tokens_unspent"
    ]
    unused.dialect_options[connection.dialect.name]["where"] = UNUSED


@dataclass(frozen=True)
class Exchange:
    """What a login or a refresh token was exchanged for: a refresh token's family, id and times."""

    family: Family
    jti: str
    issued_at: float
    expires_at: float


class Unknown(Exception):
    """No live family has this token."""


class AnotherLogin(Unknown):
    """The token is of another login, which may well be live."""


class LoginOver(Exception):
    """The token's family has ended. `access_ttl_s`: how long an access token of this login lives at most."""

    def __init__(self, family: Family) -> None:
        super().__init__(family.login_id)
        self.login_id, self.access_ttl_s = family.login_id, family.access_ttl_s


class Ended(LoginOver):
    """It was ended before."""


class Reused(LoginOver):
    """A used token came back, and its successor is used: two clients hold tokens of this login. It is ended now."""


class TooFast(Exception):
    """This login refreshes more often than any client needs; its tokens stay as they are."""


class RefreshTokens:
    """The refresh tokens of one kind of login, `name`. Any SQLAlchemy engine will do, and keeps its settings.

    Its connections need transactions: `AUTOCOMMIT` will do with SQLite only. Raise `ValueError` for a name of no use.
    Every method raises `StoreUnavailable` if the database is locked or gone.
    """

    def __init__(self, engine: Engine, name: str = "token") -> None:
        if not 1 <= len(name) <= LONGEST_NAME:
            raise ValueError(f"name takes 1 to {LONGEST_NAME} characters")
        self.name = name
        self._engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    def create_tables(self) -> None:
        """Create what is missing; several processes may start at once."""
        with _unavailable():
            try:
                Tables.metadata.create_all(self._engine)
            except (OperationalError, ProgrammingError, IntegrityError):  # another process was quicker: look again
                Tables.metadata.create_all(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads."""
        with _unavailable(), self._sessions() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that writes, committed at the end and rolled back by any error.

        What is read in it has to be true still when it writes. Other databases lock the rows that are read for it.
        SQLite locks only as a whole, and only when it is first written to: so a statement that changes nothing comes
        first. `BEGIN IMMEDIATE` would say it better, but how a transaction begins is a setting of the engine: this says
        it only where the engine begins none (`AUTOCOMMIT`).
        """
        with _unavailable(), self._engine.connect() as connection, self._sessions(bind=connection) as session:
            connection.begin()
            if self._engine.dialect.name == "sqlite":
                _lock_sqlite(connection)
            yield session
            session.flush()
            try:
                connection.commit()
            except DBAPIError:
                _leave_no_transaction(connection)
                raise

    def create(self, family: Family, jti: str, expires_at: float, most_logins: int) -> list[Family]:
        """Start a family with its first token: both or neither. Return the families that made room for it.

        A user has `most_logins` at once; a further one ends the oldest.
        """
        with self.writing() as session:
            self._take_turns(session, family.user_id)
            made_room = self._make_room(session, family.user_id, family.created_at, most_logins)
            session.add(family)
            session.flush()
            session.add(_token(jti, family.login_id, family.created_at, expires_at))
            return made_room

    def take_back(self, login_id: str) -> None:
        """Undo `create`: no token of this family was given to a client."""
        with self.writing() as session:
            _delete(session, [login_id])

    def exchange(self, jti: str, login_id: str | None, now: float, grace_s: float, longest_s: float) -> Exchange:
        """Use a token and return its successor, in one atomic step. A new one lives `longest_s` at most.

        Of N callers with one token exactly one uses it; the others, within the grace, get the very same successor.
        With `login_id`, the token has to belong to that login. Raise `Unknown`, `TooFast`, or `Reused` once the family
        is revoked for it. If anything fails, nothing has happened and the old token is still good.
        """
        with self.writing() as session:
            token, family = self._locked(session, jti, now)
            if login_id not in (None, family.login_id):
                raise AnotherLogin
            if token.used_at is None:
                return Exchange(family, *_use(session, jti, token, family, now, longest_s))
            successor_jti = _next_jti(jti, token.used_at, family)
            successor = session.get(RefreshTokenRow, _hash(successor_jti))
            if grace_s > 0 and successor is not None and successor.used_at is None:
                if now - token.used_at < grace_s:
                    return Exchange(family, successor_jti, successor.issued_at, successor.expires_at)
                successor.used_at = now  # without a successor of its own: using it is a theft
                return Exchange(family, *_use(session, jti, token, family, now, longest_s))
            family.revoked_at = now
        raise Reused(family)

    def list_logins(self, user_id: str, now: float, first: int, most: int) -> list[Family]:
        """Return the user's live families that still have a token to refresh with, or an access token.

        Newest first, the `first` newest ones left out, `most` at most.
        """
        usable = (
            self._live(user_id, now)
            .join(RefreshTokenRow, RefreshTokenRow.login_id == Family.login_id)
            .where(RefreshTokenRow.used_at.is_(None))
            .where(or_(RefreshTokenRow.expires_at > now, RefreshTokenRow.issued_at + Family.access_ttl_s > now))
            .order_by(Family.created_at.desc(), Family.login_id)
        )
        with self.reading() as session:
            return list(session.scalars(usable.offset(first).limit(most)))

    def user_of(self, jti: str) -> str | None:
        """Return whose refresh token this is, live or not; None if it is not here."""
        with self.reading() as session:
            return session.scalar(select(Family.user_id).where(*self._has(jti)))

    def family_of(self, jti: str) -> Family | None:
        """Return the family that a refresh token belongs to, ended or not; None if there is none here."""
        with self.reading() as session:
            return session.scalar(select(Family).where(*self._has(jti)))

    def rows(self, login_id: str) -> tuple[Family, list[RefreshTokenRow]] | None:
        """Return a login's family and its newest tokens, oldest first, ended or not; None if it is not here."""
        newest = (
            select(RefreshTokenRow)
            .where(RefreshTokenRow.login_id == login_id)
            .order_by(RefreshTokenRow.issued_at.desc())
        )
        with self.reading() as session:
            family = session.get(Family, login_id)
            if family is None or family.name != self.name:
                return None
            return family, [*session.scalars(newest.limit(SHOWN))][::-1]

    def find_live(self, user_id: str, now: float) -> list[Family]:
        """Return all of the user's live families."""
        with self.reading() as session:
            return list(session.scalars(self._live(user_id, now)))

    def end_login(self, user_id: str, login_id: str, now: float) -> Family | None:
        """Revoke one of the user's families, and return it; None if there is none. It stays as ended as it was."""
        with self.writing() as session:
            family = session.scalar(self._of(user_id).where(Family.login_id == login_id).with_for_update())
            if family is not None and family.revoked_at is None:
                family.revoked_at = now
            return family

    def end_all(self, user_id: str, now: float) -> list[Family]:
        """Revoke all of the user's live families; return them, and those ended before."""
        with self.writing() as session:
            ended = list(session.scalars(self._of(user_id).where(Family.revoked_at.is_not(None))))
            for family in session.scalars(self._live(user_id, now).order_by(*OLDEST_FIRST).with_for_update()):
                family.revoked_at = now
                ended.append(family)
            return ended

    def _take_turns(self, session: Session, user_id: str) -> None:
        """Lock the user's oldest family, where rows can be: log-ins that come together are counted one by one."""
        session.execute(self._ids_of(user_id).order_by(*OLDEST_FIRST).limit(1).with_for_update())

    def _make_room(self, session: Session, user_id: str, now: float, most_logins: int) -> list[Family]:
        """End the oldest families until there is room for one more, and forget the longest ended ones."""
        expired = self._ids_of(user_id).where(Family.expires_at <= now)
        ended = self._ids_of(user_id).where(Family.revoked_at.is_not(None)).order_by(Family.revoked_at.desc())
        _delete(session, [*session.scalars(expired), *session.scalars(ended.offset(most_logins))])
        newest_first = self._live(user_id, now).order_by(Family.created_at.desc())
        oldest = list(session.scalars(newest_first.offset(most_logins - 1).with_for_update()))
        for family in oldest:
            family.revoked_at = now
        return oldest

    def _locked(self, session: Session, jti: str, now: float) -> tuple[RefreshTokenRow, Family]:
        """Return the token and its live family, and keep every other caller out until this transaction ends."""
        # PostgreSQL locks the row; SQLite has locked the whole database already and ignores this.
        family = session.scalar(select(Family).where(*self._has(jti)).with_for_update(of=Family))
        # Read behind the lock: another caller may have used it while we waited, or a log-in has dropped it.
        token = session.get(RefreshTokenRow, _hash(jti))
        if family is None or token is None or family.expires_at <= now:
            raise Unknown
        if family.revoked_at is not None:
            raise Ended(family)
        return token, family

    def _has(self, jti: str) -> tuple[ColumnElement[bool], ...]:
        """Tell of a family whether this refresh token belongs to it."""
        return (
            RefreshTokenRow.jti_hash == _hash(jti),
            RefreshTokenRow.login_id == Family.login_id,
            Family.name == self.name,
        )

    def _live(self, user_id: str, now: float) -> Select[Family]:
        return self._of(user_id).where(Family.revoked_at.is_(None), Family.expires_at > now)

    def _of(self, user_id: str) -> Select[Family]:
        return select(Family).where(Family.name == self.name, Family.user_id == user_id)

    def _ids_of(self, user_id: str) -> Select[str]:
        return self._of(user_id).with_only_columns(Family.login_id)


def _lock_sqlite(connection: Connection) -> None:
    connection.execute(delete(RefreshTokenRow).where(false()))
    if not getattr(connection.connection.dbapi_connection, "in_transaction", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _leave_no_transaction(connection: Connection) -> None:
    """A COMMIT that fails leaves its transaction open in SQLite, and SQLAlchemy takes it for ended.

    The connection would wait in the pool with the lock that every other writer needs.
    """
    if not connection.invalidated:
        connection.connection.rollback()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    # Locked, deadlocked, shut down or cut off: drivers call a lost or demoted server by all three names.
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        raise StoreUnavailable from None


def _delete(session: Session, login_ids: list[str]) -> None:
    """Delete these families with their tokens; what is too much for once stays for the next time."""
    if login_ids:
        _drop_some(session, RefreshTokenRow.login_id.in_(login_ids), DROPPED_BY_A_LOGIN)
        there = select(RefreshTokenRow.login_id).where(RefreshTokenRow.login_id == Family.login_id)
        session.execute(delete(Family).where(Family.login_id.in_(login_ids), ~there.exists()))


def _drop_some(session: Session, which: ColumnElement[bool], most: int) -> None:
    some = list(session.scalars(select(RefreshTokenRow.jti_hash).where(which).limit(most)))
    if some:
        session.execute(delete(RefreshTokenRow).where(RefreshTokenRow.jti_hash.in_(some)))


def _use(
    session: Session, jti: str, token: RefreshTokenRow, family: Family, now: float, longest_s: float
) -> tuple[str, float, float]:
    """Mark the token as used; return its successor's id and times."""
    _refuse_if_too_fast(session, family, now)
    token.used_at = now
    # No one can present a token that has expired, except beside an access token, which lives a day at most.
    long_expired = RefreshTokenRow.issued_at <= now - family.refresh_ttl_s - DAY_S
    _drop_some(session, and_(RefreshTokenRow.login_id == family.login_id, long_expired), DROPPED_BY_A_REFRESH)
    next_jti = _next_jti(jti, now, family)
    expires_at = min(now + min(family.refresh_ttl_s, longest_s), family.expires_at)
    session.add(_token(next_jti, family.login_id, now, expires_at))
    session.flush()
    return next_jti, now, expires_at


def _refuse_if_too_fast(session: Session, family: Family, now: float) -> None:
    issued = select(func.count()).where(
        RefreshTokenRow.login_id == family.login_id, RefreshTokenRow.issued_at > now - 1
    )
    began_now = family.created_at > now - 1  # its first token is no rotation
    if session.scalars(issued).one() >= ROTATIONS_PER_S + began_now:
        raise TooFast


def _token(jti: str, login_id: str, issued_at: float, expires_at: float) -> RefreshTokenRow:
    return RefreshTokenRow(
        jti_hash=_hash(jti), login_id=login_id, issued_at=issued_at, expires_at=expires_at, used_at=None
    )


def _next_jti(jti: str, used_at: float, family: Family) -> str:
    """Derive the successor's id, so that the loser of a race can be given it and only hashes are kept.

    It takes the family's seed from the database and the token's own id, which is not there, to derive it; and a
    signing key to make a token of it. A token that is exchanged again, later, has another successor.
    """
    return hmac.new(family.seed.encode(), f"{jti} {used_at!r}".encode(), hashlib.sha256).hexdigest()


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()
