"""Refresh tokens: exchanged for new ones, used once, and over when their login is."""

import hashlib
import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from service.config import Config
from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.forge import claims_of
from tests.support.visitor import BY_TOKEN, Visitor

each_token = pytest.mark.parametrize("approach", BY_TOKEN)


def answer(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json().get("code", "")


def send(visitor: Visitor, refresh: str | None, access: str | None = None) -> TestResponse:
    """Send a refresh token in the body, with or without an access token; keep nothing of the answer."""
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    return visitor.client.post(f"/{visitor.approach}/refresh", json={"refresh_token": refresh}, headers=headers)


@each_token
def test_a_refresh_gives_new_tokens_and_the_old_refresh_token_is_used(
    visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 10."""
    alice = visitor(approach).login("alice")
    access, refresh = alice.access, alice.refresh_token
    body = alice.refresh().get_json()
    assert body.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert body["access_token"] != access
    assert body["refresh_token"] != refresh
    assert alice.who() == "alice"


@each_token
@pytest.mark.parametrize("place", ["body", "header", "cookie"])
def test_a_refresh_token_is_taken_from_each_place_and_answered_the_same_way(
    visitor: MakeVisitor, approach: str, place: str
) -> None:
    alice, stranger = visitor(approach).login("alice"), visitor(approach)
    if place == "cookie":
        stranger.set_cookie("refresh", alice.refresh_token or "")
    kwargs = {
        "body": {"json": {"refresh_token": alice.refresh_token}},
        "header": {"headers": {"X-Refresh-Token": alice.refresh_token}},
        "cookie": {},
    }[place]
    response = stranger.client.post(f"/{approach}/refresh", **kwargs)
    assert response.status_code == 200
    assert ("refresh_token" in response.get_json()) == (place != "cookie")
    assert (stranger.cookie("access") is not None) == (place == "cookie")
    if place == "cookie":
        assert stranger.who() == "alice"


@each_token
def test_a_refresh_token_in_the_cookie_is_read_also_when_the_access_token_is_in_the_header(
    visitor: MakeVisitor, approach: str
) -> None:
    """The cookie used to be overlooked when there was an Authorization header."""
    alice = visitor(approach).login("alice")
    alice.set_cookie("refresh", alice.refresh_token or "")
    response = alice.post("refresh")
    assert response.status_code == 200
    assert alice.cookie("refresh") not in (None, alice.refresh_token)


@each_token
def test_an_access_token_that_comes_along_must_be_untampered_and_of_the_same_login(
    visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    alice, bob, elsewhere = (visitor(approach).login(name) for name in ("alice", "bob", "alice"))
    assert answer(send(alice, alice.refresh_token, f"{alice.access}x")) == (401, "invalid_token")
    assert answer(send(alice, alice.refresh_token, alice.refresh_token)) == (401, "invalid_token")
    for other in (bob, elsewhere):
        assert answer(send(alice, alice.refresh_token, other.access)) == (401, "refresh_invalid")
    assert send(alice, alice.refresh_token, alice.access).status_code == 200
    clock.advance(3600)
    assert send(bob, bob.refresh_token, bob.access).status_code == 200  # an expired one is fine


@pytest.mark.parametrize("token", ["", 7, [], {}, True, "x" * 5000, "a\0b", "\ud800"])
def test_an_odd_refresh_token_is_refused(visitor: MakeVisitor, token: object) -> None:
    """SECURITY 7."""
    refused = visitor("token").client.post("/token/refresh", json={"refresh_token": token})
    assert refused.status_code in (400, 401)


@each_token
@pytest.mark.parametrize("after_s", [0, 5, 11, 100_000])
def test_a_used_token_whose_successor_was_used_ends_the_login_and_is_logged(
    visitor: MakeVisitor, clock: Clock, caplog: pytest.LogCaptureFixture, approach: str, after_s: float
) -> None:
    """SECURITY 11: two clients hold tokens of this login, however short the time; RFC 9700 §4.14.2."""
    alice = visitor(approach).login("alice")
    used = alice.refresh_token
    alice.refresh()
    clock.advance(after_s)
    alice.refresh()
    with caplog.at_level(logging.WARNING):
        assert answer(send(alice, used)) == (401, "refresh_reused")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(claims_of(alice.access)["login_id"]) in caplog.text
    secrets = [alice.access, alice.refresh_token, used, *(claims_of(t or "")["jti"] for t in (used, alice.access))]
    assert not [secret for secret in secrets if str(secret) in caplog.text]
    assert answer(alice.refresh()) == (401, "refresh_invalid")  # the newest is dead with its family
    assert alice.who() == {"token": "alice", "hybrid": None}[approach]


@each_token
def test_a_used_token_does_not_end_the_other_logins(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """SECURITY 11."""
    alice, elsewhere = visitor(approach).login("alice"), visitor(approach).login("alice")
    used = alice.refresh_token
    alice.refresh()
    alice.refresh()
    assert answer(send(alice, used)) == (401, "refresh_reused")
    assert elsewhere.refresh().status_code == 200
    assert elsewhere.who() == "alice"


@pytest.mark.parametrize(("after_s", "same"), [(0, True), (9.99, True), (10, False)])
def test_the_grace_ends_at_its_second(visitor: MakeVisitor, clock: Clock, after_s: float, same: bool) -> None:
    """SECURITY 10, 11: within it a used token yields the very same successor, after it another one."""
    alice = visitor("token").login("alice")
    used = alice.refresh_token
    alice.refresh()
    clock.advance(after_s)
    again = send(alice, used)
    assert again.status_code == 200
    assert (again.get_json()["refresh_token"] == alice.refresh_token) is same


@each_token
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("after_s", [1, 11, 86_400])
def test_an_answer_that_was_lost_on_the_way_logs_no_client_out(
    visitor: MakeVisitor, clock: Clock, approach: str, after_s: float, times: int
) -> None:
    """SECURITY 11: an app that was ended between the refresh and the storage comes back with what it has."""
    alice = visitor(approach).login("alice")
    for _ in range(times):
        assert send(alice, alice.refresh_token).status_code == 200  # and the answer never arrives
        clock.advance(after_s)
    for _ in range(3):
        assert alice.refresh().status_code == 200
        clock.advance(300)
    assert alice.refresh().status_code == 200
    assert alice.who() == "alice"


@each_token
def test_callers_who_come_back_together_after_the_grace_get_the_same_successor(
    visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 10: two tabs that slept."""
    alice = visitor(approach).login("alice")
    send(alice, alice.refresh_token)
    clock.advance(3600)
    first, second = send(alice, alice.refresh_token), send(alice, alice.refresh_token)
    assert first.get_json()["refresh_token"] == second.get_json()["refresh_token"]


@each_token
def test_a_thief_who_comes_after_the_grace_is_noticed_when_the_member_refreshes(
    visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 11: the thief's old copy takes the member's unused token out of use, and using it ends the login."""
    alice, thief = visitor(approach).login("alice"), visitor(approach)
    thief.refresh_token = alice.refresh_token
    alice.refresh()
    clock.advance(60)
    assert thief.refresh().status_code == 200
    clock.advance(60)
    assert answer(alice.refresh()) == (401, "refresh_reused")
    assert answer(thief.refresh()) == (401, "refresh_invalid")
    assert thief.who() == {"token": "alice", "hybrid": None}[approach]


@each_token
def test_of_two_who_take_turns_one_is_noticed_when_the_other_was_too_late_for_the_grace(
    visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 11: within the grace of each refresh a thief goes unnoticed. The first time he is later tells of him."""
    alice, thief = visitor(approach).login("alice"), visitor(approach)
    thief.refresh_token = alice.refresh_token
    for _ in range(3):
        assert alice.refresh().status_code == 200
        clock.advance(9)
        assert thief.refresh().status_code == 200
        clock.advance(300)
    alice.refresh()
    clock.advance(10)
    assert thief.refresh().status_code == 200
    assert answer(alice.refresh()) == (401, "refresh_reused")


@each_token
def test_a_login_refreshes_ten_times_a_second_and_no_more(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """SECURITY 24: what one member does costs the others nothing, and too fast is no theft."""
    alice, bob = visitor(approach).login("alice"), visitor(approach).login("bob")
    for _ in range(10):
        assert alice.refresh().status_code == 200
    refused = alice.refresh()
    assert answer(refused) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "1"
    assert bob.refresh().status_code == 200
    clock.advance(1)
    assert alice.refresh().status_code == 200
    assert alice.who() == "alice"


@each_token
def test_a_refresh_costs_the_same_after_a_hundred_rotations(
    app: Flask, visitor: MakeVisitor, clock: Clock, approach: str
) -> None:
    """SECURITY 24: a replayed first token used to be followed along the whole chain, with the database locked."""
    alice = visitor(approach).login("alice")
    first = alice.refresh_token

    def statements(ask: Callable[[], object]) -> int:
        counted: list[str] = []
        note = lambda _c, _cur, statement, *_rest: counted.append(statement)  # noqa: E731
        engine = app.extensions["database"].engine
        event.listen(engine, "before_cursor_execute", note)
        ask()
        event.remove(engine, "before_cursor_execute", note)
        return len(counted)

    clock.advance(1)
    few = statements(alice.refresh)
    for _ in range(100):
        clock.advance(0.11)
        assert alice.refresh().status_code == 200
    clock.advance(1)
    assert statements(alice.refresh) == few
    assert statements(lambda: send(alice, first)) <= few


@pytest.mark.parametrize("clock_runs_behind_s", [0, 3])
def test_without_grace_a_used_token_is_never_good_again(
    make_app: MakeApp, clock: Clock, clock_runs_behind_s: int
) -> None:
    """SECURITY 10: strict; not in the same instant, and not on a node whose clock runs behind."""
    alice = Visitor(make_app(refresh_grace_s=0), "token").login("alice")
    used = alice.refresh_token
    assert alice.refresh().status_code == 200
    clock.advance(-clock_runs_behind_s)
    assert answer(send(alice, used)) == (401, "refresh_reused")
    assert answer(alice.refresh()) == (401, "refresh_invalid")


def dump(app: Flask) -> Iterator[str]:
    """Yield every row of every table as text."""
    with app.extensions["database"].engine.connect() as connection:
        for table in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            yield from (f"{table}: {tuple(row)}" for row in connection.execute(text(f"SELECT * FROM {table}")))


@each_token
def test_the_database_holds_hashes_and_nothing_that_refreshes(
    app: Flask, config: Config, visitor: MakeVisitor, approach: str
) -> None:
    """SECURITY 11: not in the file either, write-ahead log included."""
    alice = visitor(approach).login("alice")
    tokens = [alice.access, alice.refresh_token]
    alice.refresh()
    tokens += [alice.access, alice.refresh_token]
    rows = "\n".join(dump(app))
    files = b"".join(file.read_bytes() for file in config.key_ring_file.parent.glob("lab.db*"))
    for token in tokens:
        jti = str(claims_of(token or "")["jti"])
        for secret in (jti, str(token), str(token).rpartition(".")[2]):
            assert secret not in rows
            assert secret.encode() not in files
    newest = claims_of(alice.refresh_token or "")["jti"]
    assert hashlib.sha256(str(newest).encode()).hexdigest() in rows


@each_token
def test_cookies_stay_cookies_when_they_are_refreshed(visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice", transport="cookie")
    before = alice.cookie("refresh")
    response = alice.client.post(f"/{approach}/refresh")
    assert response.get_json() == {"expires_in": 300}
    assert alice.cookie("refresh") != before
    assert alice.who() == "alice"


def test_what_a_login_leaves_is_dropped_a_little_at_a_time(app: Flask, visitor: MakeVisitor, clock: Clock) -> None:
    """SECURITY 24: hundreds of thousands of rows were deleted at once, with the database locked for all."""
    alice = visitor("token").login("alice", refresh_ttl_s=60)
    long_ago = {"id": claims_of(alice.access or "")["login_id"], "at": clock.now - 200_000}
    many = [{"hash": f"{number:064d}", **long_ago} for number in range(3000)]
    with app.extensions["database"].engine.begin() as connection:
        connection.execute(text("INSERT INTO refresh_tokens VALUES (:hash, :id, :at, :at, :at)"), many)

    def rows_left() -> int:
        with app.extensions["database"].engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM refresh_tokens")))

    assert rows_left() == 3001
    assert alice.refresh().status_code == 200
    assert 2900 < rows_left() < 3001
    alice.post("logout")
    clock.advance(2_592_000)
    left = []
    for _ in range(4):
        visitor("token").login("alice")
        left.append(rows_left())
    assert 1900 < left[0] < 2100, "about a thousand less"
    assert left[-1] == 4, "and at last all are gone"


EARLIER_TABLES = (
    "DROP TABLE refresh_tokens",
    "DROP TABLE refresh_families",
    "CREATE TABLE refresh_families (login_id VARCHAR(32) PRIMARY KEY, approach VARCHAR(16) NOT NULL,"
    " member_id VARCHAR(64) NOT NULL REFERENCES members (username), seed VARCHAR(64) NOT NULL,"
    " access_ttl_s INTEGER NOT NULL, refresh_ttl_s INTEGER NOT NULL, created_at FLOAT NOT NULL,"
    " expires_at FLOAT NOT NULL, revoked_at FLOAT)",
    "CREATE TABLE refresh_tokens (jti_hash VARCHAR(64) PRIMARY KEY,"
    " login_id VARCHAR(32) NOT NULL REFERENCES refresh_families (login_id), issued_at FLOAT NOT NULL,"
    " expires_at FLOAT NOT NULL, spent_at FLOAT)",
)


@each_token
def test_the_tables_of_an_earlier_version_go_on_being_used(make_app: MakeApp, approach: str) -> None:
    """They have a foreign key to the members, which the tables of today have not."""
    with make_app().extensions["database"].engine.begin() as connection:
        for statement in EARLIER_TABLES:
            connection.exec_driver_sql(statement)
    alice = Visitor(make_app(), approach).login("alice")
    assert alice.refresh().status_code == 200
    assert alice.post("logout").status_code == 204


def test_the_index_of_unused_tokens_holds_no_others(app: Flask) -> None:
    with app.extensions["database"].engine.connect() as connection:
        made = connection.execute(text("SELECT sql FROM sqlite_schema WHERE name = 'refresh_tokens_unspent'"))
        assert made.scalar_one().endswith("WHERE spent_at IS NULL")
