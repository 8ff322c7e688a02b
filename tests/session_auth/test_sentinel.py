"""A real master with a replica and sentinels: a failover in mid-use is some 503s, and no login is refused for it."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from flask import Flask
from redis import Redis, ResponseError

from app import create_app
from session_auth.store_client.server import PAUSE_S
from tests.conftest import Clock, MakeConfig
from tests.support.asking import Asking
from tests.support.session_probe import let_in
from tests.support.stopwatch import Stopwatch, eventually
from tests.support.store_engines import PASSWORD, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
PROMPTLY_S = 0.5
BACK_WITHIN_S = 2.0
# They look around every ten seconds otherwise; and a machine that halts for two need not make them stop for thirty.
OFTEN = ("INFO-PERIOD", 200, "PUBLISH-PERIOD", 100, "TILT-TRIGGER", 600_000)


def replication(server: StoreServer) -> dict[str, Any]:
    said: dict[str, Any] = server.client.info("replication")
    return said


class Sentinels:
    """A master, its replica and three sentinels."""

    def __init__(self, folder: Path) -> None:
        self.master = StoreServer(folder / "master")
        self.replica = StoreServer(folder / "replica", f"replicaof 127.0.0.1 {self.master.port}")
        settings = (
            f"sentinel monitor lab 127.0.0.1 {self.master.port} 2",
            f"sentinel auth-pass lab {PASSWORD}",
            # When there is a failover is for the test to say, and not for a machine that is slow.
            "sentinel down-after-milliseconds lab 60000",
            "sentinel failover-timeout lab 60000",
        )
        self.sentinels = [StoreServer(folder / f"sentinel-{n}", *settings, sentinel=True) for n in range(3)]
        for sentinel in self.sentinels:
            sentinel.client.execute_command("SENTINEL", "DEBUG", *OFTEN)
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        self.url = f"redis+sentinel://:{PASSWORD}@{hosts}/lab"
        # Each says so for itself: it has read everything, and it will be sent what comes.
        eventually(lambda: replication(self.replica).get("master_link_status") == "up")
        eventually(lambda: replication(self.master).get("slave0", {}).get("state") == "online")
        eventually(lambda: all(self._knows_all(sentinel.client) for sentinel in self.sentinels))

    def wait_for_the_replica(self) -> None:
        """Wait until it has what was written until now. `WAIT` only speaks of what its own client has written."""
        written = replication(self.master)["master_repl_offset"]
        eventually(lambda: replication(self.replica)["slave_repl_offset"] >= written)

    def fail_over(self) -> None:
        """Let the replica be master, and wait until all sentinels say so."""
        eventually(self._begins_to_fail_over)
        eventually(lambda: all(self._names_the_replica(sentinel.client) for sentinel in self.sentinels))

    def watch_closely(self) -> None:
        """Let the sentinels find out by themselves, within half a second, that a master is down."""
        for sentinel in self.sentinels:
            for setting in (("down-after-milliseconds", 500), ("failover-timeout", 3000)):
                sentinel.client.execute_command("SENTINEL", "SET", "lab", *setting)

    def _begins_to_fail_over(self) -> bool:
        try:
            return bool(self.sentinels[0].client.execute_command("SENTINEL", "FAILOVER", "lab"))
        except ResponseError as refused:
            if not str(refused).startswith("NOGOODSLAVE"):  # it has not been heard of for a moment
                raise
            return False

    def _names_the_replica(self, sentinel: Redis) -> bool:
        return int(sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "lab")[1]) == self.replica.port

    @staticmethod
    def _knows_all(sentinel: Redis) -> bool:
        [said] = sentinel.sentinel_masters().values()
        return (said["num-other-sentinels"], said["num-slaves"]) == (2, 1)


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Sentinels]:
    (tmp_path / "engines").mkdir()
    with ended_afterwards():
        yield Sentinels(tmp_path / "engines")


@pytest.fixture
def app(sentinels: Sentinels, make_config: MakeConfig, clock: Clock) -> Iterator[Flask]:
    app = create_app(make_config(redis_url=sentinels.url), now=clock)
    yield app
    app.extensions["database"].engine.dispose()


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_failover_in_mid_use_refuses_nobody_who_was_replicated(app: Flask, sentinels: Sentinels, fault: str) -> None:
    """SECURITY, faults: 503 until there is a master again, without a restart; and the lost are counted."""
    asking = [let_in(app, "session", name) for name in ("alice", "bob")]
    asking += [Visitor(app, "hybrid").login(name) for name in ("alice", "bob")]
    asking += [Visitor(app, "token").login(name) for name in ("alice", "bob")]
    names = ["alice", "bob"] * 3
    out = Visitor(app, "hybrid").login("carol")
    assert out.post("logout").status_code == 204
    sentinels.wait_for_the_replica()
    with Asking(asking) as they:
        getattr(sentinels.master, fault)()
        sentinels.fail_over()
        eventually(they.are_served, within_s=BACK_WITHIN_S)
        if fault == "pause":  # the old master wakes up, and is demoted: no node may go on reading from it
            sentinels.master.resume()
            eventually(lambda: replication(sentinels.master)["role"] == "slave")
        they.wait_for_more()
        eventually(they.are_served)
    for visitor, name, answers in zip(asking, names, they.answers, strict=True):
        statuses = {answer.status for answer in answers}
        assert statuses <= ({200} if visitor.approach == "token" else {200, 503})
        assert {answer.who for answer in answers if answer.status == 200} == {name}
        assert max(answer.own_s for answer in answers) < PROMPTLY_S
    assert answered(out) == 401
    assert let_in(app).who() == "alice"


def answered(visitor: Visitor) -> int:
    """Return the first status that is no 503."""
    found: int = eventually(lambda: (status := visitor.get("profile").status_code) != 503 and status)
    return found


@pytest.mark.nightly  # on a busy machine sentinels find a master down that is only slow
def test_a_failover_that_the_sentinels_decide_on_is_followed(app: Flask, sentinels: Sentinels) -> None:
    """SECURITY, faults."""
    alice = let_in(app)
    sentinels.wait_for_the_replica()
    sentinels.watch_closely()
    sentinels.master.kill()
    assert answered(alice) == 200
    assert alice.who() == "alice"


def test_what_the_replica_never_heard_of_is_lost_and_can_be_counted(app: Flask, sentinels: Sentinels) -> None:
    """A login that was acknowledged by the master alone dies with it: a 401, and as many as the store counts."""
    kept = [let_in(app) for _ in range(3)]
    sentinels.wait_for_the_replica()
    sentinels.replica.pause()
    # Or what is written now would wait in the replica's socket, and be read before it takes over.
    sentinels.master.client.execute_command("CLIENT", "KILL", "TYPE", "replica")
    lost = [let_in(app, "session", "bob") for _ in range(2)]
    sentinels.master.kill()
    sentinels.replica.resume()
    sentinels.fail_over()
    eventually(lambda: kept[0].get("profile").status_code == 200, within_s=BACK_WITHIN_S)
    assert [answered(visitor) for visitor in kept] == [200] * 3
    held = len(list(sentinels.replica.client.scan_iter("*session:*")))
    refused = [answered(visitor) for visitor in lost].count(401)
    assert (held, refused) == (3, 2)


def test_sentinels_that_hang_cost_no_more_than_half_a_second(sentinels: Sentinels, make_config: MakeConfig) -> None:
    """SECURITY, faults."""
    app = create_app(make_config(redis_url=sentinels.url))
    for sentinel in sentinels.sentinels:
        sentinel.pause()
    for _ in range(3):
        watch = Stopwatch()
        assert app.test_client().get("/readyz").status_code == 503
        watch.assert_within(PROMPTLY_S)
        sleep(PAUSE_S)  # then the next one asks the sentinels again
    for sentinel in sentinels.sentinels:
        sentinel.resume()
    eventually(lambda: app.test_client().get("/readyz").status_code == 200, within_s=BACK_WITHIN_S)
    app.extensions["database"].engine.dispose()
