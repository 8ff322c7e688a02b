"""A token that can be taken back: denied at once on every node, for one look-up a request."""

from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from service.store.connection import StoreCommands
from tests.conftest import Clock, MakeApp
from tests.support.forge import claims_of
from tests.support.monitor import Monitor
from tests.support.visitor import Visitor, change_password
from token_auth.blueprint.stores import RedisDenylist
from token_auth.denylist import ENDED, Denial
from token_auth.keys import CLOCK_SKEW_S

Nodes = tuple[Flask, Flask]


@pytest.fixture
def nodes(make_app: MakeApp) -> Nodes:
    return make_app(node_name="node-1"), make_app(node_name="node-2")


@pytest.fixture
def entries(redis: Redis, config: Config) -> Callable[[], dict[str, tuple[str, int]]]:
    """Return what the store holds against logins: login id -> (entry, seconds that it lives)."""

    def read() -> dict[str, tuple[str, int]]:
        prefix = f"{config.store_prefix}denied:"
        names = [key.decode() for key in redis.scan_iter(f"{prefix}*", count=1000)]
        return {name.removeprefix(prefix): (redis.get(name).decode(), redis.ttl(name)) for name in names}

    return read


def run(app: Flask, *arguments: str) -> None:
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output


def everywhere(nodes: Nodes, visitor: Visitor) -> set[str | None]:
    """Return who each node takes the visitor for."""
    seen: set[str | None] = set()
    for node in nodes:
        there = Visitor(node, "hybrid")
        there.access = visitor.access
        seen.add(there.who())
    return seen


def login_id(visitor: Visitor) -> str:
    return str(claims_of(visitor.access or "")["login_id"])


def logout(nodes: Nodes, visitor: Visitor) -> None:
    assert visitor.post("logout").status_code == 204


def end_one(nodes: Nodes, visitor: Visitor) -> None:
    other = Visitor(nodes[1], "hybrid").login("alice")
    assert other.delete(f"logins/{login_id(visitor)}").status_code == 204
    assert everywhere(nodes, other) == {"alice"}


def end_all(nodes: Nodes, visitor: Visitor) -> None:
    assert Visitor(nodes[1], "hybrid").login("alice").delete("logins").status_code == 204


def disable(nodes: Nodes, visitor: Visitor) -> None:
    run(nodes[1], "members", "disable", "alice")


def give_a_new_password(nodes: Nodes, visitor: Visitor) -> None:
    change_password(nodes[1], "alice", "through the looking-glass")


@pytest.mark.parametrize("end", [logout, end_one, end_all, disable, give_a_new_password])
def test_an_ended_login_is_out_at_once_on_every_node(
    nodes: Nodes, clock: Clock, end: Callable[[Nodes, Visitor], None]
) -> None:
    """SECURITY 12."""
    alice, bob = (Visitor(nodes[0], "hybrid").login(name) for name in ("alice", "bob"))
    assert everywhere(nodes, alice) == {"alice"}
    end(nodes, alice)
    assert everywhere(nodes, alice) == {None}
    assert alice.get("profile").get_json()["code"] == "invalid_token"
    assert alice.together("profile").get_json()["code"] == "invalid_token"
    assert everywhere(nodes, bob) == {"bob"}


@pytest.mark.parametrize("end", [logout, end_one, end_all, disable, give_a_new_password])
def test_a_denial_outlives_every_token_that_it_is_for(
    nodes: Nodes, entries: Callable[[], dict[str, tuple[str, int]]], config: Config, end: Callable[..., None]
) -> None:
    """SECURITY 12: those of a node whose clock is ahead included. And it does not stay for ever."""
    alice = Visitor(nodes[0], "hybrid").login("alice")
    end(nodes, alice)
    entry, ttl_s = entries()[login_id(alice)]
    assert entry == ""
    assert config.access_ttl_s + CLOCK_SKEW_S < ttl_s <= config.access_ttl_s + 60


def test_a_new_role_makes_the_old_token_as_good_as_expired(
    nodes: Nodes, clock: Clock, entries: Callable[[], dict[str, tuple[str, int]]], config: Config
) -> None:
    carol = Visitor(nodes[0], "hybrid").login("carol")
    run(nodes[1], "members", "set-role", "carol", "user")
    assert carol.get("admin").get_json()["code"] == "expired_token"
    assert entries()[login_id(carol)][0] == "user"
    assert entries()[login_id(carol)][1] > config.access_ttl_s + CLOCK_SKEW_S
    page = carol.together("admin")  # refreshed on the way, and forbidden in the new role
    assert page.status_code == 403
    assert claims_of(carol.access or "")["role"] == "user"
    assert everywhere(nodes, carol) == {"carol"}


