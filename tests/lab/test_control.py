"""Every switch of a running lab, by the control API and by `python -m cluster`."""

import os
import re
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import psutil
import pytest

from lab.cluster.address import Address
from lab.cluster.client import NoSupervisor, send_command
from lab.cluster.process import Process
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.throughput import WORK_MS, Threads, Throughput
from tests.support.lab_processes import Lab, descendants, process_table
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes


def test_what_a_killed_process_guard_left_behind_is_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process id is free by then: the next look killed whoever had been given it."""
    process, killed = Process("sleeper", ["sleep", "600"]), []
    pid, kill = process.pid, os.killpg
    assert pid is not None
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    monkeypatch.setattr("lab.cluster.process.os.killpg", lambda *how: (killed.append(how), kill(*how)))
    for _ in range(3):
        process.stop()
    assert killed == [(pid, signal.SIGKILL)]


def session_status(lab: Lab, who: dict[str, str]) -> int:
    return lab.request("GET", "/session/profile", headers=who)[0]


def test_the_state_tells_every_process(lab: Lab) -> None:
    before = [node["requests"] for node in lab.control("GET", "/state")["nodes"]]
    for _ in range(4):
        lab.request("GET", "/open/profile")
    served = lambda: [node["requests"] for node in lab.control("GET", "/state")["nodes"]]  # noqa: E731
    eventually(lambda: served() == [count + 2 for count in before], "two requests more at each node")
    state = lab.control("GET", "/state")
    for part in (state["balancer"], *state["nodes"], state["store"]):
        assert part["state"] == "running"
        assert part["pid"] in {process.pid for process in descendants(lab.process.pid)}
        assert part["rss_bytes"] > 1_000_000
        assert part["cpu_percent"] >= 0
        assert part["up_since"] > 1_700_000_000
    assert state["doors"] == {
        "round_robin": f"http://127.0.0.1:{lab.port}",
        "sticky": f"http://127.0.0.1:{lab.sticky_port}",
    }
    assert (state["store"]["embedded"], state["store"]["full"], state["store"]["round_trip_ms"]) == (True, False, 0)


@pytest.mark.parametrize(("fault", "repair"), [("kill", "start"), ("stop", "start"), ("hang", "resume")])
def test_a_store_that_was_away_comes_back_with_every_login(lab: Lab, fault: str, repair: str) -> None:
    """SECURITY, faults: every acknowledged login still in, every acknowledged logout still out."""
    known, ended = lab.log_in("session", "alice", "wonderland"), lab.log_in("session", "alice", "wonderland")
    assert lab.request("POST", "/session/logout", headers=ended)[0] == 204
    assert lab.cluster("store", fault).returncode == 0
    assert session_status(lab, known) == 503
    assert lab.request("GET", "/open/profile")[0] == 200
    assert lab.cluster("store", repair).returncode == 0
    eventually(lambda: session_status(lab, known) == 200, "the login's return")
    while (status := session_status(lab, ended)) == 503:  # the other node finds out at its next try
        sleep(0.05)
    assert status == 401


def test_a_node_whose_process_guard_was_killed_is_not_left_behind_by_a_stop(lab: Lab) -> None:
    guard, _ = lab.guard_and_command("node-2")
    left = {running.pid for running in descendants(guard.pid)}
    os.kill(guard.pid, signal.SIGKILL)
    lab.control("PUT", "/nodes/node-2", {"state": "stopped"})
    eventually(lambda: not left & {running.pid for running in process_table()}, "the end of what it had started")
    assert lab.cluster("node", "start", "node-2").returncode == 0


def test_a_store_that_is_down_cannot_hang(lab: Lab) -> None:
    assert lab.cluster("store", "stop").returncode == 0
    refused = lab.cluster("store", "hang")
    assert (refused.returncode, "start or resume it first" in refused.stderr) == (1, True)
    assert lab.states()["store"] == "stopped"


def test_what_was_stopped_on_purpose_stays_down_and_nobody_complains(lab: Lab) -> None:
    said = lab.stderr()
    assert lab.cluster("node", "stop", "node-2").returncode == 0
    assert lab.cluster("store", "kill").returncode == 0
    assert lab.states() == {"node-1": "running", "node-2": "stopped", "store": "killed"}
    assert re.search(r"^store +running", lab.cluster("store", "start").stdout, re.MULTILINE), "it waits for its start"
    started = lab.cluster("node", "start", "node-2")
    assert (started.returncode, started.stderr) == (0, "")
    assert "has ended by itself" not in lab.stderr().removeprefix(said)


def test_a_store_restart_in_order_loses_nobody(lab: Lab) -> None:
    known = lab.log_in("session", "alice", "wonderland")
    pid = lab.control("GET", "/state")["store"]["pid"]
    assert lab.cluster("store", "restart").returncode == 0
    eventually(lambda: session_status(lab, known) == 200, "the login's return")
    state = lab.control("GET", "/state")["store"]
    assert (state["pid"] != pid, state["restarts"]) == (True, 0)


def test_an_emptied_store_logs_out_sessions_and_no_tokens(lab: Lab) -> None:
    session, token = lab.log_in("session", "alice", "wonderland"), lab.log_in("token", "alice", "wonderland")
    eventually(lambda: lab.control("GET", "/state")["store"]["keys"] > 0, "a look at the store after the log-in")
    assert lab.cluster("store", "empty").returncode == 0
    assert lab.control("GET", "/state")["store"]["keys"] == 0
    assert session_status(lab, session) == 401
    assert lab.request("GET", "/token/profile", headers=token)[0] == 200


def test_a_full_store_serves_who_is_in_and_admits_nobody(lab: Lab) -> None:
    known = lab.log_in("session", "alice", "wonderland")
    assert "refuses every write" in lab.cluster("store", "fill").stdout
    assert session_status(lab, known) == 200
    credentials = {"username": "bob", "password": "builder"}
    status, _, body = lab.request("POST", "/session/login", credentials)
    assert (status, b"full" in body) == (503, True)
    assert lab.cluster("store", "free").returncode == 0
    assert lab.request("POST", "/session/login", credentials)[0] == 200


def test_a_round_trip_is_felt_by_what_asks_the_store_and_gone_when_it_is_off(lab: Lab) -> None:
    """Not one request fails while the way changes."""
    known = lab.log_in("session", "alice", "wonderland")

    def fastest_ms(path: str) -> float:
        times = []
        for _ in range(8):
            began = perf_counter()
            assert lab.request("GET", path, headers=known)[0] == 200
            times.append(1000 * (perf_counter() - began))
        return min(times)

    assert "replies take 20 ms more" in lab.cluster("store", "round-trip", "20").stdout
    assert fastest_ms("/session/profile") >= 20
    assert fastest_ms("/open/profile") < 20
    lab.control("PUT", "/store/round-trip", {"ms": 40})
    assert fastest_ms("/session/profile") >= 40
    assert lab.cluster("store", "round-trip", "0").returncode == 0
    assert fastest_ms("/session/profile") < 20
    assert lab.control("GET", "/state")["store"]["round_trip_ms"] == 0


def test_a_store_restarts_at_the_far_end_of_a_long_way(lab: Lab) -> None:
    known = lab.log_in("session", "alice", "wonderland")
    assert lab.cluster("store", "round-trip", "5").returncode == 0
    assert lab.cluster("store", "restart").returncode == 0
    eventually(lambda: session_status(lab, known) == 200, "the login's return")
    assert lab.cluster("store", "round-trip", "0").returncode == 0
    assert session_status(lab, known) == 200


def settle(lab: Lab, path: str, **wanted: object) -> None:
    """Send a command for a node, and wait until it has taken effect."""
    lab.control("PUT", f"/nodes/{path}", wanted)
    eventually(lambda: set(lab.states().values()) <= {"running", "stopped", "killed"}, "its effect")


def request_threads(lab: Lab, name: str) -> int:
    """Count the threads that answer requests: Granian's runtime starts and names them, and Python starts the others."""
    [worker] = psutil.Process(lab.guard_and_command(name)[1].pid).children()
    names = [Path(f"/proc/{worker.pid}/task/{thread.id}/comm").read_text().strip() for thread in worker.threads()]
    return names.count("tokio-rt-worker")


