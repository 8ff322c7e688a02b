"""When the member database fails half-way: a clear 503, nothing half-made, and nobody lost between two tokens."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from service.accounts.database import LOCK_WAIT_S
from service.config import Config
from tests.conftest import Clock, MakeVisitor
from tests.support.stopwatch import Stopwatch
from tests.support.visitor import BY_TOKEN, Visitor

ABOUT_A_SECOND_S = LOCK_WAIT_S + 0.5  # which includes a password check
each_token = pytest.mark.parametrize("approach", BY_TOKEN)


def disk_is_full(*_args: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@contextmanager
def failing_at(app: Flask, verb: str, table: str) -> Iterator[None]:
    """Let the database fail as it starts one kind of statement."""

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(verb) and table in statement:
            disk_is_full()

    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


@contextmanager
def failing_at_commit(app: Flask) -> Iterator[None]:
    """Let the driver fail at the very last step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.extensions["database"].engine.dialect, "do_commit", disk_is_full)
        yield


WAYS = {
    "the token cannot be marked as used": lambda app: failing_at(app, "UPDATE", "refresh_tokens"),
    "the successor cannot be stored": lambda app: failing_at(app, "INSERT", "refresh_tokens"),
    "the member cannot be read": lambda app: failing_at(app, "SELECT", "members"),
    "nothing can be committed": failing_at_commit,
}
each_way = pytest.mark.parametrize("fail", WAYS.values(), ids=WAYS)


def rows(app: Flask) -> list[tuple[Any, ...]]:
    """Return all that the database holds about refresh tokens."""
    with app.extensions["database"].engine.connect() as connection:
        tables = [connection.execute(text(f"SELECT * FROM refresh_{name}")).all() for name in ("families", "tokens")]
    return [tuple(row) for table in tables for row in table]


@each_way
@each_token
def test_a_refresh_that_fails_leaves_the_old_token_good(
    app: Flask, visitor: MakeVisitor, clock: Clock, approach: str, fail: Any
) -> None:
    """SECURITY 13."""
    alice = visitor(approach).login("alice")
    before = rows(app)
    with fail(app):
        broken = alice.refresh()
    assert (broken.status_code, broken.get_json()["code"]) == (503, "store_unavailable")
    assert broken.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in broken.headers
    assert rows(app) == before
    clock.advance(60)  # long after any grace
    assert alice.refresh().status_code == 200
    assert alice.who() == "alice"


@each_token
def test_a_page_whose_renewal_fails_leaves_both_tokens_good(
    app: Flask, visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 13: and takes no cookie away."""
    alice = visitor(approach).login("alice", transport="cookie", access_ttl_s=5)
    clock.advance(5)
    with failing_at_commit(app):
        broken = alice.get("profile")
    assert (broken.status_code, broken.headers.getlist("Set-Cookie")) == (503, [])
    clock.advance(60)
    assert alice.who() == "alice"


@each_token
@pytest.mark.parametrize("table", ["refresh_families", "refresh_tokens"])
def test_a_login_that_fails_leaves_nothing_behind(app: Flask, visitor: MakeVisitor, approach: str, table: str) -> None:
    """SECURITY 13: no family without its token."""
    with failing_at(app, "INSERT", table):
        broken = visitor(approach).try_login("alice")
    assert (broken.status_code, broken.get_json()["code"]) == (503, "store_unavailable")
    assert rows(app) == []


@each_token
def test_a_login_that_cannot_be_committed_leaves_nothing_behind(
    app: Flask, visitor: MakeVisitor, approach: str
) -> None:
    """SECURITY 13."""
    with failing_at_commit(app):
        broken = visitor(approach).try_login("alice")
    assert broken.status_code == 503
    assert broken.headers.getlist("Set-Cookie") == []
    assert rows(app) == []


@each_token
@pytest.mark.parametrize("change", ["disabled = 1", "role = 'admin'", "password_hash = 'x'"])
def test_a_member_changed_while_their_password_is_checked_is_not_logged_in(
    app: Flask, visitor: MakeVisitor, monkeypatch: pytest.MonkeyPatch, approach: str, change: str
) -> None:
    """SECURITY 12, 13: the change found no login to end, so there must not be one."""

    def slow_check(_hash: str | None, _password: str) -> bool:
        with app.extensions["database"].engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE members SET {change} WHERE username = 'alice'")
        return True

    monkeypatch.setattr("service.accounts.login.matches", slow_check)
    refused = visitor(approach).try_login("alice")
    assert (refused.status_code, refused.get_json()["code"]) == (401, "invalid_credentials")
    assert rows(app) == []


@contextmanager
def locked(config: Config) -> Iterator[None]:
    """Hold the member database's write lock from outside."""
    other = sqlite3.connect(Path(config.key_ring_file).with_name("lab.db"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()  # which rolls back


@each_token
def test_a_locked_member_database_is_a_clear_503_and_no_half_made_login(
    app: Flask, config: Config, visitor: MakeVisitor, approach: str
) -> None:
    """SECURITY, faults: member database locked."""
    alice = visitor(approach).login("alice")
    before = rows(app)
    with locked(config), ThreadPoolExecutor() as threads:
        watch = Stopwatch()
        asked = (alice.refresh, lambda: visitor(approach).try_login("bob"), lambda: alice.post("logout"))
        for broken in threads.map(lambda ask: ask(), asked):
            assert (broken.status_code, broken.get_json()["code"]) == (503, "store_unavailable")
            assert "Retry-After" in broken.headers
        watch.assert_within(ABOUT_A_SECOND_S)
        assert alice.who() == "alice"  # nothing to look up there
    assert rows(app) == before
    assert alice.refresh().status_code == 200


@each_token
def test_a_used_token_that_comes_back_during_a_failure_is_judged_afterwards(
    app: Flask, visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 11: the revocation is stored or it is not announced."""
    alice = visitor(approach).login("alice")
    thief: Visitor = visitor(approach)
    thief.refresh_token = alice.refresh_token
    alice.refresh()
    alice.refresh()
    with failing_at_commit(app):
        assert thief.refresh().status_code == 503
    assert thief.refresh().get_json()["code"] == "refresh_reused"
