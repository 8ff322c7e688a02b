"""Logins in bulk are what real logins leave. They are made, and looked at here, on the real clock."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from loadtests import seeding
from loadtests.lab import LabFailed
from loadtests.seeding import StoreSeeder, TokenSeeder, node_memory
from service.config import Config
from tests.support.session_probe import records
from tests.support.visitor import Visitor


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    app.extensions["database"].engine.dispose()


def logins_of(app: Flask, approach: str, username: str) -> int:
    """Log this member in, and return how many logins are listed then."""
    return len(Visitor(app, approach).login(username).get("logins").get_json()["logins"])


def test_a_seeded_session_is_kept_as_a_real_one_is(
    app: Flask, redis: Redis, config: Config, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeding, "PREFIX", config.store_prefix)
    seeder = StoreSeeder(store_url)
    seeder.up_to(1)
    seeder.up_to(3)
    assert logins_of(app, "session", "load-0003") == 1 + 1
    kept = [json.loads(record) for record in records(redis, config).values()]
    assert sorted(record["member_id"] for record in kept) == ["load-0001", "load-0002", "load-0003", "load-0003"]
    assert len({tuple(record) for record in kept}) == 1


def test_a_seeded_refresh_token_is_a_login_and_members_take_turns(
    app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeding, "LOAD_MEMBERS", 3)
    seeder = TokenSeeder(config.database_url)
    seeder.up_to(1)
    seeder.up_to(4)
    assert logins_of(app, "token", "load-0001") == 2 + 1
    assert logins_of(app, "token", "load-0003") == 1 + 1
    seeder.database.engine.dispose()


def test_a_store_that_does_not_answer_ends_a_run_with_one_line() -> None:
    with pytest.raises(LabFailed, match="could not be seeded"):
        StoreSeeder("redis://127.0.0.1:1").up_to(1)


def test_a_node_is_weighed_after_each_number_of_logins() -> None:
    assert [weighed["logins"] for weighed in node_memory([1, 40])] == [1, 40]
