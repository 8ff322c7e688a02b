"""Whose map of a cluster is taken: an address may name servers that do not belong to it, or not any more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app import create_app
from lab.cluster.address import CannotStart
from lab.cluster.store import running_store
from session_auth.credential import hashed
from session_auth.store_client import connect
from tests.conftest import MakeConfig
from tests.support.asking import Asking
from tests.support.ports import free_port
from tests.support.session_probe import admit, let_in, patient
from tests.support.stopwatch import eventually
from tests.support.store_engines import PASSWORD, StoreCluster, StoreServer, ended_afterwards

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("engines")]
IN_A_CLUSTER = ("cluster-enabled yes", "cluster-require-full-coverage no")


def alone(folder: Path) -> StoreServer:
    return StoreServer(folder / "alone")


def new_and_empty(folder: Path) -> StoreServer:
    return StoreServer(folder / "new", *IN_A_CLUSTER)


def with_a_part(folder: Path) -> StoreServer:
    server = StoreServer(folder / "part", *IN_A_CLUSTER)
    server.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 99)
    return server


def with_a_map_of_once(folder: Path) -> StoreServer:
    """A server that was removed, and still names as owner of all slots one that is gone."""
    (folder / "nodes").mkdir()
    nodes = folder / "nodes" / "nodes.conf"
    gone, port = free_port(), free_port()
    nodes.write_text(
        f"{'a' * 40} 127.0.0.1:{port}@{port + 10000} myself,master - 0 0 1 connected\n"
        f"{'b' * 40} 127.0.0.1:{gone}@{gone + 10000} master - 0 0 2 connected 0-16383\n"
        "vars currentEpoch 2 lastVoteEpoch 0\n"
    )
    return StoreServer(folder / "once", *IN_A_CLUSTER, f"cluster-config-file {nodes}", port=port)


def gone(folder: Path) -> StoreServer:
    server = alone(folder)
    server.kill()
    return server


OTHERS = [alone, new_and_empty, with_a_part, with_a_map_of_once, gone]


@pytest.mark.parametrize("other", OTHERS, ids=[other.__name__ for other in OTHERS])
def test_a_first_host_that_is_not_of_the_cluster_is_passed_over(
    tmp_path: Path, make_config: MakeConfig, other: Callable[[Path], StoreServer]
) -> None:
    """SECURITY, faults: every session was 503, after a restart as well."""
    folder = tmp_path / "engines"
    folder.mkdir()
    with ended_afterwards():
        first, real = other(folder), StoreServer(folder / "real", *IN_A_CLUSTER)
        real.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        eventually(lambda: b"cluster_state:ok" in real.client.execute_command("CLUSTER", "INFO"))
        url = f"redis+cluster://:{PASSWORD}@127.0.0.1:{first.port},127.0.0.1:{real.port}"
        config = make_config(redis_url=url)
        with running_store(config):
            app = patient(create_app(config), url)
            assert admit(app).who() == "alice"
            assert app.test_client().get("/readyz").status_code == 200
            app.extensions["database"].engine.dispose()


@pytest.mark.parametrize("other", OTHERS[:3], ids=[other.__name__ for other in OTHERS[:3]])
def test_without_a_whole_map_a_node_is_not_ready_and_the_start_says_so_in_one_line(
    tmp_path: Path, make_config: MakeConfig, other: Callable[[Path], StoreServer]
) -> None:
    folder = tmp_path / "engines"
    folder.mkdir()
    with ended_afterwards():
        url = f"redis+cluster://:{PASSWORD}@127.0.0.1:{other(folder).port}"
        config = make_config(redis_url=url)
        app = patient(create_app(config), url)
        refused = app.test_client().get("/readyz")
        assert refused.status_code == 503
        assert refused.get_json()["detail"] == "REDIS_URL is not the address of a cluster that serves every slot."
        app.extensions["database"].engine.dispose()
        with pytest.raises(CannotStart, match="there is no cluster that serves every slot at"), running_store(config):
            pass


def test_a_first_host_that_is_removed_and_runs_on_disturbs_nobody(tmp_path: Path, make_config: MakeConfig) -> None:
    """SECURITY, faults: neither who is logged in, nor a start after it, nor the removal of another one."""
    folder = tmp_path / "engines"
    folder.mkdir()
    with ended_afterwards():
        cluster = StoreCluster(folder)
        config, removed = make_config(redis_url=cluster.url), cluster.masters[0]
        app = patient(create_app(config), cluster.url)
        visitors = [let_in(app) for _ in range(6)]
        with Asking(visitors[:3]) as they:
            cluster.remove(removed)
            they.wait_for_more()
        assert {(answer.status, answer.who) for each in they.answers for answer in each} == {(200, "alice")}
        assert [visitor.who() for visitor in visitors] == ["alice"] * 6
        with running_store(config):
            again = patient(create_app(config), cluster.url)
        assert let_in(again).who() == "alice"
        assert again.test_client().get("/readyz").status_code == 200
        record = f"{config.store_prefix}session:{hashed(visitors[0].cookie('sid') or '')}"
        with connect(cluster.url) as client:
            assert client.execute_command("GET", record)
        assert not list(removed.client.scan_iter())
        for each in (app, again):
            each.extensions["database"].engine.dispose()