def wait_for_threads(lab: Lab, name: str, threads: int) -> None:
    """Wait until requests at the same time have made the only running node start so many threads, and no more.

    Its server starts a thread when it is needed first.
    """

    def keep_busy() -> bool:
        with ThreadPoolExecutor(12) as clients:
            asked = [clients.submit(lab.request, "GET", "/open/profile?work_ms=100") for _ in range(24)]
        assert {request.result()[0] for request in asked} == {200}
        assert request_threads(lab, name) <= threads
        return request_threads(lab, name) == threads

    eventually(keep_busy, f"{threads} busy threads")


def test_a_node_that_is_scaled_up_restarts_with_more_threads_and_loses_what_lived_in_its_memory(lab: Lab) -> None:
    known = {approach: lab.log_in(approach, "alice", "wonderland") for approach in ("session", "token", "hybrid")}
    memories = [lab.log_in("memory", "alice", "wonderland") for _ in range(2)]  # one on each node
    before = lab.control("GET", "/state")["nodes"]
    assert lab.cluster("node", "threads", "node-1", "8").returncode == 0
    after = lab.control("GET", "/state")["nodes"]
    assert [node["threads"] for node in after] == [8, 2]
    assert [node["pid"] == old["pid"] for node, old in zip(after, before, strict=True)] == [False, True]
    assert [node["restarts"] for node in after] == [old["restarts"] for old in before], "none ended by itself"
    for approach, who in known.items():
        assert [lab.request("GET", f"/{approach}/profile", headers=who)[0] for _ in range(4)] == [200] * 4
    seen = {lab.request("GET", "/memory/profile", headers=who)[0:1] for who in memories for _ in range(2)}
    assert seen == {(200,), (401,)}, "the other node still knows its own"


