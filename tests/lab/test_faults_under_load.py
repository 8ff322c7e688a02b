"""The fault table of docs/security.md over two real nodes, while a crowd logs in, reads and logs out.

After each fault the ledger of everything that was acknowledged is compared with what the lab then knows.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cluster.embedded_store import EmbeddedStore
from tests.support.crowd import CUT, Crowd
from tests.support.faulty_store import FaultyStore
from tests.support.lab_processes import SOON_S, Lab
from tests.support.stopwatch import Stopwatch, eventually

pytestmark = pytest.mark.own_processes

BY_STORE = ("session", "hybrid")
ALL = ("session", "token", "hybrid")
BACK_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultyStore]:
    store = EmbeddedStore()
    proxy = FaultyStore(store.url)
    yield proxy
    proxy.refuse()
    store.stop()


@pytest.fixture(scope="module")
def lab_on_faulty_store(tmp_path_factory: pytest.TempPathFactory, faulty: FaultyStore) -> Iterator[Lab]:
    """Two nodes whose store is reached by a proxy that fails when it is told to."""
    lab = Lab(tmp_path_factory.mktemp("faulty"), nodes=2, REDIS_URL=faulty.url).wait_until_ready()
    yield lab
    assert lab.stop() == 0


def wait_until_known(lab: Lab, who: dict[str, str]) -> None:
    """Return when both nodes know a session again."""
    known: dict[str, int] = {}

    def ask() -> bool:
        status, headers, _ = lab.request("GET", "/session/profile", headers=who)
        known[headers["x-node"]] = status
        return known == {"node-1": 200, "node-2": 200}

    watch = Stopwatch()
    eventually(ask, "a session known to both nodes")
    watch.assert_within(BACK_WITHIN_S)


@pytest.mark.parametrize("fault", [FaultyStore.refuse, FaultyStore.hang, FaultyStore.reset])
def test_a_store_that_fails_breaks_what_needs_it_promptly_and_nothing_else(
    lab_on_faulty_store: Lab, faulty: FaultyStore, fault: Callable[[FaultyStore], None]
) -> None:
    """SECURITY, faults."""
    lab = lab_on_faulty_store
    alice = lab.log_in("session", "alice", "wonderland")
    with Crowd(lab, ALL) as crowd:
        crowd.carry_on()
        with crowd.expecting_503_from(*BY_STORE):
            fault(faulty)
            for approach in BY_STORE:
                crowd.wait_for(approach, 503)
            crowd.carry_on()
            faulty.heal()
            wait_until_known(lab, alice)
        crowd.carry_on()
    checked = crowd.check_ledger()
    assert crowd.wrong == []
    assert crowd.count("session", 503) > 0
    assert crowd.count("hybrid", 503) > 0
    assert checked["token", True] > 0


def store(lab: Lab) -> dict[str, Any]:
    """Return what the lab's supervisor says of its store."""
    state: dict[str, Any] = lab.control("GET", "/state")["store"]
    return state


KILLED = {"state": "killed"}
KILLED_AND_STARTED = [("PUT", "/store", KILLED), ("PUT", "/store", {"state": "running"})]
RESTARTED = [("POST", "/store/restart", None)]


@pytest.mark.parametrize("orders", [KILLED_AND_STARTED, RESTARTED], ids=["killed", "restarted"])
def test_a_store_that_restarts_with_its_log_keeps_every_login_and_every_logout(
    lab: Lab, orders: list[tuple[str, str, object]]
) -> None:
    """SECURITY, faults."""
    alice, before = lab.log_in("session", "alice", "wonderland"), store(lab)["pid"]
    with Crowd(lab, ALL) as crowd:
        crowd.carry_on()
        with crowd.expecting_503_from(*BY_STORE):
            for method, path, body in orders:
                lab.control(method, path, body)
                if body == KILLED:
                    crowd.wait_for("session", 503)
            eventually(lambda: store(lab)["state"] == "running" and store(lab)["pid"] != before, "another store")
            wait_until_known(lab, alice)
        crowd.carry_on()
    checked = crowd.check_ledger()
    assert crowd.wrong == []
    assert min(checked["session", True], checked["session", False], checked["hybrid", False]) > 0


def test_the_ledger_notices_what_a_store_forgets(lab: Lab) -> None:
    """Or nothing here would prove anything."""
    with Crowd(lab, BY_STORE) as crowd:
        crowd.carry_on()
        lab.control("POST", "/store/empty")
        crowd.carry_on()
    crowd.check_ledger()
    assert "session: at the end 401 for one that is in" in crowd.wrong
    assert "hybrid: at the end 200 for one that is out" in crowd.wrong


def test_a_full_store_serves_who_is_in_and_says_so_to_who_is_not(lab: Lab) -> None:
    """SECURITY, faults: nobody is evicted."""
    with Crowd(lab, ALL) as crowd:
        crowd.carry_on()
        with crowd.expecting_503_from(*BY_STORE):
            lab.control("PUT", "/store/full", {"full": True})
            eventually(lambda: crowd.statuses["session", "login", 503] > 0, "a refused log-in")
            crowd.carry_on()
            lab.control("PUT", "/store/full", {"full": False})
            eventually(lambda: all(can_log_in(lab) for _ in range(4)), "log-ins by every node")
        crowd.carry_on()
    crowd.check_ledger()
    assert crowd.wrong == []
    assert crowd.statuses["session", "login", 503] > 0
    assert crowd.statuses["session", "profile", 503] == 0
    assert crowd.statuses["hybrid", "profile", 503] == 0


