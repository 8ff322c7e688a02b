"""The store takes no writes, and can be read: who is logged in is served, and who is not is told to wait.

It is full, it cannot save what is written, or too few replicas would hear of it.

SECURITY 28.
"""

import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from service.config import Config
from session_auth.credential import hashed
from tests.conftest import MakeConfig
from tests.support.session_probe import admit, bearer_of, patient
from tests.support.stopwatch import eventually
from tests.support.store_engines import PROGRAMS, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
SOON_S = 600


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    program = PROGRAMS[request.param]
    if program is None:
        pytest.skip(f"no {request.param} here")
    with ended_afterwards():
        yield StoreServer(tmp_path_factory.mktemp(request.param) / "store", program=program)


@pytest.fixture
def config(make_config: MakeConfig, server: StoreServer) -> Config:
    return make_config(redis_url=server.url)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = patient(create_app(config), config.redis_url or "")
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture(params=["MISCONF", "NOREPLICAS"])
def why(request: pytest.FixtureRequest, server: StoreServer) -> Iterator[str]:
    yield request.param
    server.take_writes()


def record_of(visitor: Visitor, config: Config) -> str:
    return f"{config.store_prefix}session:{hashed(visitor.cookie('sid') or '')}"


def test_who_is_logged_in_is_served_without_sliding(app: Flask, config: Config, server: StoreServer, why: str) -> None:
    """SECURITY 15, faults: the session ends when it would have ended unread, and slides again as soon as it can."""
    alice, bob = admit(app), Visitor(app, "hybrid").login("bob")
    record = record_of(alice, config)
    assert alice.who() == "alice"  # its node remembers that the idle time has begun anew
    server.client.expire(record, SOON_S)
    server.pause_writes(why)
    for _ in range(3):
        assert (alice.who(), bob.who()) == ("alice", "bob")
    assert alice.post("notes", json={"text": "a note"}).status_code == 201
    assert server.client.ttl(record) <= SOON_S
    server.take_writes()
    assert alice.who() == "alice"
    assert server.client.ttl(record) > SOON_S


def test_a_session_that_nobody_used_ends_although_the_store_takes_no_writes(
    app: Flask, config: Config, server: StoreServer, why: str
) -> None:
    """SECURITY 15."""
    alice, bob = admit(app), admit(app, "session", "bob")
    server.client.pexpire(record_of(alice, config), 1)
    server.pause_writes(why)
    sid = alice.cookie("sid")
    eventually(lambda: bearer_of(app, "session", sid).who() is None)
    assert alice.get("profile").get_json()["code"] == "invalid_session"
    assert bob.who() == "bob"


def test_log_ins_renewals_and_log_outs_say_that_they_have_to_wait(app: Flask, server: StoreServer, why: str) -> None:
    """SECURITY 15, faults: nobody is told that a session has ended which has not."""
    alice = admit(app)
    server.pause_writes(why)
    for refused in (
        Visitor(app, "session").try_login("alice"),
        alice.post("renew"),
        alice.post("logout"),
        alice.delete("logins"),
    ):
        assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
        assert refused.get_json()["detail"].startswith("The session store takes no writes.")
        assert refused.headers["Retry-After"]
    assert alice.who() == "alice"
    server.take_writes()
    assert alice.post("logout").status_code == 204
    assert alice.who() is None


def test_it_is_said_once_in_the_log_and_in_each_trace(
    app: Flask, server: StoreServer, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    alice = admit(app)
    server.pause_writes(why)
    for _ in range(3):
        trace = json.loads(alice.get("profile", headers={"X-Lab-Trace": "1"}).headers["X-Lab-Trace"])
        told = [step["what"] for step in trace if step["part"] == "store"]
        assert [what.split(" ")[0] for what in told] == ["GETEX", "GET"]
        assert told[1].endswith("(the store takes no writes: its idle time does not slide)")
        Visitor(app, "session").try_login("alice")
    server.take_writes()
    for _ in range(3):
        assert alice.who() == "alice"
    said = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    assert said.count(f"the store refuses a command: {why} (GETEX)") == 1
    assert said.count("sessions are served, and their idle times do not slide") == 1
    assert said.count("sessions are served, and their idle times slide again") == 1
    assert len(said) == len(set(said))


def test_a_replica_serves_nobody_because_log_outs_may_be_missing_from_it(
    app: Flask, config: Config, server: StoreServer
) -> None:
    """SECURITY 15: it takes no writes either, and another server does. A denylist is not read from it."""
    alice, bob = admit(app), Visitor(app, "hybrid").login("bob")
    assert alice.who() == "alice"  # the next read need not write, and is refused all the same
    server.client.expire(record_of(alice, config), SOON_S)
    server.pause_writes("READONLY")
    try:
        for refused in (alice.get("profile"), bob.get("profile"), Visitor(app, "session").try_login("alice")):
            assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
            assert refused.get_json()["detail"].startswith("The session store is a read-only copy now.")
    finally:
        server.take_writes()
    assert alice.who() == "alice"
    assert server.client.ttl(record_of(alice, config)) > SOON_S, "another server may not know what this one was told"
    assert bob.who() == "bob"
