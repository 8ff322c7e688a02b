"""The member database: one engine per process, short timeouts, every statement timed."""

import os
import re
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

from service.config import BadConfig
from service.errors import StoreUnavailable
from service.measurement import step
from service.measurement.recorder import current
from service.terminal import _

# The tables of a statement: one or several, or one and the table that is joined to it.
TABLES = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+(?:, \w+)*)(?:\s+(?:LEFT OUTER )?JOIN (\w+))?")

LOCK_WAIT_S = 1.0  # a locked database gives a 503, not a page that hangs
LOCK_WAIT_MS = int(LOCK_WAIT_S * 1000)
CONNECT_WAIT_S = 2  # libpq's minimum
POSTGRES_WAITS = (
    f"-c lock_timeout={LOCK_WAIT_MS} -c statement_timeout={2 * LOCK_WAIT_MS}"
    # Ends the locks of a node that hangs or dies between two statements.
    f" -c idle_in_transaction_session_timeout={5 * LOCK_WAIT_MS}"
)
CREATE_WITHIN_MS = 30_000
CREATING_TABLES = 7_301_955  # an arbitrary number for this lab's advisory lock
# A statement's parameters may be a note, a hash or a seed: keep them out of errors and logs.
EVERYWHERE: dict[str, Any] = {"pool_timeout": LOCK_WAIT_S, "hide_parameters": True}
DOES_NOT_ANSWER = lazy_gettext("The member database does not answer. Nothing was changed; try again in a moment.")


MEMBER_TABLES = MetaData()  # members and what belongs to them


class Database:
    """Transactions on the member database at `url`."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)

    def create_tables(self, tables: MetaData = MEMBER_TABLES) -> None:
        """Create missing tables. Several nodes may do so at once. Raise `BadConfig` if the database is unusable."""
        try:
            try:
                self._create_missing(tables)
            except (OperationalError, ProgrammingError):  # another node created a table meanwhile: try again
                self._create_missing(tables)
        except DBAPIError as error:
            why = _("the member database cannot be used (%(why)s)", why=_reason(error))
            raise BadConfig(f"DATABASE_URL: {why}") from None

    def _create_missing(self, tables: MetaData) -> None:
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                # Two processes that create a table collide in PostgreSQL's catalogue, even with IF NOT EXISTS. A start
                # may wait longer for another start than a page for a lock.
                for wait in ("lock_timeout", "statement_timeout"):
                    connection.execute(text(f"SET LOCAL {wait} = {CREATE_WITHIN_MS}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATING_TABLES})"))
            there = inspect(connection)
            names = set(there.get_table_names())  # one query: every node start checks this
            missing = [table for table in tables.sorted_tables if table.name not in names]
            tables.create_all(connection, missing, checkfirst=False)
            for table in tables.sorted_tables:
                if table.indexes and table not in missing:
                    _create_indexes(connection, table, {index["name"] for index in there.get_indexes(table.name)})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read-only transaction. Raise `StoreUnavailable` if the database is locked or does not answer."""
        with _unavailable(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes. It is committed at the end, and rolled back after an error.

        SQLite takes the write lock at its start, so that rows that it reads do not change before it writes.
        Raise `StoreUnavailable` if the database is locked or does not answer.
        """
        with self.reading() as connection:
            connection.execution_options(writes=True).begin()
            yield connection
            with step("db", "COMMIT"):
                connection.commit()

    def ping(self) -> None:
        """Raise `StoreUnavailable` unless the database answers."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))


def _create_indexes(connection: Connection, table: Table, there: set[str | None]) -> None:
    """Create indexes that a table of an earlier version lacks."""
    for index in table.indexes:
        if index.name not in there:
            index.create(connection)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    # Locked, deadlocked, shut down or disconnected: drivers raise any of these for a lost or demoted server.
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        raise StoreUnavailable(DOES_NOT_ANSWER) from None


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


def _engine(url: str) -> Engine:
    try:
        return _tuned_engine(make_url(url))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError, TypeError):  # some drivers' checks
        raise BadConfig(
            _("%(name)s must be an SQLAlchemy address whose driver is installed", name="DATABASE_URL")
        ) from None
    except OSError as error:
        why = _("%(path)s cannot be used (%(why)s)", path=error.filename, why=error.strerror)
        raise BadConfig(f"DATABASE_URL: {why}") from None


def _tuned_engine(address: URL) -> Engine:
    if address.get_backend_name() == "postgresql":
        # The server ends all waits, so that no request hangs behind another node's transaction. A suspended server
        # does not; only monitoring from outside detects that.
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
    """Create a missing file, readable by its owner only. SQLite gives its other files the same mode and owner.

    A node or a command may create it first, with different umasks. If root creates it, it belongs to the owner of the
    folder, as whom the nodes run.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        made = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        if os.name == "posix" and os.geteuid() == 0:
            folder = file.parent.stat()
            os.fchown(made, folder.st_uid, folder.st_gid)
        os.close(made)


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy begins transactions, not sqlite3: otherwise a SELECT runs outside its transaction.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _leave_no_transaction(connection: sqlite3.Connection | None, _record: object) -> None:
    # A failed COMMIT leaves the transaction open, but SQLAlchemy treats it as ended: the connection would return to
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
    """Return a statement's verb and tables, such as `SELECT members` or `SELECT refresh_families, members`."""
    if statement.startswith("BEGIN"):
        return statement
    found = TABLES.search(statement)
    verb, tables = statement.split(maxsplit=1)[0], ", ".join(filter(None, found.groups())) if found else ""
    return f"{verb} {tables}".strip()
