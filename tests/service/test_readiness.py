"""Readiness: whether sessions can be served, tried with every command that they need. A start tries the same.

SECURITY 28.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from lab.cluster.address import CannotStart
from lab.cluster.store import GivenStore, running_store
from service.config import Config
from service.store.check import TTL_S, _needs
from tests.conftest import MakeConfig
from tests.support.session_probe import admit, patient
from tests.support.stopwatch import eventually
from tests.support.store_engines import PASSWORD, PROGRAMS, StoreCluster, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
NEEDS = dict(_needs("", ""))
PAUSES = ("OOM", "MISCONF", "NOREPLICAS")


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    found = PROGRAMS[request.param]
    if found is None:
        pytest.skip(f"no {request.param} here")
    return found


@pytest.fixture(scope="module")
def server(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    with ended_afterwards():
        yield StoreServer(tmp_path_factory.mktemp("engine") / "store", program=program)


@pytest.fixture
def config(make_config: MakeConfig, server: StoreServer) -> Config:
    return make_config(redis_url=server.url)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = patient(create_app(config), config.redis_url or "")
    yield app
    app.extensions["database"].engine.dispose()


def limit(server: StoreServer, *rules: str) -> str:
    """Let the store have a user with these rules alone; return its address for this user."""
    server.client.execute_command("ACL", "SETUSER", "limited", "reset", "on", f">{PASSWORD}", *rules)
    return server.url.replace("redis://:", "redis://limited:")


def not_ready(app: Flask) -> str:
    """Return what a node says that is not ready."""
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "store_unavailable")
    assert response.headers["Retry-After"]
    detail: str = response.get_json()["detail"]
    return detail


def refused_start(config: Config) -> str:
    """Return the one line with which a start is refused."""
    with pytest.raises(CannotStart) as refused, running_store(config):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_store_that_does_all_is_ready_and_keeps_nothing_of_the_trial(
    app: Flask, config: Config, server: StoreServer
) -> None:
    alice = admit(app)
    mine = set(server.client.scan_iter(f"{config.store_prefix}*"))
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()) == (200, {"status": "ready", "node": "node-1"})
    left = set(server.client.scan_iter(f"{config.store_prefix}*")) - mine
    assert all(0 < server.client.ttl(key) <= TTL_S for key in left)
    assert all(b"\0" in key for key in left)
    assert alice.who() == "alice"


def test_it_costs_one_round_trip(app: Flask, server: StoreServer) -> None:
    """Balancers ask every second or so."""
    app.test_client().get("/readyz")
    before = server.client.info("stats")["total_reads_processed"]
    app.test_client().get("/readyz")
    assert server.client.info("stats")["total_reads_processed"] - before == 2  # its own, and the one that asks


def test_a_read_only_replica_is_not_ready(app: Flask, config: Config, server: StoreServer) -> None:
    """SECURITY 15: log-outs may be missing from it, so nobody is served from it either."""
    alice = admit(app)
    server.pause_writes("READONLY")
    try:
        assert not_ready(app).startswith("The session store is a read-only replica.")
        assert re.search(r"^REDIS_URL: .* is a read-only replica", refused_start(config))
        assert alice.get("profile").status_code == 503
    finally:
        server.take_writes()
    assert app.test_client().get("/readyz").status_code == 200
    assert alice.who() == "alice"


def test_each_command_that_a_user_may_not_use_is_named(make_config: MakeConfig, server: StoreServer) -> None:
    commands = {word for name in NEEDS for word in re.findall(r"[A-Z]+", name)}
    for command in sorted(commands):
        url = limit(server, "~*", "+@all", f"-{command}")
        config = make_config(redis_url=url)
        app = patient(create_app(config), url)
        assert command in not_ready(app)
        assert re.search(rf"^REDIS_URL: the store at \S+ does not let this user use .*{command}", refused_start(config))
        app.extensions["database"].engine.dispose()


@pytest.mark.parametrize("family", ["session", "logins", "denied", "attempts"])
def test_keys_that_a_user_may_not_touch_are_named(make_config: MakeConfig, server: StoreServer, family: str) -> None:
    config = make_config()
    families = {"session", "logins", "denied", "attempts"} - {family}
    patterns = [f"~{config.store_prefix}{other}:*" for other in families]
    url = limit(server, "+@all", *patterns)
    app = patient(create_app(make_config(redis_url=url)), url)
    assert f"on {config.store_prefix}{family}:*" in not_ready(app)
    assert not any(f"on {config.store_prefix}{other}:*" in not_ready(app) for other in families)
    app.extensions["database"].engine.dispose()


@pytest.mark.parametrize("command", ["GETEX", "EVAL", "HGETALL"])
def test_a_server_that_does_not_know_a_command_is_not_ready_and_refused_at_the_start(
    make_config: MakeConfig, program: str, tmp_path: Path, command: str
) -> None:
    """Redis before 6.2 knows no GETEX; some hosts take EVAL away."""
    with ended_afterwards():
        old = StoreServer(tmp_path / "old", f'rename-command {command} ""', program=program)
        config = make_config(redis_url=old.url)
        app = patient(create_app(config), old.url)
        assert command in not_ready(app)
        line = refused_start(config)
        assert line.startswith("REDIS_URL must be the address of Redis 6.2 or newer, or of Valkey; ")
        assert command in line
        app.extensions["database"].engine.dispose()


def test_a_database_number_that_the_server_lacks_is_named(make_config: MakeConfig, server: StoreServer) -> None:
    config = make_config(redis_url=f"{server.url}/99")
    app = patient(create_app(config), config.redis_url or "")
    assert "the database number" in not_ready(app)
    app.extensions["database"].engine.dispose()


def test_another_password_is_named(make_config: MakeConfig, server: StoreServer) -> None:
    config = make_config(redis_url=server.url.replace("redis://:", "redis://:not-"))
    app = patient(create_app(config), config.redis_url or "")
    for _ in range(2):  # whoever asked just before
        assert not_ready(app) == "The session store requires another name or password."
    app.extensions["database"].engine.dispose()


@pytest.fixture(params=PAUSES)
def paused(request: pytest.FixtureRequest, server: StoreServer) -> Iterator[str]:
    """Let the store take no writes, and say why."""
    server.pause_writes(request.param)
    yield request.param
    server.take_writes()


def test_a_store_that_takes_no_writes_for_a_while_leaves_a_node_ready_and_log_ins_paused(
    app: Flask, config: Config, paused: str
) -> None:
    """Those who are logged in are served; all nodes share the store, so a balancer could do nothing about it."""
    response = app.test_client().get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {"status": "ready", "node": "node-1", "log_ins": "paused", "because": paused}
    with running_store(config) as store:
        assert isinstance(store, GivenStore)
        assert store._answers()


def test_what_is_tried_is_all_that_is_used(app: Flask, server: StoreServer) -> None:
    """Counted by the store, inside scripts as well; `PTTL` is asked by a lab's walkthrough alone."""
    server.client.config_resetstat()
    assert Visitor(app, "session").try_login("bob", "wrong").status_code == 401
    alice, other = (Visitor(app, "session").login("alice") for _ in range(2))
    assert alice.post("renew").status_code == 200
    assert len(alice.get("logins").get_json()["logins"]) == 2
    assert alice.post("logout").status_code == 204
    bob = Visitor(app, "hybrid").login("bob")
    assert (bob.who(), other.who()) == ("bob", "alice")
    for command in (["set-role", "bob", "admin"], ["disable", "bob"], ["disable", "alice"]):
        assert app.test_cli_runner().invoke(args=["members", *command]).exit_code == 0
    assert (bob.who(), other.who()) == (None, None)
    used = {name.removeprefix("cmdstat_").upper() for name in server.client.info("commandstats")}
    tried = {word for name in NEEDS for word in re.findall(r"[A-Z]+", name)}
    assert used - tried <= {"HELLO", "PING", "CONFIG|RESETSTAT", "INFO", "AUTH"}


def test_in_a_cluster_every_server_is_tried(make_config: MakeConfig, tmp_path: Path) -> None:
    with ended_afterwards():
        (tmp_path / "engines").mkdir()
        cluster = StoreCluster(tmp_path / "engines")
        config = make_config(redis_url=cluster.url)
        app = patient(create_app(config), cluster.url)
        assert app.test_client().get("/readyz").status_code == 200
        for master in cluster.masters:
            tried = list(master.client.scan_iter(f"{config.store_prefix}*"))
            assert tried
            assert all(0 < master.client.ttl(key) <= TTL_S for key in tried)
        for master in cluster.masters:
            master.client.execute_command("ACL", "SETUSER", "default", "-getex")
            assert "GETEX" in not_ready(app)
            master.client.execute_command("ACL", "SETUSER", "default", "+getex")
        cluster.masters[1].kill()
        assert eventually(lambda: not_ready(app))
        app.extensions["database"].engine.dispose()
