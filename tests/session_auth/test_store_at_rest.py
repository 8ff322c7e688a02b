"""Connections that rest, and are cut meanwhile: the store is well, so who asks first afterwards is answered as well.

A firewall forgets them, with a reset or without a word; a server restarts, or closes what is idle for its `timeout`.
"""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from redis import RedisError

import session_auth.store_client.server
from session_auth.store_client import StoreClient, connect
from session_auth.store_client.line import keepalive_options
from tests.conftest import MakeApp
from tests.support.faulty_store import FaultyStore, Forgotten
from tests.support.session_probe import let_in, patient
from tests.support.stopwatch import Stopwatch, eventually
from tests.support.store_engines import PASSWORD, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
PATIENT_S = 1.0  # a machine that is busy must not be taken for a firewall
TOGETHER = 5
PROMPTLY_S = 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    with ended_afterwards():
        yield StoreServer(tmp_path_factory.mktemp("single") / "store")


@pytest.fixture(scope="module")
def stores(
    tmp_path_factory: pytest.TempPathFactory, server: StoreServer
) -> Iterator[dict[str, tuple[FaultyStore, StoreServer, str]]]:
    """Each kind of store with a firewall in front: the firewall, the server, and the address."""
    folder = tmp_path_factory.mktemp("behind-firewalls")
    with ended_afterwards():
        member = StoreServer(folder / "member", "cluster-enabled yes")
        member.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        walls = [FaultyStore(server.url), FaultyStore(server.url), FaultyStore(member.url)]
        ports = [int(wall.url.rpartition(":")[2]) for wall in walls]
        member.client.config_set("cluster-announce-port", ports[2])
        monitor = f"sentinel monitor lab 127.0.0.1 {ports[1]} 1"
        sentinel = StoreServer(
            folder / "sentinel",
            monitor,
            f"sentinel auth-pass lab {PASSWORD}",
            "sentinel down-after-milliseconds lab 60000",
            sentinel=True,
        )
        yield {
            "single": (walls[0], server, walls[0].url),
            "sentinel": (walls[1], server, f"redis+sentinel://:{PASSWORD}@127.0.0.1:{sentinel.port}/lab"),
            "cluster": (walls[2], member, f"redis+cluster://:{PASSWORD}@127.0.0.1:{ports[2]}"),
        }
        for wall in walls:
            wall.refuse()


@pytest.fixture(params=["single", "sentinel", "cluster"])
def store(
    stores: dict[str, tuple[FaultyStore, StoreServer, str]], request: pytest.FixtureRequest
) -> Iterator[tuple[FaultyStore, StoreServer, StoreClient]]:
    """A firewall, the server behind it, and a client in front with some connections at rest."""
    wall, server, url = stores[request.param]
    with connect(url, PATIENT_S) as client:
        client.execute_command("DEL", "rested")
        at_once(client, "BLPOP", "nothing", "0.1")
        yield wall, server, client


def at_once(client: StoreClient, *command: str) -> None:
    with ThreadPoolExecutor(TOGETHER) as threads:
        list(threads.map(lambda _: client.execute_command(*command), range(TOGETHER)))


Store = tuple[FaultyStore, StoreServer, StoreClient]


@pytest.mark.parametrize("how", ["silent", "reset", "deaf"])
def test_a_read_on_a_cut_connection_is_answered_by_a_new_one(store: Store, how: Forgotten) -> None:
    """`GETEX` too, which may be sent twice: the record lives as long as if it had been read once."""
    wall, server, client = store
    server.client.set("rested", "value")
    wall.forget(how)
    assert [client.execute_command("GETEX", "rested", "EX", 60) for _ in range(3)] == [b"value"] * 3
    assert [b"rested" in asked for asked in wall.swallowed].count(
        True
    ) == 1  # all the others were given up with the first, and nobody paid for them


def test_all_who_ask_at_once_are_answered_though_each_has_a_cut_connection(store: Store) -> None:
    wall, _, client = store
    wall.forget("silent")
    at_once(client, "GET", "rested")


