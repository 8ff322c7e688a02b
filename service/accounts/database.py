"""The member database: one engine a process, short waits, every statement timed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    MetaData,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from service.config import BadConfig
from service.errors import StoreUnavailable
from service.measurement import step
from service.measurement.recorder import current

LOCK_WAIT_S = 1.0  # a locked database becomes a clear 503, never a hung page
LOCK_WAIT_MS = int(LOCK_WAIT_S * 1000)
CONNECT_WAIT_S = 2  # the least that libpq takes
POSTGRES_WAITS = (
    f"-c lock_timeout={LOCK_WAIT_MS} -c statement_timeout={2 * LOCK_WAIT_MS}"
    # A node that dies between two statements leaves its locks no longer than this.
    f" -c idle_in_transaction_session_timeout={5 * LOCK_WAIT_MS}"
)
CREATE_WITHIN_MS = 30_000
CREATING_TABLES = 7_301_955  # any number that only this lab locks
# What a statement was given may be a note, a hash or a seed: it belongs in no error and no log.
EVERYWHERE: dict[str, Any] = {"pool_timeout": LOCK_WAIT_S, "hide_parameters": True}
DOES_NOT_ANSWER = lazy_gettext("The member database does not answer. Nothing was changed; try again in a moment.")


class Base(DeclarativeBase):
    """The tables of the member database."""


class Database:
    """Sessions on the member database at `url`."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def create_tables(self, tables: MetaData = Base.metadata) -> None:
        """Create what is missing; several nodes may start at once. Raise `BadConfig` if the database is unusable."""
        try:
            try:
                self._create_missing(tables)
            except (OperationalError, ProgrammingError):  # another node created a table between our look and our try
                self._create_missing(tables)
        except DBAPIError as error:
            raise BadConfig(f"DATABASE_URL: the member database cannot be used ({_reason(error)})") from None

    def _create_missing(self, tables: MetaData) -> None:
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                # Two that create one table collide in PostgreSQL's own catalogue, whatever IF NOT EXISTS says. A start
                # waits longer for another one than a page does for a lock.
                for wait in ("lock_timeout", "statement_timeout"):
                    connection.execute(text(f"SET LOCAL {wait} = {CREATE_WITHIN_MS}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATING_TABLES})"))
            there = inspect(connection)
            names = set(there.get_table_names())  # all at once: each start of a node has to look
            missing = [table for table in tables.sorted_tables if table.name not in names]
            tables.create_all(connection, missing, checkfirst=False)
            for table in tables.sorted_tables:
                if table.indexes and table not in missing:
                    _create_indexes(connection, table, {index["name"] for index in there.get_indexes(table.name)})

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads. Raise `StoreUnavailable` if the database is locked or gone."""
        with _unavailable(), self._sessions() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that writes, committed at the end and rolled back by any error.

        SQLite takes the write lock at its start, so that what is read in it is still true when it writes.
        Raise `StoreUnavailable` if the database is locked or gone.
        """
        with self.reading() as session:
            session.connection(execution_options={"writes": True})
            yield session
            session.flush()
            with step("db", "COMMIT"):
                session.commit()

    def ping(self) -> None:
        """Raise `StoreUnavailable` unless the database answers."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))


def _create_indexes(connection: Connection, table: Table, there: set[str | None]) -> None:
    """Create those that an earlier version's table does not have."""
    for index in table.indexes:
        if index.name not in there:
            index.create(connection)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    # Locked, deadlocked, shut down or cut off: drivers call a lost or demoted server by all three names.
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        raise StoreUnavailable(DOES_NOT_ANSWER) from None


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


def _engine(url: str) -> Engine:
    try:
        return _tuned_engine(make_url(url))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError, TypeError):  # some drivers' own checks
        raise BadConfig("DATABASE_URL takes an SQLAlchemy address whose driver is installed") from None
    except OSError as error:
        raise BadConfig(f"DATABASE_URL: {error.filename} cannot be used ({error.strerror})") from None


def _tuned_engine(address: URL) -> Engine:
    if address.get_backend_name() == "postgresql":
        # Waits are the server's to end, as SQLite's lock is: nobody hangs behind another node's transaction. A server
        # that is itself suspended ends none; only whoever watches it from outside can.
        waits = {"connect_timeout": CONNECT_WAIT_S, "options": POSTGRES_WAITS, "tcp_user_timeout": LOCK_WAIT_MS}
        engine = create_engine(address, pool_pre_ping=True, connect_args=waits, **EVERYWHERE)
    elif address.get_backend_name() != "sqlite":
        engine = create_engine(address, pool_pre_ping=True, **EVERYWHERE)
    else:
        if address.database and address.database != ":memory:":
            _make_private(Path(address.database))
        engine = create_engine(address, connect_args={"timeout": LOCK_WAIT_S}, **EVERYWHERE)
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "checkin", _leave_no_transaction)
    event.listen(engine, "before_cursor_execute", _start_timer)
    event.listen(engine, "after_cursor_execute", _stop_timer)
    event.listen(engine, "handle_error", _stop_failed_timer)
    return engine


def _make_private(file: Path) -> None:
    """Make the file, if it is not there, for its owner alone: SQLite gives the files beside it the same mode and owner.

    A node or a command may create it first, and their umasks may differ; so with the folder. What root makes belongs to
    the folder's owner, as whom the nodes run.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        made = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        if os.name == "posix" and os.geteuid() == 0:
            folder = file.parent.stat()
            os.fchown(made, folder.st_uid, folder.st_gid)
        os.close(made)


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy begins transactions, not sqlite3: otherwise a SELECT runs outside the transaction it belongs to.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _leave_no_transaction(connection: sqlite3.Connection | None, _record: object) -> None:
    # A COMMIT that fails leaves its transaction open, which SQLAlchemy takes for ended: the connection would wait in
    # the pool with the lock that every other writer needs.
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _start_timer(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is not None:
        context.started_ns = perf_counter_ns()


def _stop_timer(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    _record(statement, context)


def _stop_failed_timer(failure: ExceptionContext) -> None:
    _record(failure.statement or "", failure.execution_context)


def _record(statement: str, context: Any) -> None:
    recorder = current.get()
    # A plain BEGIN only marks the connection; BEGIN IMMEDIATE waits for the write lock.
    if recorder is not None and hasattr(context, "started_ns") and statement != "BEGIN":
        recorder.add("db", _summary(statement), context.started_ns)


def _summary(statement: str) -> str:
    """Return the verb and the table of a statement: `SELECT members`."""
    words = statement.split()
    if words[0] == "BEGIN":
        return statement
    table = next((words[i + 1] for i, word in enumerate(words[:-1]) if word in ("FROM", "INTO", "UPDATE")), "")
    return f"{words[0]} {table}".strip()
