"""The store is full and evicts nobody: who is in stays in, and who is not is told why."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from lab.cluster.embedded_store import EmbeddedStore
from tests.conftest import MakeApp
from tests.support.session_probe import admit
from tests.support.session_views import add_views
from tests.support.visitor import Visitor


@pytest.fixture(scope="module")
def own_store() -> Iterator[EmbeddedStore]:
    """A store for these tests alone: they fill it."""
    store = EmbeddedStore()
    yield store
    store.stop()


@pytest.fixture
def app(make_app: MakeApp, own_store: EmbeddedStore) -> Flask:
    return add_views(make_app(redis_url=own_store.url))


@pytest.fixture
def fill(own_store: EmbeddedStore) -> Iterator[Redis]:
    """A client that fills the store with `config_set("maxmemory", 1)`, and makes room again afterwards."""
    with Redis.from_url(own_store.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        yield client
        client.config_set("maxmemory", 0)


def test_reads_go_on_and_nobody_is_evicted(app: Flask, fill: Redis) -> None:
    """SECURITY, faults."""
    visitors = [admit(app) for _ in range(5)] + [Visitor(app, "hybrid").login("alice")]
    before = fill.dbsize()
    fill.config_set("maxmemory", 1)
    for _ in range(3):
        assert [visitor.who() for visitor in visitors] == ["alice"] * 6
    assert visitors[0].post("notes", json={"text": "a note"}).status_code == 201
    assert fill.dbsize() == before
    assert fill.info("stats")["evicted_keys"] == 0


def test_a_login_says_clearly_that_the_store_is_full(app: Flask, fill: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """SECURITY, faults."""
    caplog.set_level(logging.DEBUG)
    fill.config_set("maxmemory", 1)
    alice = Visitor(app, "session")
    refused = alice.try_login("alice")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert refused.get_json()["detail"].startswith("The session store is full.")
    assert refused.headers["Retry-After"]
    assert alice.cookie("sid") is None
    assert "the store refuses a command: out of memory" in caplog.text
    assert "session:" not in caplog.text  # the text of the store's refusal repeats the whole command
    fill.config_set("maxmemory", 0)
    assert alice.login("alice").who() == "alice"


def test_a_failed_renewal_or_write_leaves_the_session_as_it_was(app: Flask, fill: Redis) -> None:
    """SECURITY, faults."""
    alice = admit(app)
    sid = alice.cookie("sid")
    fill.config_set("maxmemory", 1)
    for refused in (alice.post("renew"), alice.post("_write", json={"colour": "red"})):
        assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert alice.cookie("sid") == sid
    assert "colour" not in alice.get("_show").get_json()
    assert len(alice.get("logins").get_json()["logins"]) == 1


def test_who_logs_out_is_out(app: Flask, fill: Redis) -> None:
    """SECURITY 15."""
    alice, other = admit(app), admit(app)
    fill.config_set("maxmemory", 1)
    assert alice.post("logout").status_code == 204
    assert alice.who() is None
    assert other.delete("logins").status_code == 204
    assert other.who() is None


def test_tokens_log_in_and_wrong_passwords_are_still_counted(app: Flask, fill: Redis) -> None:
    """SECURITY 18: in the node's memory."""
    fill.config_set("maxmemory", 1)
    assert Visitor(app, "token").login("alice").who() == "alice"
    statuses = [Visitor(app, "token").try_login("bob", "wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