def can_log_in(lab: Lab) -> bool:
    return lab.request("POST", "/session/login", {"username": "alice", "password": "wonderland"})[0] == 200


def test_a_killed_node_loses_nobody_but_those_in_its_memory(lab: Lab) -> None:
    """SECURITY, faults: what is in flight on it is all that can be lost."""
    people = 6
    in_memory = [remembered_by(lab) for _ in range(8)]
    with Crowd(lab, ALL, people) as crowd:
        crowd.carry_on()
        with crowd.losing_a_node(*ALL):
            lab.control("PUT", "/nodes/node-1", {"state": "killed"})
            eventually(lambda: lab.states()["node-1"] == "killed", "the node's end")
            crowd.carry_on()
        lab.control("PUT", "/nodes/node-1", {"state": "running"})
        eventually(lambda: lab.states()["node-1"] == "running", "the node's return")
        crowd.carry_on()
    checked = crowd.check_ledger()
    assert crowd.wrong == []
    assert sum(crowd.count(approach, lost) for approach in ALL for lost in (503, CUT)) <= people
    assert min(checked[approach, True] for approach in ALL) > 0
    for cookie, node in in_memory:
        assert known_in_memory(lab, cookie) == {node: 401 if node == "node-1" else 200, other(node): 401}


def remembered_by(lab: Lab) -> tuple[dict[str, str], str]:
    """Log in by `/memory`; return the cookie and the node that remembers."""
    cookie = lab.log_in("memory", "alice", "wonderland")
    [node] = [node for node, status in known_in_memory(lab, cookie).items() if status == 200]
    return cookie, node


def known_in_memory(lab: Lab, cookie: dict[str, str]) -> dict[str, int]:
    """Return what each node answers to a login of `/memory`."""
    answers: dict[str, int] = {}
    while len(answers) < 2:
        status, headers, _ = lab.request("GET", "/memory/profile", headers=cookie)
        answers[headers["x-node"]] = status
    return answers


def other(node: str) -> str:
    return "node-2" if node == "node-1" else "node-1"


def test_a_locked_member_database_is_a_clear_503_and_leaves_no_half_made_login(lab: Lab) -> None:
    """SECURITY, faults."""
    database = sqlite3.connect(lab.instance / "lab.db", isolation_level=None)
    alice = lab.log_in("token", "alice", "wonderland")
    logins = len(lab.request("GET", "/token/logins", headers=alice)[2])
    with Crowd(lab, ["session"], people=2) as crowd:
        database.execute("BEGIN IMMEDIATE")
        status, headers, body = lab.request("POST", "/token/login", {"username": "alice", "password": "wonderland"})
        assert (status, b"store_unavailable" in body, "retry-after" in headers) == (503, True, True)
        database.execute("ROLLBACK")
    database.close()
    crowd.check_ledger()
    assert crowd.wrong == []
    assert len(lab.request("GET", "/token/logins", headers=alice)[2]) == logins
    lab.log_in("token", "alice", "wonderland")


@pytest.mark.parametrize("damage", [lambda file: file.write_text('{"keys": ['), Path.unlink], ids=["torn", "missing"])
def test_a_damaged_key_ring_leaves_the_last_good_one_in_use(lab: Lab, damage: Callable[[Path], object]) -> None:
    """SECURITY, faults: with an error in the log."""
    ring = lab.instance / "keys.json"
    whole, said = ring.read_bytes(), lab.stderr()
    with Crowd(lab, ["token", "hybrid"], people=4) as crowd:
        crowd.carry_on()
        damage(ring)
        eventually(lambda: complaints(lab, said) == {"node-1", "node-2"}, "a complaint of each node")
        crowd.carry_on()
        ring.write_bytes(whole)
        ring.chmod(0o600)
        crowd.carry_on()
    crowd.check_ledger()
    assert crowd.wrong == []


def complaints(lab: Lab, said: str) -> set[str]:
    """Return which nodes have said something since."""
    return set(re.findall(r"^(node-\d) \| .*", lab.stderr().removeprefix(said), re.MULTILINE))


@pytest.mark.nightly  # without the load: tests/lab/test_nodes.py, in every run
def test_a_supervisor_killed_under_load_leaves_nothing(tmp_path: Path) -> None:
    """SECURITY, faults: no orphan process, and the next start works on the same port."""
    lab = Lab(tmp_path, nodes=2).wait_until_ready()
    with Crowd(lab, ALL) as crowd:
        crowd.carry_on()
        lab.process.kill()
        lab.process.wait(SOON_S)
    lab.assert_nothing_is_left()
    lab.stop()
    again = Lab(tmp_path, port=lab.port, nodes=2).wait_until_ready()
    assert again.stop() == 0
