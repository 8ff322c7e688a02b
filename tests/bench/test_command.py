"""The command as it is typed: what it writes, and that it leaves no process, however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import node_peers
from bench.__main__ import main
from bench.arms.arm import NodeApp, PythonApp
from bench.arms.table import ARMS, named
from bench.servers import has_gunicorn, servers_of
from tests.support.aftermath import aftermath
from tests.support.lab_processes import ROOT, descendants
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

TINY = ("--rounds", "1", "--retakes", "0", "--seconds", "0.1", "--in-process-rounds", "2", "--requests", "5")
FEW = ("--only", "bare Flask", "Flask-Session")


def bench(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", *arguments, "--out", str(folder)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    aftermath().ends(process.pid)
    return process


def measured(folder: Path, *arguments: str) -> tuple[str, dict[str, list[dict[str, str]]]]:
    process = bench(folder, *arguments)
    said, _ = process.communicate(timeout=900)
    aftermath().forgets(process.pid)
    assert process.returncode == 0, said
    return said, json.loads((folder / "results.json").read_text())


def test_a_run_writes_every_round_with_its_machine_and_draws_it(tmp_path: Path) -> None:
    said, results = measured(tmp_path, *FEW, *TINY)
    windows = {(window["arm"], window["server"], window["failures"]) for window in results["http"]}
    assert windows == {(arm.name, server.kind, 0) for arm in named(FEW[1:]) for server in servers_of(arm)}
    assert {name: len(taken) for name, taken in results["in_process"]["us"].items()} == dict.fromkeys(FEW[1:], 2)
    assert {"machine", "started", "command", "cores", "options"} <= results.keys()
    absent = "over HTTP: gunicorn is not installed; `make bench` installs it"
    assert results["left_out"] == ([] if has_gunicorn() else [absent])
    assert "| Flask-Session | Granian |" in (tmp_path / "table.md").read_text()
    assert "Over HTTP, 16 connections" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_no_process_and_no_file(tmp_path: Path, number: signal.Signals) -> None:
    process = bench(tmp_path / "results", *FEW, "--seconds", "60")
    eventually(lambda: any("--workers 1" in each.command for each in descendants(process.pid)), "a server runs")
    everything = descendants(process.pid)
    os.kill(process.pid, number)
    said, _ = process.communicate(timeout=60)
    aftermath().forgets(process.pid)
    assert process.returncode == 130
    assert "Stopped. Nothing was written." in said
    assert "Traceback" not in said
    eventually(lambda: not any(is_there(each.pid) for each in everything), "all of it has ended")
    assert not (tmp_path / "results").exists()


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("arguments", "why"), [(("--only", "Flsk"), "there is no arm 'Flsk'"), (("--connections", "x"), "invalid int")]
)
def test_a_wrong_option_is_said_in_a_line(
    arguments: Sequence[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_without_node_js_a_line_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert node_peers.missing(print) == "there is no Node.js"


@pytest.mark.nightly
def test_every_arm_that_can_be_installed_here_is_measured_under_each_of_its_servers(tmp_path: Path) -> None:
    absent = {arm.name for arm in ARMS if isinstance(arm.app, PythonApp) and arm.app.missing()}
    if absent:
        pytest.skip(f"not installed: {', '.join(sorted(absent))}; `make bench` installs them")
    without = {arm.name for arm in ARMS if isinstance(arm.app, NodeApp)} if node_peers.missing(print) else set()
    said, results = measured(tmp_path, *TINY, "--connections", "1", "16")
    expected = {
        (arm.name, server.kind, connections)
        for arm in ARMS
        if arm.name not in without
        for server in servers_of(arm)
        for connections in (1, 16)
    }
    assert {(each["arm"], each["server"], each["connections"]) for each in results["http"]} == expected, said
    assert not any(each["failures"] for each in results["http"])
    assert results["in_process"]["us"].keys() == {arm.name for arm in ARMS if isinstance(arm.app, PythonApp)}
