"""The fault table of docs/security.md over two real nodes, while a crowd logs in, reads and logs out.

After each fault the ledger of everything that was acknowledged is compared with what the lab then knows.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from cluster.embedded_store import EmbeddedStore
from tests.crowd import CUT, Crowd
from tests.faulty_store import FaultyStore
from tests.lab_processes import SOON_S, Lab, eventually

pytestmark = [pytest.mark.own_processes, pytest.mark.xdist_group("faults")]

BY_STORE = ("session", "hybrid")
ALL = ("session", "token", "hybrid")
BACK_WITHIN_S = 2.0
# Nobody is to fall out while the fault comes and goes: the crowd's own requests begin before and end after.
BEFORE_S, DURING_S, AFTER_S = 0.7, 1.2, 0.7


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


def wait_until_known(lab: Lab, who: dict[str, str], since: float) -> None:
    """Return when both nodes know a session again. Fail if that takes too long."""
    known_in_a_row = 0
    while known_in_a_row < 4:
        known_in_a_row = known_in_a_row + 1 if lab.request("GET", "/session/profile", headers=who)[0] == 200 else 0
        assert monotonic() - since < BACK_WITHIN_S


@pytest.mark.parametrize("fault", [FaultyStore.refuse, FaultyStore.hang, FaultyStore.reset])
def test_a_store_that_fails_breaks_what_needs_it_promptly_and_nothing_else(
    lab_on_faulty_store: Lab, faulty: FaultyStore, fault: Callable[[FaultyStore], None]
) -> None:
    """SECURITY, faults."""
    lab = lab_on_faulty_store
    alice = lab.log_in("session", "alice", "wonderland")
    with Crowd(lab, ALL) as crowd:
        sleep(BEFORE_S)
        with crowd.expecting_503_from(*BY_STORE):
            fault(faulty)
            sleep(DURING_S)
            faulty.heal()
            wait_until_known(lab, alice, since=monotonic())
            sleep(0.3)  # a node that was not asked meanwhile finds out at its next request
        sleep(AFTER_S)
    checked = crowd.check_ledger()
    assert crowd.wrong == []
    assert crowd.count("session", 503) > 0
    assert crowd.count("hybrid", 503) > 0
    assert checked["token", True] > 0


KILLED_AND_STARTED = [("PUT", "/store", {"state": "killed"}), ("PUT", "/store", {"state": "running"})]
RESTARTED = [("POST", "/store/restart", None)]


@pytest.mark.parametrize("orders", [KILLED_AND_STARTED, RESTARTED], ids=["killed", "restarted"])
def test_a_store_that_restarts_with_its_log_keeps_every_login_and_every_logout(
    lab: Lab, orders: list[tuple[str, str, object]]
) -> None:
    """SECURITY, faults."""
    alice = lab.log_in("session", "alice", "wonderland")
    with Crowd(lab, ALL) as crowd:
        sleep(BEFORE_S)
        with crowd.expecting_503_from(*BY_STORE):
            for method, path, body in orders:
                lab.control(method, path, body)
                sleep(0.5)
            eventually(lambda: lab.states()["store"] == "running", "the store's return")
            wait_until_known(lab, alice, since=monotonic())
            sleep(0.3)
        sleep(AFTER_S)
    checked = crowd.check_ledger()
    assert crowd.wrong == []
    assert min(checked["session", True], checked["session", False], checked["hybrid", False]) > 0


def test_the_ledger_notices_what_a_store_forgets(lab: Lab) -> None:
    """Or nothing here would prove anything."""
    with Crowd(lab, BY_STORE) as crowd:
        sleep(BEFORE_S)
        lab.control("POST", "/store/empty")
        sleep(BEFORE_S)
    crowd.check_ledger()
    assert "session: at the end 401 for one that is in" in crowd.wrong
    assert "hybrid: at the end 200 for one that is out" in crowd.wrong


def test_a_full_store_serves_who_is_in_and_says_so_to_who_is_not(lab: Lab) -> None:
    """SECURITY, faults: nobody is evicted."""
    with Crowd(lab, ALL) as crowd:
        sleep(BEFORE_S)
        with crowd.expecting_503_from(*BY_STORE):
            lab.control("PUT", "/store/full", {"full": True})
            sleep(DURING_S)
            lab.control("PUT", "/store/full", {"full": False})
            sleep(0.3)
        sleep(AFTER_S)
    crowd.check_ledger()
    assert crowd.wrong == []
    assert crowd.statuses["session", "login", 503] > 0
    assert crowd.statuses["session", "profile", 503] == 0
    assert crowd.statuses["hybrid", "profile", 503] == 0


def test_a_killed_node_loses_nobody_but_those_in_its_memory(lab: Lab) -> None:
    """SECURITY, faults: what is in flight on it is all that can be lost."""
    people = 6
    in_memory = [remembered_by(lab) for _ in range(8)]
    with Crowd(lab, ALL, people) as crowd:
        sleep(BEFORE_S)
        with crowd.losing_a_node(*ALL):
            lab.control("PUT", "/nodes/node-1", {"state": "killed"})
            sleep(DURING_S)
        lab.control("PUT", "/nodes/node-1", {"state": "running"})
        eventually(lambda: lab.states()["node-1"] == "running", "the node's return")
        sleep(AFTER_S)
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
        began = monotonic()
        status, headers, body = lab.request("POST", "/token/login", {"username": "alice", "password": "wonderland"})
        assert (status, b"store_unavailable" in body, "retry-after" in headers) == (503, True, True)
        assert monotonic() - began < 3  # it waits a second for the lock, beside a password check
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
        sleep(BEFORE_S)
        damage(ring)
        sleep(DURING_S + 1)  # the nodes look once a second
        ring.write_bytes(whole)
        ring.chmod(0o600)
        sleep(AFTER_S)
    crowd.check_ledger()
    assert crowd.wrong == []
    complaints = re.findall(r"^(node-\d) \| .*", lab.stderr().removeprefix(said), re.MULTILINE)
    assert set(complaints) == {"node-1", "node-2"}


def test_a_supervisor_killed_under_load_leaves_nothing(tmp_path: Path) -> None:
    """SECURITY, faults: no orphan process, and the next start works on the same port."""
    lab = Lab(tmp_path, nodes=2).wait_until_ready()
    with Crowd(lab, ALL):
        sleep(BEFORE_S)
        lab.process.kill()
        lab.process.wait(SOON_S)
    lab.assert_nothing_is_left()
    lab.stop()
    again = Lab(tmp_path, port=lab.port, nodes=2).wait_until_ready()
    assert again.stop() == 0
