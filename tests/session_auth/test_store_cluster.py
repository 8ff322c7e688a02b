"""A real cluster of three masters: everything works across slots, while one of them moves, and while one is gone."""

from collections.abc import Iterator
from time import sleep

import pytest
from flask import Flask
from redis.crc import key_slot

from app import create_app
from service.config import Config
from session_auth.credential import hashed
from session_auth.store_client.server import PAUSE_S
from tests.conftest import Clock, MakeConfig
from tests.service.test_login_attempts import assert_limited, attempt, exhaust
from tests.session_auth.test_sentinel import BACK_WITHIN_S, PROMPTLY_S
from tests.support.asking import Asking
from tests.support.session_probe import credential_of, let_in, member, patient
from tests.support.stopwatch import Stopwatch, eventually
from tests.support.store_engines import StoreCluster, StoreServer, ended_afterwards
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreCluster]:
    with ended_afterwards():
        yield StoreCluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def config(make_config: MakeConfig, cluster: StoreCluster) -> Config:
    return make_config(redis_url=cluster.url)


@pytest.fixture
def app(config: Config, clock: Clock) -> Iterator[Flask]:
    app = create_app(config, now=clock)
    yield app
    app.extensions["database"].engine.dispose()


def slot_of(visitor: Visitor, config: Config) -> int:
    return key_slot(f"{config.store_prefix}session:{hashed(visitor.cookie('sid') or '')}".encode())


def test_sessions_are_spread_and_one_member_ends_them_all(app: Flask, cluster: StoreCluster, config: Config) -> None:
    """SECURITY 15."""
    alices, bob = [let_in(app) for _ in range(40)], let_in(app, "session", "bob")
    assert len({cluster.owner(slot_of(alice, config)).port for alice in alices}) == 3
    assert alices[0].post("renew").status_code == 200
    assert len(alices[0].get("logins").get_json()["logins"]) == len(alices)
    assert alices[1].post("logout").status_code == 204
    assert alices[2].delete("logins").status_code == 204
    assert [alice.who() for alice in alices] == [None] * len(alices)
    assert bob.who() == "bob"


def test_the_denylist_the_limiter_and_readyz_work(app: Flask) -> None:
    """SECURITY 18."""
    carols = [Visitor(app, "hybrid").login("carol") for _ in range(6)]
    assert carols[0].delete("logins").status_code == 204
    assert [carol.who() for carol in carols] == [None] * 6
    assert app.test_client().get("/readyz").status_code == 200
    exhaust(app)
    assert_limited(attempt(app))


def test_nobody_notices_a_slot_that_moves(app: Flask, cluster: StoreCluster, config: Config) -> None:
    """SECURITY, faults: MOVED and ASK are followed, and a login in the middle of it is whole."""
    patient(app, cluster.url)
    asking = [let_in(app) for _ in range(4)]
    with Asking(asking) as they:
        for visitor in asking[:]:
            cluster.move(slot_of(visitor, config), between=they.wait_for_more)
        index = key_slot(f"{config.store_prefix}logins:alice".encode())
        cluster.move(index, between=lambda: asking.append(let_in(app)))
    answers = [answer for each in they.answers for answer in each]
    assert {(answer.status, answer.who) for answer in answers} == {(200, "alice")}
    assert max(answer.own_s for answer in answers) < PROMPTLY_S
    assert asking[0].delete("logins").status_code == 204
    assert [visitor.who() for visitor in asking] == [None] * 5


@pytest.mark.parametrize("fault", ["hangs", "is killed"])
def test_a_master_that_is_gone_takes_only_its_own_slots_along(
    app: Flask, cluster: StoreCluster, config: Config, fault: str
) -> None:
    """SECURITY, faults. It starts again empty: its logins are lost, and that is a 401."""
    alices = [let_in(app) for _ in range(40)]
    gone: StoreServer = cluster.owner(slot_of(alices[0], config))
    theirs = [alice for alice in alices if cluster.owner(slot_of(alice, config)) is gone]
    others = [alice for alice in alices if alice not in theirs]
    assert others
    if fault == "is killed":  # that is known without a wait, and a busy machine waits now and then for others too
        patient(app, cluster.url)
    gone.pause() if fault == "hangs" else gone.kill()
    for _ in range(2):
        for alice in theirs:
            watch = Stopwatch()
            assert alice.get("profile").status_code == 503
            if fault == "hangs":  # the patient app of the other fault may wait longer for another server
                watch.assert_within(PROMPTLY_S)
        for alice in others:
            assert (alice.who() if fault == "is killed" else eventually(alice.who)) == "alice"
        sleep(PAUSE_S)  # then one of theirs tries again
    gone.resume() if fault == "hangs" else gone.start()
    # A master that starts waits two seconds of its own before it serves its slots again.
    eventually(lambda: b"cluster_state:ok" in gone.client.execute_command("CLUSTER", "INFO"))
    last = 200 if fault == "hangs" else 401
    eventually(lambda: theirs[0].get("profile").status_code == last, within_s=BACK_WITHIN_S)
    assert credential_of(app).issue_for(member(app, "bob"), 1800)
