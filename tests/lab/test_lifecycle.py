"""The lab as people run it: a process that starts others, and leaves none behind however it ends."""

import http.client
import json
import os
import re
import signal
import socket
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lab.cluster.discovery import write_discovery_file
from tests.support.lab_processes import SOON_S, Lab, descendants, process_table
from tests.support.ports import free_port
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

ENDED = "app.py: node-1 has ended by itself (exit code "
StartLab = Callable[..., Lab]


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[StartLab]:
    """Start labs that share one instance folder, and end them after the test."""
    labs: list[Lab] = []

    def start(port: int | None = None, nodes: int = 1, **env: str) -> Lab:
        labs.append(Lab(tmp_path, port=port, nodes=nodes, **env))
        return labs[-1].wait_until_ready()

    yield start
    for lab in labs:
        lab.stop()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for tests that leave it running."""
    lab = Lab(tmp_path_factory.mktemp("lab")).wait_until_ready()
    yield lab
    assert lab.stop() == 0


def test_ctrl_c_answers_what_is_in_flight_ends_everything_and_the_next_start_works(start_lab: StartLab) -> None:
    lab = start_lab()
    with lab.requests_in_flight() as statuses:
        assert lab.end_with(signal.SIGINT) == 0
    assert (statuses, lab.stderr(), lab.store_url()) == ([200], "", None)
    lab.assert_nothing_is_left()

    again = start_lab(lab.port)
    assert again.end_with(signal.SIGTERM) == 0
    again.assert_nothing_is_left()


@pytest.mark.nightly  # two nodes and more that can be left behind: tests/lab/test_nodes.py, in every run
def test_a_killed_supervisor_takes_everything_along_and_the_next_start_works(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.process.kill()
    lab.process.wait(SOON_S)
    lab.assert_nothing_is_left()
    assert lab.store_url() is not None

    again = start_lab(lab.port)
    assert again.end_with(signal.SIGHUP) == 0
    again.assert_nothing_is_left()
    assert (again.stderr(), again.store_url()) == ("", None)


def test_a_node_that_dies_by_itself_is_started_again_and_said_so(start_lab: StartLab) -> None:
    """Whichever of its processes it is that dies."""
    lab = start_lab(LAB="0")
    for deaths, victim in enumerate(["guard", "server", "worker"], start=1):
        lab.started = descendants(lab.process.pid)
        guard, server = lab.guard_and_command("node-1")
        os.kill({"guard": guard, "server": server, "worker": lab.child_of(server)}[victim].pid, signal.SIGKILL)
        eventually(lambda deaths=deaths: lab.stderr().count(ENDED) == deaths, f"a line about the {victim}")
        eventually(lambda: lab.states()["node-1"] == "running" and lab.is_ready(), "the node's return")
        assert lab.control("GET", "/state")["nodes"][0]["restarts"] == deaths
        left = [gone for gone in lab.started if gone in (guard, server)]
        eventually(lambda left=left: not {gone.pid for gone in left} & pids(), f"the end of {left}")
    assert "Traceback" not in lab.stderr()
    lab.started += descendants(lab.process.pid)
    assert lab.end_with(signal.SIGINT) == 0
    lab.assert_nothing_is_left()


def pids() -> set[int]:
    return {process.pid for process in process_table()}


def test_a_store_that_dies_by_itself_comes_back_with_every_login(start_lab: StartLab) -> None:
    """SECURITY, faults: meanwhile it stops only what needs it."""
    lab = start_lab(LAB="0")
    assert [lab.request("GET", f"/{name}/profile")[0] for name in ("open", "memory", "hybrid")] == [404, 404, 404]
    assert lab.request("POST", "/token/login", {"username": "alice", "password": "wonderland"})[0] == 401
    password = "correct horse battery"
    assert lab.flask("members", "add", "dave", typed=f"{password}\n").returncode == 0
    by_session, by_token = (lab.log_in(approach, "dave", password) for approach in ("session", "token"))
    _, headers, _ = lab.request("GET", "/token/profile", headers={**by_token, "X-Lab-Trace": "1"})
    assert not [name for name in headers if "trace" in name]

    os.kill(lab.guard_and_command("store")[1].pid, signal.SIGKILL)
    statuses = {lab.request("GET", "/session/profile", headers=by_session)[0]}
    assert lab.request("GET", "/token/profile", headers=by_token)[0] == 200

    def is_back() -> bool:
        statuses.add(lab.request("GET", "/session/profile", headers=by_session)[0])
        return 200 in statuses

    eventually(is_back, "the session's return")
    assert statuses == {503, 200}
    lab.started += descendants(lab.process.pid)
    assert lab.end_with(signal.SIGINT) == 0
    assert re.findall("app.py: .*", lab.stderr()) == [
        "app.py: store has ended by itself (exit code 137); it starts again in 0.5 s"
    ]
    lab.assert_nothing_is_left()


def test_a_member_disabled_beside_a_running_lab_is_out_at_once(lab: Lab) -> None:
    logins = {approach: lab.log_in(approach, "alice", "wonderland") for approach in ("session", "hybrid")}
    profile = lambda: {name: lab.request("GET", f"/{name}/profile", headers=logins[name])[0] for name in logins}  # noqa: E731
    assert profile() == {"session": 200, "hybrid": 200}
    disabled = lab.flask("members", "disable", "alice")
    assert disabled.returncode == 0, disabled.stderr
    assert disabled.stdout.startswith("disabled alice; their sessions and refresh tokens have ended")
    assert profile() == {"session": 401, "hybrid": 401}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells another process's umask")
def test_every_process_of_a_lab_makes_files_that_are_its_owners_alone(lab: Lab) -> None:
    told = {each.command: Path(f"/proc/{each.pid}/status").read_text() for each in descendants(lab.process.pid)}
    assert len(told) > lab.nodes
    assert [command for command, status in told.items() if "Umask:\t0077" not in status] == []


def test_a_key_rotated_beside_a_running_lab_signs_its_next_token(lab: Lab) -> None:
    rotated = lab.flask("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    [kid] = re.findall(r"(\S+) .* active", rotated.stdout)

    def signs() -> bool:
        token = lab.log_in("token", "bob", "builder")["Authorization"].removeprefix("Bearer ")
        header = token.split(".")[0]
        return bool(json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"] == kid)

    eventually(signs, "a token signed by the new key")


@pytest.mark.parametrize("size", [300_000, 1_000_000])
def test_large_headers_are_refused(lab: Lab, size: int) -> None:
    assert lab.request("GET", "/open/profile", headers={"X-Large": "x" * size})[0] == 431


@pytest.mark.parametrize("path", ["/session/login", "/token/login", "/token/refresh", "/open/profile"])
def test_a_large_body_is_refused_before_it_is_read(lab: Lab, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", lab.port, timeout=SOON_S)) as connection:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "10000000")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_two_labs_run_side_by_side_and_each_withdraws_only_its_own_store(lab: Lab) -> None:
    published = lab.store_url()
    second = Lab(lab.folder).wait_until_ready()
    assert second.store_url() not in (None, published)
    assert [each.request("GET", "/readyz")[0] for each in (lab, second)] == [200, 200]
    write_discovery_file(published or "", lab.instance / "store.url")  # as if ours had started after it
    assert second.end_with(signal.SIGINT) == 0
    assert lab.store_url() == published


def test_a_taken_port_is_said_in_one_line(lab: Lab) -> None:
    with free_address_taken() as port:
        refused = lab.run("--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"app.py: cannot listen on 127.0.0.1:{port} (Address already in use); --host and --port choose another\n"
    )


@contextmanager
def free_address_taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_missing_store_is_said_in_one_line_without_its_password(lab: Lab) -> None:
    port = free_port()
    refused = lab.run(REDIS_URL=f"redis://:secret@127.0.0.1:{port}/0")
    assert refused.returncode == 1
    assert refused.stderr == f"app.py: REDIS_URL: no store answers at 127.0.0.1:{port} (ConnectionError)\n"


def test_a_store_that_wants_another_password_is_said_in_one_line(lab: Lab) -> None:
    where = (lab.store_url() or "").rpartition("@")[2]
    refused = lab.run(REDIS_URL=f"redis://:guess@{where}")
    assert refused.returncode == 1
    assert refused.stderr == f"app.py: REDIS_URL: the store at {where.partition('/')[0]} requires another password\n"


def test_a_bad_setting_ends_a_flask_command_with_one_line(lab: Lab) -> None:
    refused = lab.flask("keys", "list", SESSION_IDLE_S="soon", ACCESS_TTL_S="0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: SESSION_IDLE_S must be a whole number from 1 to 2592000; "
        "ACCESS_TTL_S must be a whole number from 1 to 86400\n"
    )