def test_a_role_there_and_back_lets_the_first_token_live(nodes: Nodes) -> None:
    carol = Visitor(nodes[0], "hybrid").login("carol")
    for role in ("user", "admin"):
        run(nodes[0], "members", "set-role", "carol", role)
    assert carol.get("admin").status_code == 200


def test_a_new_role_is_felt_also_by_a_login_whose_refresh_token_has_expired(nodes: Nodes, clock: Clock) -> None:
    """It used to be overlooked, as if it were no login any more."""
    carol = Visitor(nodes[0], "hybrid").login("carol", access_ttl_s=60, refresh_ttl_s=8)
    clock.advance(9)
    run(nodes[0], "members", "set-role", "carol", "user")
    assert carol.get("admin").status_code == 401


def test_a_new_role_does_not_bring_an_ended_login_back(nodes: Nodes) -> None:
    """SECURITY 12."""
    carol = Visitor(nodes[0], "hybrid").login("carol")
    carol.post("logout")
    run(nodes[0], "members", "set-role", "carol", "user")
    run(nodes[0], "members", "set-role", "carol", "admin")
    assert everywhere(nodes, carol) == {None}


def test_a_new_role_that_crosses_a_log_out_does_not_undo_it(config: Config, store_url: str) -> None:
    """SECURITY 12: the login was live when it was looked up, and ended before it was told."""
    denylist = RedisDenylist(StoreCommands(lambda: store_url), config.store_prefix)
    denylist.deny("login", 60)
    denylist.require_role("login", "user", 60)
    assert denylist.find("login") == ENDED
    denylist.require_role("another", "user", 60)
    denylist.require_role("another", "admin", 60)
    assert denylist.find("another") == Denial("admin")


def test_a_used_token_that_comes_back_denies_its_login_at_once(nodes: Nodes, clock: Clock) -> None:
    """SECURITY 11."""
    alice = Visitor(nodes[0], "hybrid").login("alice")
    thief = Visitor(nodes[1], "hybrid")
    thief.refresh_token = alice.refresh_token
    alice.refresh()
    alice.refresh()
    assert thief.refresh().get_json()["code"] == "refresh_reused"
    assert everywhere(nodes, alice) == {None}


def test_an_entry_that_nobody_understands_lets_nobody_in(nodes: Nodes, redis: Redis, config: Config) -> None:
    """SECURITY 17: it fails closed."""
    alice = Visitor(nodes[0], "hybrid").login("alice")
    key = f"{config.store_prefix}denied:{login_id(alice)}"
    for plant in (
        lambda: redis.lpush(key, "x"),
        lambda: redis.hset(key, "a", "b"),
        lambda: redis.set(key, b"\xff\xfe"),
        lambda: redis.set(key, "superuser"),
        lambda: redis.set(key, ""),
    ):
        redis.delete(key)
        plant()
        assert everywhere(nodes, alice) == {None}
    redis.delete(key)
    assert everywhere(nodes, alice) == {"alice"}


def test_a_new_role_is_carried_past_an_entry_of_another_type(nodes: Nodes, redis: Redis, config: Config) -> None:
    """It used to end in a traceback, with the member's other logins not told."""
    first, second = (Visitor(nodes[0], "hybrid").login("carol") for _ in range(2))
    for planted in (first, second):
        redis.lpush(f"{config.store_prefix}denied:{login_id(planted)}", "x")
        redis.expire(f"{config.store_prefix}denied:{login_id(planted)}", 60)
    third = Visitor(nodes[0], "hybrid").login("carol")
    run(nodes[0], "members", "set-role", "carol", "user")
    assert {third.get("admin").status_code, first.get("admin").status_code} == {401}


def test_each_request_costs_exactly_one_store_command(nodes: Nodes, monitor: Monitor) -> None:
    alice = Visitor(nodes[0], "hybrid").login("alice")
    monitor.commands()
    for ask, commands in (
        (lambda: alice.get("profile"), ["GET"]),
        (lambda: alice.together("profile"), ["GET"]),
        (lambda: alice.get("notes"), ["GET"]),
        (lambda: alice.get("admin"), ["GET"]),
        (alice.refresh, []),
        (lambda: alice.get("profile", headers={"Authorization": "Bearer x.y.z"}), []),
        (lambda: Visitor(nodes[0], "hybrid").get("profile"), []),
        (lambda: alice.post("logout"), ["SET"]),
    ):
        ask()
        assert monitor.commands() == commands


def test_the_token_approach_asks_no_store_at_all(nodes: Nodes, monitor: Monitor) -> None:
    alice = Visitor(nodes[0], "token").login("alice")
    monitor.commands()  # the log-in limiter counts there
    for ask in (lambda: alice.get("profile"), alice.refresh, lambda: alice.get("logins"), lambda: alice.post("logout")):
        assert ask().status_code in (200, 204)
    assert monitor.commands() == []
