"""Two nodes behind the balancer, as `python app.py --nodes 2` starts them."""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support.lab_processes import SOON_S, Lab, descendants
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

LOGINS = ("memory", "session", "token", "hybrid")


def answers(lab: Lab, path: str, times: int, port: int | None = None, **headers: str) -> Counter[tuple[str, int]]:
    """Return which node answered how, and how often."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    seen: Counter[tuple[str, int]] = Counter()
    for _ in range(times):
        status, said, _ = lab.request("GET", path, headers=named, port=port)
        seen[said.get("x-node", "nobody"), status] += 1
    return seen


def test_the_asked_port_is_round_robin_and_each_node_does_its_share(lab: Lab) -> None:
    assert answers(lab, "/open/profile", 20) == {("node-1", 200): 10, ("node-2", 200): 10}


def test_the_sticky_door_leads_back_to_the_same_node(lab: Lab) -> None:
    _, headers, _ = lab.request("GET", "/open/profile", port=lab.sticky_port)
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"httponly", "path=/", "samesite=lax"} <= {attribute.lower() for attribute in attributes}
    assert answers(lab, "/open/profile", 6, lab.sticky_port, Cookie=cookie) == {(headers["x-node"], 200): 6}
    assert answers(lab, "/open/profile", 6, Cookie=cookie, X_Lab_Door="sticky") == {(headers["x-node"], 200): 6}
    assert len(answers(lab, "/open/profile", 6, Cookie=cookie)) == 2


def test_memory_breaks_behind_round_robin_and_the_others_do_not(lab: Lab) -> None:
    known = {}
    for approach in LOGINS:
        who = lab.log_in(approach, "alice", "wonderland")
        seen = answers(lab, f"/{approach}/profile", 10, **{key.replace("-", "_"): value for key, value in who.items()})
        known[approach] = sorted(seen.items())
    by_all = [(("node-1", 200), 5), (("node-2", 200), 5)]
    assert {approach: known[approach] for approach in LOGINS[1:]} == dict.fromkeys(LOGINS[1:], by_all)
    assert known["memory"] in (
        [(("node-1", 200), 5), (("node-2", 401), 5)],
        [(("node-1", 401), 5), (("node-2", 200), 5)],
    )


def test_a_forged_client_address_is_overwritten(lab: Lab) -> None:
    """SECURITY 18: only the balancer says who the client is."""
    body = {"username": "nobody", "password": "wrong"}
    tries = [
        lab.request("POST", "/session/login", {**body, "username": f"nobody-{n}"}, {"X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(11)
    ]
    assert [status for status, _, _ in tries] == [401] * 10 + [429]
    lab.control("POST", "/store/empty")  # and with it the counted failures
    for number in range(2):  # each node counted some of them for itself only if the store was away
        assert lab.request("POST", "/session/login", {**body, "username": f"{number}"})[0] == 401


def test_a_large_trace_and_large_headers_pass(lab: Lab) -> None:
    status, headers, _ = lab.request("GET", "/open/profile", headers={"X-Lab-Trace": "1", "X-Large": "x" * 30_000})
    assert status == 200
    assert "x-lab-trace" in headers


@pytest.mark.parametrize(
    ("headers", "body", "status"), [({}, "x" * 1_100_000, 413), ({"X-Large": "x" * 70_000}, None, 431)]
)
def test_what_is_too_large_is_refused_as_the_lab_refuses(
    lab: Lab, headers: dict[str, str], body: str | None, status: int
) -> None:
    """SECURITY 21."""
    refused, said, problem = lab.request("POST", "/session/login", body, headers)
    assert (refused, said["content-type"], "retry-after" in said) == (status, "application/problem+json", False)
    assert json.loads(problem)["code"] == "bad_request"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/%00", 400), ("/../x", 400), ("/a%2f..%2f..%2fkeys.json", 400), ("/%zz", 400), ("/" + "x" * 70_000, 431)],
)
def test_an_address_that_cannot_be_read_is_refused_as_the_lab_refuses(lab: Lab, path: str, status: int) -> None:
    """SECURITY 21. It was a 500 in the balancer's own words."""
    refused, said, problem = lab.request("GET", path)
    assert (refused, said["content-type"]) == (status, "application/problem+json")
    assert said["x-content-type-options"] == "nosniff"
    assert json.loads(problem)["code"] == "bad_request"


def test_a_killed_node_loses_only_what_lived_in_it(lab: Lab) -> None:
    """SECURITY, faults: the balancer passes on."""
    known = {approach: lab.log_in(approach, "alice", "wonderland") for approach in LOGINS[1:]}
    lab.control("PUT", "/nodes/node-1", {"state": "killed"})
    try:
        for approach, who in known.items():
            headers = {key.replace("-", "_"): value for key, value in who.items()}
            assert answers(lab, f"/{approach}/profile", 10, **headers) == {("node-2", 200): 10}
    finally:
        lab.control("PUT", "/nodes/node-1", {"state": "running"})
        eventually(lambda: set(lab.states().values()) == {"running"}, "the node's return")
    eventually(lambda: len(answers(lab, "/open/profile", 4)) == 2, "requests to both nodes")


def test_a_read_in_flight_on_a_dying_node_is_passed_on(lab: Lab) -> None:
    with lab.requests_in_flight(2) as statuses:
        lab.control("PUT", "/nodes/node-2", {"state": "killed"})
    assert statuses == [200, 200]