def test_a_second_order_for_the_same_threads_restarts_nothing(lab: Lab) -> None:
    """The balancer may send an order again, when the node that passed it on was restarted by it."""
    pid = lab.control("GET", "/state")["nodes"][0]["pid"]
    state = lab.control("PUT", "/nodes/node-1/threads", {"threads": 2})
    assert (state["nodes"][0]["pid"], state["nodes"][0]["state"]) == (pid, "running")


def test_a_node_that_was_stopped_starts_when_it_is_scaled_up_and_keeps_its_threads_after_a_crash(lab: Lab) -> None:
    settle(lab, "node-2", state="stopped")
    settle(lab, "node-2/threads", threads=4)
    assert lab.states()["node-2"] == "running"
    settle(lab, "node-2", state="killed")
    settle(lab, "node-2", state="running")
    settle(lab, "node-1", state="stopped")
    assert lab.control("GET", "/state")["nodes"][1]["threads"] == 4
    wait_for_threads(lab, "node-2", 4)


def measured_by(lab: Lab, running: Callable[[], Threads], lasts_s: float) -> Throughput:
    return Throughput(Address("127.0.0.1", lab.port), running, lasts_s)


def wait_for_its_end(throughput: Throughput) -> dict[str, Any]:
    eventually(lambda: not throughput.state()["measuring"], "the end of the measurement")
    return throughput.state()


def test_what_the_running_nodes_serve_is_measured_and_kept_by_their_threads(lab: Lab) -> None:
    def running() -> Threads:
        return tuple(node["threads"] for node in lab.control("GET", "/state")["nodes"] if node["state"] == "running")

    throughput = measured_by(lab, running, lasts_s=0.2)
    throughput.start()
    assert [reading["threads"] for reading in wait_for_its_end(throughput)["readings"]] == [[2, 2]]
    settle(lab, "node-2", state="stopped")
    throughput.start()
    readings = wait_for_its_end(throughput)["readings"]
    assert [(reading["threads"], reading["failed"]) for reading in readings] == [([2], 0), ([2, 2], 0)]
    for reading in readings:  # a thread serves a page in 10 ms, and three may be under way when the count begins
        assert 0 < reading["rps"] <= sum(reading["threads"]) * (1000 / WORK_MS + 3 / 0.2)


def test_a_second_measurement_is_refused_and_that_of_nodes_that_changed_is_discarded(lab: Lab) -> None:
    running: Iterator[Threads] = iter([(2, 2), (2, 2), (2,)])  # at the start, at the refused one, and at the end
    throughput = measured_by(lab, lambda: next(running), lasts_s=600)
    throughput.start()
    with pytest.raises(RefusedCommand, match="in progress"):
        throughput.start()
    throughput.end()
    assert wait_for_its_end(throughput) == {"measuring": False, "discarded": True, "readings": []}


