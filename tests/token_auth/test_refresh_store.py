"""The store of refresh tokens, asked without an app."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from token_auth.store import RefreshTokens
from token_auth.tables import Family

LIFETIME_S = 100.0


@pytest.fixture
def store(tmp_path: Path) -> RefreshTokens:
    tokens = RefreshTokens(create_engine(f"sqlite:///{tmp_path / 'tokens.db'}"))
    tokens.create_tables()
    return tokens


def log_in(store: RefreshTokens, login_id: str, now: float) -> None:
    family = Family(login_id, store.name, "alice", "seed", 60, 60, created_at=now, expires_at=now + LIFETIME_S)
    store.create(family, f"jti of {login_id}", family.expires_at, 10)


def test_an_expired_login_is_not_live(store: RefreshTokens) -> None:
    log_in(store, "one", now=0)
    assert [family.login_id for family in store.find_live("alice", LIFETIME_S - 1)] == ["one"]
    assert store.find_live("alice", LIFETIME_S) == []


def test_a_login_that_has_ended_keeps_the_time_of_its_end(store: RefreshTokens) -> None:
    log_in(store, "one", now=0)
    ended = store.end_login("alice", "one", now=1)
    assert ended is not None
    assert ended.revoked_at == 1
    assert store.end_login("alice", "one", now=2) == ended
    assert [family.revoked_at for family in store.end_all("alice", now=3)] == [1]
    assert store.rows("one") is not None
    assert store.family_of("jti of one") == ended


def test_ending_one_login_ends_no_other(store: RefreshTokens) -> None:
    log_in(store, "one", now=0)
    log_in(store, "two", now=1)
    store.end_login("alice", "one", now=2)
    assert [family.login_id for family in store.find_live("alice", 3)] == ["two"]
