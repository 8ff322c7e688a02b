"""The tokens' core on a real PostgreSQL, by its own transactions: the lab replaces them by the member database's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from tests.support.postgres_engine import running_postgres
from tests.support.stopwatch import eventually
from token_auth import RefreshTokens
from token_auth.contract import GRACE_S, Site, said, together

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running_postgres() as postgres:
        engine = create_engine(postgres.url)
        yield engine
        engine.dispose()


def test_processes_that_start_at_once_create_the_tables_once(engine: Engine) -> None:
    assert together(4, RefreshTokens(engine).create_tables) == [None] * 4


def test_tabs_that_refresh_at_once_get_one_successor(engine: Engine, tmp_path: Path) -> None:
    site = Site(tmp_path, engine)
    pair = site.log_in()
    answers = together(8, lambda: site.refresh(pair))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.get_json()["refresh_token"] for answer in answers}) == 1


def test_log_ins_at_once_are_counted_one_after_the_other(engine: Engine, tmp_path: Path) -> None:
    site = Site(tmp_path, engine)
    site.log_in()
    site.clock.now += 1
    assert len([pair for pair in together(12, site.log_in) if "access_token" in pair]) == 12
    assert len(site.tokens.list("alice")) == 8


@pytest.mark.parametrize("dropped", [("refresh_tokens",), ("refresh_tokens", "refresh_families")])
def test_a_token_that_a_log_in_drops_meanwhile_is_unknown(
    engine: Engine, tmp_path: Path, dropped: tuple[str, ...]
) -> None:
    site = Site(tmp_path, engine)
    pair = site.log_in()
    of_this_login = {"id": site.tokens.verify(pair["access_token"]).login_id}
    with ThreadPoolExecutor(1) as client:
        with engine.begin() as log_in:
            log_in.execute(text("SELECT 1 FROM refresh_families WHERE login_id = :id FOR UPDATE"), of_this_login)
            answer = client.submit(site.refresh, pair)
            eventually(lambda: waits_for_a_lock(engine))
            for table in dropped:
                log_in.execute(text(f"DELETE FROM {table} WHERE login_id = :id"), of_this_login)
        assert said(answer.result()) == (401, "refresh_invalid")


def waits_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_commit_that_fails_changes_nothing(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, engine)
    pair = site.log_in()

    def gone(_connection: object) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(engine.dialect, "do_commit", gone)
        assert said(site.refresh(pair)) == (503, "store_unavailable")
    site.clock.now += 2 * GRACE_S
    assert site.refresh(pair).status_code == 200
