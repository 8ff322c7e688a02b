"""The member database on a real PostgreSQL: what holds on SQLite holds there, on several nodes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unicodedata import normalize

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from app import create_app
from lab.demo import seed_demo
from service.accounts import Members
from service.accounts.database import LOCK_WAIT_S, Database
from service.accounts.passwords import hash_password
from service.pages.notes import NEWEST, Notes, notes
from tests.conftest import Clock, config_in
from tests.support.postgres_engine import PostgresEngine, running_postgres
from tests.support.stopwatch import Stopwatch, eventually
from tests.support.visitor import BY_TOKEN, Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
each_token = pytest.mark.parametrize("approach", BY_TOKEN)

CALLERS = 6
ABOUT_A_SECOND_S = LOCK_WAIT_S + 0.5  # which includes the look at the database afterwards
BACK_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresEngine]:
    with running_postgres() as engine:
        yield engine


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def nodes(
    postgres: PostgresEngine, store_url: str, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> Iterator[list[Flask]]:
    """Nodes whose tables and members are all made at the same moment, in one empty database.

    The apps themselves are made one by one: Werkzeug compiles routes with `ast.parse`, which in CPython 3.11 may fail
    when several threads call it, and a node is a process of its own.
    """
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "keys").mkdir()
    config = config_in(folder, store_url, database_url=postgres.url)
    create_ring = config_in(folder, store_url, database_url=f"sqlite:///{folder / 'other.db'}", lab=False)
    create_app(create_ring).extensions["database"].engine.dispose()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(begin, [postgres.url] * 4))
    apps = [create_app(config, now=clock) for _ in range(4)]
    yield apps
    for app in apps:
        app.extensions["database"].engine.dispose()


def begin(url: str) -> None:
    """Do to the database what an app does when it starts."""
    database = Database(url)
    database.create_tables()
    seed_demo(Members(database))
    database.engine.dispose()


@contextmanager
def held(postgres: PostgresEngine, statement: str) -> Iterator[None]:
    """Hold what a statement locks, from outside."""
    engine = create_engine(postgres.url)
    try:
        with engine.connect() as connection:  # which rolls back at its end
            connection.execute(text(statement))
            yield
    finally:
        engine.dispose()


def test_nodes_that_start_at_once_share_one_database(nodes: list[Flask], postgres: PostgresEngine) -> None:
    engine = create_engine(postgres.url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM members")) == 3 + 1 + 1000
    engine.dispose()
    for node in nodes:
        assert Visitor(node, "token").login("alice").who() == "alice"


def test_the_index_of_unused_tokens_holds_no_others(nodes: list[Flask], postgres: PostgresEngine) -> None:
    with create_engine(postgres.url).connect() as connection:
        made = connection.execute(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'refresh_tokens_unspent'"))
        assert made.scalar_one().endswith("WHERE (spent_at IS NULL)")


def test_names_are_found_in_every_spelling_and_notes_are_bounded(nodes: list[Flask]) -> None:
    database = nodes[0].extensions["database"]
    Members(database).add("홍길동", hash_password("a long enough password"))
    hong = Visitor(nodes[1], "token").login(normalize("NFD", "홍길동"), "a long enough password")
    assert hong.who() == "홍길동"
    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(lambda text: Notes(database).add("load-0009", str(text)), range(NEWEST + 5)))
    Notes(database).add("load-0009", "the last")
    hers = select(notes.c.text).where(notes.c.member_id == "load-0009").order_by(notes.c.id)
    with database.reading() as connection:
        left = connection.scalars(hers).all()
    assert (len(left), left[-1]) == (NEWEST, "the last")


@each_token
def test_of_callers_on_two_nodes_one_uses_the_token_and_all_get_its_successor(
    nodes: list[Flask], approach: str
) -> None:
    """SECURITY 10: on row locks."""
    with ThreadPoolExecutor(CALLERS) as threads:
        for _ in range(5):
            alice = Visitor(nodes[0], approach).login("alice")
            callers = [Visitor(nodes[number % 2], approach) for number in range(CALLERS)]
            for caller in callers:
                caller.refresh_token = alice.refresh_token
            statuses = list(threads.map(lambda caller: caller.refresh().status_code, callers))
            assert statuses == [200] * CALLERS
            assert len({caller.refresh_token for caller in callers}) == 1
            assert callers[0].refresh().status_code == 200
            assert callers[1].who() == "alice"


@each_token
def test_a_login_lives_by_its_refresh_token_and_ends_with_it(nodes: list[Flask], clock: Clock, approach: str) -> None:
    """SECURITY 11, 12."""
    bob = Visitor(nodes[0], approach).login("bob")
    first = bob.refresh_token
    assert [bob.refresh().status_code for _ in range(2)] == [200, 200]
    assert len(bob.get("logins").get_json()["logins"]) >= 1
    thief = Visitor(nodes[1], approach)
    thief.refresh_token = first
    assert thief.refresh().get_json()["code"] == "refresh_reused"
    assert bob.refresh().get_json()["code"] == "refresh_invalid"
    bob.login("bob")
    other = Visitor(nodes[1], approach).login("bob")
    assert bob.post("logout").status_code == 204
    assert bob.refresh().get_json()["code"] == "refresh_invalid"
    assert other.delete("logins").status_code == 204
    assert other.refresh().get_json()["code"] == "refresh_invalid"


@each_token
@pytest.mark.parametrize("lock", ["SELECT * FROM refresh_families FOR UPDATE", "LOCK TABLE refresh_tokens"])
def test_what_is_locked_is_a_503_in_time_and_the_old_token_stays_good(
    nodes: list[Flask], postgres: PostgresEngine, approach: str, lock: str
) -> None:
    """SECURITY 13, faults: member database locked."""
    alice = Visitor(nodes[0], approach).login("alice")
    with held(postgres, lock):
        watch = Stopwatch()
        broken = alice.refresh()
        watch.assert_within(ABOUT_A_SECOND_S)
        assert (broken.status_code, broken.get_json()["code"]) == (503, "store_unavailable")
        assert alice.who() == "alice"  # nothing to look up there
    assert alice.refresh().status_code == 200


def test_a_server_that_goes_and_comes_back_needs_no_restart(nodes: list[Flask], postgres: PostgresEngine) -> None:
    """SECURITY 13, faults."""
    alice = Visitor(nodes[0], "token").login("alice")
    postgres.stop()
    for ask in (alice.refresh, lambda: nodes[0].test_client().get("/readyz")):
        watch = Stopwatch()
        assert ask().status_code == 503
        watch.assert_within(ABOUT_A_SECOND_S)
    assert alice.who() == "alice"
    postgres.start()
    back = eventually(lambda: (response := alice.refresh()).status_code != 503 and response, within_s=BACK_WITHIN_S)
    assert back.status_code == 200
    assert nodes[1].test_client().get("/readyz").status_code == 200