@pytest.mark.parametrize("how", ["silent", "reset", "deaf"])
def test_a_write_is_not_sent_on_a_connection_that_rested_before_it_has_shown_that_it_works(
    store: Store, how: Forgotten, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, server, client = store
    monkeypatch.setattr(session_auth.store_client.server, "TRUSTED_S", -1.0)  # however short it rested
    wall.forget(how)
    assert [client.execute_command("INCR", "rested") for _ in range(3)] == [1, 2, 3]
    assert server.client.get("rested") == b"3"


INCREASE: list[tuple[str | int, ...]] = [
    ("INCR", "rested"),
    ("EVAL", "return redis.call('INCR', KEYS[1])", 1, "rested"),
]


@pytest.mark.parametrize("write", INCREASE, ids=["command", "script"])
def test_a_write_is_never_sent_twice(
    store: Store, write: tuple[str | int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was carried out, and nobody can know that: it fails, the server is not blamed, and the next one works."""
    wall, server, client = store
    monkeypatch.setattr(session_auth.store_client.server, "TRUSTED_S", 3600.0)
    wall.forget("deaf")
    with pytest.raises(RedisError):
        client.execute_command(*write)
    eventually(lambda: server.client.get("rested") == b"1")
    assert client.execute_command(*write) == 2


@pytest.mark.parametrize("how", ["silent", "reset"])
def test_what_readiness_tries_is_tried_again(store: Store, how: Forgotten) -> None:
    wall, _, client = store
    wall.forget(how)
    assert client.ask_each(lambda tag: [("SET", f"{tag}own", "1", "EX", 5), ("GET", f"{tag}own")]) == [[b"OK", b"1"]]


def test_a_server_that_restarted_is_asked_on_new_connections(store: Store) -> None:
    wall, _, client = store
    wall.refuse()
    wall.heal()
    assert client.execute_command("PING") == b"PONG"
    assert client.execute_command("INCR", "rested") == 1


def test_a_server_that_closes_idle_connections_is_asked_on_new_ones(server: StoreServer) -> None:
    with connect(server.url, PATIENT_S) as client:
        at_once(client, "BLPOP", "nothing", "0.1")
        before = server.client.info("clients")["connected_clients"]
        server.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        eventually(lambda: server.client.info("clients")["connected_clients"] <= before - TOGETHER)
        client.execute_command("DEL", "rested")
        assert client.execute_command("INCR", "rested") == 1


def test_a_connection_at_rest_is_kept_alive(server: StoreServer) -> None:
    """Firewalls forget what was silent for a minute or more."""
    with connect(server.url) as client:
        client.execute_command("PING")
        [kept] = client._servers.values()  # type: ignore[attr-defined]
        [line] = kept._connections._resting
        assert line.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle = next(iter(keepalive_options()))  # Linux and macOS have two names for it
        assert 0 < line.socket.getsockopt(socket.IPPROTO_TCP, idle) <= 30


@pytest.fixture
def app(make_app: MakeApp, faulty: FaultyStore) -> Flask:
    return patient(make_app(redis_url=faulty.url), faulty.url, PATIENT_S)


@pytest.mark.parametrize("how", ["silent", "reset"])
def test_who_asks_first_after_a_rest_is_served(
    app: Flask, faulty: FaultyStore, how: Forgotten, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY, faults: with a healthy store the first requests were 503."""
    alice = let_in(app)
    bob = Visitor(app, "hybrid").login("bob")
    assert (alice.who(), bob.who()) == ("alice", "bob")
    for visitor, name in ((alice, "alice"), (bob, "bob")):
        faulty.forget(how)
        assert visitor.who() == name
    assert caplog.records == []


@pytest.mark.nightly  # a machine that is busy for a fifth of a second is taken for a firewall here
@pytest.mark.parametrize("how", ["silent", "reset"])
def test_who_asks_first_after_a_rest_is_served_within_the_promise(
    make_app: MakeApp, faulty: FaultyStore, how: Forgotten
) -> None:
    alice = let_in(make_app(redis_url=faulty.url))
    assert alice.who() == "alice"
    faulty.forget(how)
    watch = Stopwatch()
    assert alice.who() == "alice"
    watch.assert_within(PROMPTLY_S)


@pytest.mark.parametrize("how", ["silent", "reset"])
def test_who_logs_in_or_out_first_after_a_rest_is_served(app: Flask, faulty: FaultyStore, how: Forgotten) -> None:
    """SECURITY, faults."""
    faulty.forget(how)
    alice = Visitor(app, "session").login("alice")
    faulty.forget(how)
    assert alice.post("renew").status_code == 200
    faulty.forget(how)
    assert alice.post("logout").status_code == 204
    assert alice.who() is None


def test_a_caller_who_waits_in_vain_does_not_speak_for_those_who_were_answered_since(server: StoreServer) -> None:
    """A store that was back was refused for a moment more, because one old request failed late."""
    with connect(server.url, PATIENT_S) as client, ThreadPoolExecutor(1) as threads:
        waits = threads.submit(client.execute_command, "BLPOP", "nothing", "60")
        eventually(lambda: server.client.info("clients")["blocked_clients"] == 1)
        client.execute_command("GET", "nothing")
        assert isinstance(waits.exception(), RedisError)
        client.execute_command("GET", "nothing")