def test_unexpected_bodies_take_no_node_out(lab: Lab) -> None:
    """A node that answered before it had read them was marked as down, and other clients got 503."""
    sizes, refused = iter([70_000, 900_000, 60_000, 64_000] * 8), Counter[int]()

    def send() -> None:
        for size in sizes:
            body = "x" * size
            refused[lab.request("POST", "/nowhere", body)[0]] += 1
            refused[lab.request("POST", "/session/notes", {"text": body})[0]] += 1

    senders = [Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    visits = Counter[int]()
    while any(sender.is_alive() for sender in senders):
        visits[lab.request("GET", "/open/profile")[0]] += 1
    assert set(visits) == {200}
    assert set(refused) == {401, 404, 413}


def test_when_no_node_answers_the_balancer_says_so_as_the_lab_does(lab: Lab) -> None:
    for name in ("node-1", "node-2"):
        lab.control("PUT", f"/nodes/{name}", {"state": "killed"})
    try:
        status, headers, body = lab.request("GET", "/open/profile")
        assert (status, headers["content-type"], headers["retry-after"]) == (503, "application/problem+json", "1")
        assert b'"code":"no_node"' in body
    finally:
        for name in ("node-1", "node-2"):
            lab.control("PUT", f"/nodes/{name}", {"state": "running"})
        eventually(lambda: set(lab.states().values()) == {"running"}, "the nodes' return")
    eventually(lambda: len(answers(lab, "/open/profile", 4)) == 2, "requests to both nodes")


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab to be ended by the test."""
    lab = Lab(tmp_path, nodes=2).wait_until_ready()
    yield lab
    lab.stop()


def test_ctrl_c_answers_what_is_in_flight_and_leaves_nothing(own_lab: Lab) -> None:
    with own_lab.requests_in_flight() as statuses:
        assert own_lab.end_with(signal.SIGINT) == 0
    assert (statuses, own_lab.stderr()) == ([200], "")
    own_lab.assert_nothing_is_left()
    assert not list(own_lab.instance.glob("*.path"))


def test_a_killed_supervisor_takes_everything_along_and_the_next_start_works(own_lab: Lab) -> None:
    """SECURITY, faults."""
    own_lab.control("PUT", "/nodes/node-2", {"state": "killed"})
    own_lab.control("PUT", "/store", {"state": "hanging"})
    own_lab.process.kill()
    own_lab.process.wait(SOON_S)
    own_lab.assert_nothing_is_left()
    again = Lab(own_lab.folder, port=own_lab.port, nodes=2).wait_until_ready()
    assert again.end_with(signal.SIGHUP) == 0
    assert again.stderr() == ""
    again.assert_nothing_is_left()
    again.stop()


def test_what_dies_by_itself_is_started_again_while_the_others_serve(lab: Lab) -> None:
    stop, statuses, said = Event(), Counter[int](), lab.stderr()

    def visit() -> None:
        while not stop.is_set():
            statuses[lab.request("GET", "/open/profile")[0]] += 1

    visits = Thread(target=visit)
    visits.start()
    for name in ("node-1", "balancer"):
        _, command = lab.guard_and_command(name)
        if name == "balancer":
            stop.set()
            visits.join(SOON_S)
        os.kill(command.pid, signal.SIGKILL)
        line = f"app.py: {name} has ended by itself (exit code 137); it starts again in 0.5 s\n"
        eventually(lambda line=line: line in lab.stderr().removeprefix(said), f"a line about {name}")
        eventually(lambda: set(lab.states().values()) == {"running"} and lab.is_ready(), "its return")
    assert set(statuses) == {200}


def test_a_node_that_cannot_start_ends_the_start_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Its server is told nonsense by a variable of its own."""
    lab = Lab(tmp_path, nodes=2, GRANIAN_BACKPRESSURE="much")
    assert lab.process.wait(SOON_S) == 1
    assert re.search(r"^app.py: node-\d ended while it started \(exit code \d+\)", lab.stderr(), re.MULTILINE)
    assert re.search(r"^node-\d \| ", lab.stderr(), re.MULTILINE), "each line names its process"
    assert "Ready" not in lab.stdout()
    lab.assert_nothing_is_left()
    lab.stop()


def test_nodes_start_as_commands_when_the_forking_process_is_gone(own_lab: Lab) -> None:
    assert own_lab.guard_and_command("node-1")[1].command == "session-or-token node-1", "as `ps` shows it"
    forking = {own_lab.guard_and_command(name)[0].parent for name in ("node-1", "node-2")}
    assert own_lab.process.pid not in forking
    os.kill(forking.pop(), signal.SIGKILL)
    assert not forking
    for state in ("killed", "running"):
        own_lab.control("PUT", "/nodes/node-1", {"state": state})
        eventually(lambda state=state: own_lab.states()["node-1"] == state, f"a node that is {state}")
    assert "lab.cluster.process_guard node-1" in own_lab.guard_and_command("node-1")[0].command
    assert len(answers(own_lab, "/open/profile", 4)) == 2
    own_lab.started += descendants(own_lab.process.pid)
    assert own_lab.end_with(signal.SIGINT) == 0
    own_lab.assert_nothing_is_left()


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_a_forking_process_that_hangs_or_was_killed_does_not_hold_up_the_end(
    own_lab: Lab, fault: signal.Signals
) -> None:
    os.kill(next(running.parent for running in own_lab.started if "process_guard node-1" in running.command), fault)
    assert own_lab.end_with(signal.SIGINT) == 0
    assert own_lab.stderr() == ""
    own_lab.assert_nothing_is_left()


def test_a_taken_port_leads_the_sticky_door_on_to_the_next(lab: Lab, tmp_path: Path) -> None:
    """The port after the asked one may be anybody's."""
    assert lab.sticky_port > lab.port
    refused = lab.run("--port", str(lab.sticky_port), "--nodes", "2")
    assert (refused.returncode, refused.stderr.startswith("app.py: cannot listen on")) == (1, True)