def test_where_no_node_runs_nothing_is_measured(lab: Lab) -> None:
    with pytest.raises(RefusedCommand, match="no node is running"):
        measured_by(lab, tuple, lasts_s=0.2).start()


def test_an_added_node_serves(tmp_path: Path) -> None:
    with Lab(tmp_path, nodes=2) as lab:
        assert lab.cluster("node", "add").returncode == 0
        seen = lambda: {lab.request("GET", "/open/profile")[1]["x-node"] for _ in range(6)}  # noqa: E731
        eventually(lambda: seen() == {"node-1", "node-2", "node-3"}, "an answer from each node")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/nodes/node-99", {"state": "killed"}, 404, "unknown_node"),
        ("PUT", "/nodes/node-1", {"state": "hanging"}, 400, "bad_request"),
        ("PUT", "/nodes/node-1", {"state": ["killed"]}, 400, "bad_request"),
        ("PUT", "/nodes/node-1", {}, 400, "bad_request"),
        ("PUT", "/nodes/node-1", None, 400, "bad_request"),
        ("PUT", "/nodes/node-99/threads", {"threads": 4}, 404, "unknown_node"),
        ("PUT", "/nodes/node-1/threads", {"threads": 3}, 400, "bad_request"),
        ("PUT", "/nodes/node-1/threads", {"threads": True}, 400, "bad_request"),
        ("PUT", "/nodes/node-1/threads", {"threads": "4"}, 400, "bad_request"),
        ("PUT", "/nodes/node-1/threads", {"state": "running"}, 400, "bad_request"),
        ("PUT", "/store", {"state": "gone"}, 400, "bad_request"),
        ("PUT", "/store/round-trip", {"ms": -1}, 400, "bad_request"),
        ("PUT", "/store/round-trip", {"ms": 51}, 400, "bad_request"),
        ("PUT", "/store/round-trip", {"ms": float("nan")}, 400, "bad_request"),
        ("PUT", "/store/round-trip", {"ms": True}, 400, "bad_request"),
        ("PUT", "/store/full", {"full": 1}, 400, "bad_request"),
        ("GET", "/nowhere", None, 404, "bad_request"),
        ("DELETE", "/store", None, 405, "bad_request"),
    ],
)
def test_a_bad_order_is_refused_by_name_and_changes_nothing(
    lab: Lab, method: str, path: str, body: dict[str, object] | None, status: int, code: str
) -> None:
    before = lab.states()
    with pytest.raises(RefusedCommand) as refused:
        lab.control(method, path, body)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.detail
    assert lab.states() == before


@pytest.mark.parametrize("path", ["/store/empty", "/store/full", "/store/round-trip"])
def test_what_needs_a_store_that_answers_is_refused_without_one(lab: Lab, path: str) -> None:
    lab.control("PUT", "/store", {"state": "killed"})
    eventually(lambda: lab.states()["store"] == "killed", "the end of the store")
    with pytest.raises(RefusedCommand) as refused:
        lab.control("POST" if path == "/store/empty" else "PUT", path, {"full": True, "ms": 5})
    assert (refused.value.status, refused.value.code) == (409, "not_running")


def test_only_its_own_user_reaches_the_control_socket(lab: Lab) -> None:
    socket = Path((lab.instance / "control.path").read_text())
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert lab.request("GET", "/state")[0] == 404, "and no door of the balancer leads there"


def test_a_command_says_in_one_line_what_is_wrong(lab: Lab, tmp_path: Path) -> None:
    refused = lab.cluster("node", "kill", "node-99")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: no node has this name; the nodes are node-1, node-2")
    with pytest.raises(NoSupervisor):
        send_command(tmp_path / "nobody", "GET", "/state")


def test_without_a_lab_the_command_says_so(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lab.env, "INSTANCE_DIR", str(tmp_path))
    alone = lab.cluster("state")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert alone.stderr == "Error: no lab runs here; start one with `python app.py`, or set INSTANCE_DIR\n"
