"""What nobody can use any more is not kept for ever."""

import sqlite3
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from service.config import Config
from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.session_probe import admit, index, records
from tests.support.visitor import Visitor
from token_auth.tables import families, refresh_tokens


def count(app: Flask, table: Any) -> int:
    with app.extensions["database"].reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)))


def test_a_log_in_drops_the_members_families_that_have_ended(
    app: Flask, visitor: MakeVisitor, clock: Clock, config: Config
) -> None:
    for _ in range(3):
        visitor("token").login("alice").refresh()
    clock.advance(config.refresh_absolute_s)
    visitor("token").login("alice")
    assert (count(app, families), count(app, refresh_tokens)) == (1, 1)


def test_a_rotation_drops_the_tokens_that_expired_long_ago(app: Flask, visitor: MakeVisitor, clock: Clock) -> None:
    alice = visitor("token").login("alice", refresh_ttl_s=3600)
    for _ in range(60):
        clock.advance(3000)
        assert alice.refresh().status_code == 200
    assert count(app, refresh_tokens) < 40


def test_log_ins_take_expired_entries_out_of_the_index(make_app: MakeApp, redis: Redis, config: Config) -> None:
    """A member who only ever logs in had an index that grew for ever. No live login makes room for what has expired."""
    app = make_app(logins_per_member=20)
    for _ in range(10):
        admit(app)
    for key in records(redis, config):
        redis.delete(f"{config.store_prefix}session:{key}")
    for _ in range(20):
        admit(app)
    assert index(redis, config).keys() == records(redis, config).keys()


def test_a_login_by_cookies_ends_the_one_that_the_browser_came_with(visitor: MakeVisitor) -> None:
    alice = visitor("token")
    for _ in range(3):
        alice.login("alice", transport="cookie")
    assert len(alice.get("logins").get_json()["logins"]) == 1


def test_a_login_in_the_body_leaves_the_one_in_the_cookies(visitor: MakeVisitor) -> None:
    alice = visitor("token").login("alice", transport="cookie")
    body = {"username": "alice", "password": "wonderland"}
    assert alice.client.post("/token/login", json=body).status_code == 200
    assert len(alice.get("logins").get_json()["logins"]) == 2


@pytest.mark.parametrize("approach", ["session", "token"])
def test_a_login_that_outlived_its_member_is_out_and_says_so(
    visitor: MakeVisitor, config: Config, approach: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another database behind the same keys and store: it was a 500, with the note in the log."""
    alice = visitor(approach).login("alice")
    forget_everybody(config)
    refused = alice.post("notes", json={"text": "a private note"})
    assert (refused.status_code, refused.get_json()["code"]) == (401, "no_credentials")
    assert "a private note" not in caplog.text


def forget_everybody(config: Config) -> None:
    """Empty the members table from outside, where no foreign key is watched."""
    with sqlite3.connect(config.database_url.removeprefix("sqlite:///")) as database:
        database.execute("DELETE FROM members")


@pytest.mark.parametrize("approach", ["token", "hybrid"])
def test_tokens_asked_for_in_the_body_come_in_the_body_whatever_else_is_accepted(app: Flask, approach: str) -> None:
    """With `Accept: text/html` they were thrown away, the used refresh token with them."""
    html = {"Accept": "text/html"}
    alice = Visitor(app, approach)
    body = {"username": "alice", "password": "wonderland"}
    tokens = alice.client.post(f"/{approach}/login", json=body, headers=html).get_json()
    again = {"refresh_token": tokens["refresh_token"]}
    assert "access_token" in alice.client.post(f"/{approach}/refresh", json=again, headers=html).get_json()
