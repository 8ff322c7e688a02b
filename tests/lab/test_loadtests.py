"""A load test ordered from the lab: one at a time, stopped cleanly, its files handed out and nothing else."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from lab.cluster.loadtest import EXPERIMENTS, Loadtest
from lab.cluster.refused_command import RefusedCommand
from lab.pages.loadtests.routes import EXPERIMENTS as ON_THE_PAGE
from lab.pages.loadtests.runs import own_runs
from loadtests.experiments import BY_NAME
from loadtests.results import read_results
from tests.conftest import MakeApp
from tests.support.lab_processes import Lab, descendants
from tests.support.problems import assert_problem
from tests.support.stopwatch import eventually

NAME = "lookup-cost-20261125-010203"
QUICK = {"experiment": "lookup-cost", "quick": True}


def test_the_page_the_supervisor_and_the_command_know_the_same_experiments() -> None:
    assert set(EXPERIMENTS) == set(BY_NAME) == set(ON_THE_PAGE)
    assert {name: str(BY_NAME[name].question) for name in BY_NAME} == {
        name: str(question) for name, question in ON_THE_PAGE.items()
    }


@pytest.fixture
def run(make_app: MakeApp, tmp_path: Path) -> tuple[Flask, Path]:
    """An app whose instance folder holds one run."""
    folder = tmp_path / "instance" / "loadtests" / NAME
    folder.mkdir(parents=True)
    said = {"en": {"answer": "", "reasons": []}}
    results = {
        "experiment": "lookup-cost",
        "started": "2026-11-25T01:02:03+00:00",
        "publishable": True,
        "said": said,
        "arms": [],
    }
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "report.html").write_text("<script>1</script>")
    (folder / "secret.txt").write_text("not for anybody")
    return make_app(control_socket="/nowhere", instance_dir=tmp_path / "instance"), folder


def test_a_report_is_handed_out_in_a_sandbox(run: tuple[Flask, Path]) -> None:
    """SECURITY 19: it carries scripts of its own, which must reach nothing of the lab."""
    report = run[0].test_client().get(f"/loadtests/{NAME}/report.html")
    assert report.status_code == 200
    policy = report.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-downloads;")  # its charts can be saved
    assert "allow-same-origin" not in policy
    data = run[0].test_client().get(f"/loadtests/{NAME}/results.json")
    assert "sandbox" not in data.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        f"{NAME}/secret.txt",
        f"{NAME}/nothing.csv",
        "lookup-cost-20990101-000000/report.html",
        "..%2f..%2fetc/report.html",
        "%2e%2e/keys.json",
    ],
)
def test_nothing_else_is_handed_out(run: tuple[Flask, Path], path: str) -> None:
    """SECURITY 21."""
    assert run[0].test_client().get(f"/loadtests/{path}").status_code == 404


def test_what_a_run_did_not_leave_itself_is_neither_listed_nor_handed_out(run: tuple[Flask, Path]) -> None:
    """SECURITY 21: a folder that somebody has unpacked there may hold anything."""
    app, folder = run
    runs = folder.parent
    (runs / "keys.json").write_text("signing keys")
    (folder / "windows.jsonl").symlink_to(runs / "keys.json")
    os.mkfifo(folder / "arms.csv")
    (runs / "memory-20260101-000000").symlink_to(folder)
    contents: dict[str, str | bytes] = {
        "memory-20260101-000001": b"\xff",
        "memory-20260101-000002": "[" * 200_000,
        "memory-20260101-000003": '{"experiment": NaN}',
        "memory-20260101-000004": '{"experiment": "x", "started": "", "publishable": true, "said": {"en": 1}}',
    }
    for name, content in contents.items():
        (runs / name).mkdir()
        (runs / name / "results.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    os.mkfifo(runs / "memory-20260101-000004" / "report.html")
    client = app.test_client()
    for path in (f"{NAME}/windows.jsonl", f"{NAME}/arms.csv", "memory-20260101-000000/report.html"):
        assert client.get(f"/loadtests/{path}").status_code == 404
    assert [listed.name for listed in own_runs(runs)] == [NAME]


@pytest.mark.own_processes
def test_two_runs_are_compared_only_if_there_are_two(run: tuple[Flask, Path]) -> None:
    client = run[0].test_client()
    for query in ("", f"?first={NAME}", f"?first={NAME}&second=../../x"):
        assert client.get(f"/lab/load-tests/compare{query}").status_code == 404
    nothing_measured = client.get(f"/lab/load-tests/compare?first={NAME}&second={NAME}")
    assert (nothing_measured.status_code, nothing_measured.get_json()["code"]) == (400, "bad_request")


def test_a_node_compares_for_one_visitor_at_a_time_and_says_so(
    run: tuple[Flask, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a process with large libraries for a second or two; a node has two threads."""
    app, _folder = run
    path = f"/lab/load-tests/compare?first={NAME}&second={NAME}"
    meanwhile: list[Any] = []

    def asked_meanwhile(_runs: list[Path]) -> dict[str, Any]:
        meanwhile.append(app.test_client().get(path))
        return {"rows": []}

    monkeypatch.setattr("lab.pages.loadtests.commands.compare", asked_meanwhile)
    assert app.test_client().get(path).status_code == 200
    [busy] = meanwhile
    assert_problem(busy, 503, "busy")
    assert busy.headers["Retry-After"] == "5"
    assert app.test_client().get(path).status_code == 200


@pytest.mark.own_processes
def test_a_comparison_that_takes_too_long_says_so_and_is_no_fault(
    run: tuple[Flask, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said "the fault is ours", with a 500."""
    monkeypatch.setattr("lab.pages.loadtests.commands.WITHIN_S", 0.01)
    slow = run[0].test_client().get(f"/lab/load-tests/compare?first={NAME}&second={NAME}")
    assert_problem(slow, 503, "busy")
    assert "took too long" in slow.get_json()["detail"]


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from loadtests.__main__ import loadtests
from loadtests.running import run
from tests.loadtests.test_command import EXPERIMENT, measured

def collect(stage):
    stage.kept.add(measured())
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "report":
    loadtests()
run(replace(EXPERIMENT, collect=collect), EXPERIMENT.quick, Path(sys.argv[-1]))
"""


@pytest.mark.own_processes
def test_a_load_test_that_is_killed_has_its_report_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for want of memory: the page had a run without a report, and nothing to open."""
    monkeypatch.setattr("lab.cluster.loadtest.COMMAND", (sys.executable, "-c", KILLED))
    loadtest = Loadtest(tmp_path)
    loadtest.start("lifetimes", quick=True)

    def ended() -> Any:
        loadtest.look()
        state = loadtest.state()
        return state if state and state["state"] == "ended" else None

    state = eventually(ended, "the end of the run and of its report")
    assert state["exit_code"] == 128 + 9
    results = read_results(tmp_path / state["name"])
    assert (results["publishable"], len(results["arms"])) == (False, 1)
    assert own_runs(tmp_path)[0].name == state["name"]


# -- ordered from a real lab


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path, nodes=2) as lab:
        yield lab


@pytest.mark.own_processes
def test_a_load_test_is_one_at_a_time_and_ends_with_its_lab(own_lab: Lab) -> None:
    """How it is stopped, and that it is kept then: tests/browser/test_loadtests.py."""
    start_only_one(own_lab)
    eventually(lambda: "loadtests.generator" in commands(own_lab), "a load test at work")
    own_lab.started = descendants(own_lab.process.pid)
    own_lab.process.kill()
    own_lab.process.wait(30)
    own_lab.assert_nothing_is_left()


@pytest.mark.nightly
@pytest.mark.own_processes
def test_a_load_test_that_is_stopped_is_kept(own_lab: Lab) -> None:
    name = start_only_one(own_lab)
    eventually(lambda: state(own_lab)["done"] >= 2, "two windows")
    own_lab.control("DELETE", "/load-run")
    eventually(lambda: state(own_lab)["state"] == "ended", "the end of the run")
    [kept] = [listed for listed in seen(own_lab)["runs"] if listed["own"]]
    assert (kept["name"], kept["publishable"]) == (name, False)
    assert any("stopped" in reason for reason in kept["said"]["en"]["reasons"])


def start_only_one(lab: Lab) -> str:
    """Start a load test, and try what is refused; return the name of the run."""
    for wrong in ({"experiment": "everything", "quick": True}, {"experiment": "lookup-cost", "quick": "yes"}):
        with pytest.raises(RefusedCommand) as refused:
            lab.control("POST", "/load-run", wrong)
        assert refused.value.status == 400
    with pytest.raises(RefusedCommand) as refused:
        lab.control("DELETE", "/load-run")
    assert refused.value.code == "no_run"
    name = str(lab.control("POST", "/load-run", QUICK)["load_run"]["name"])
    with pytest.raises(RefusedCommand) as refused:
        lab.control("POST", "/load-run", QUICK)
    assert (refused.value.status, refused.value.code) == (409, "run_in_progress")
    return name


def commands(lab: Lab) -> str:
    return " ".join(process.command for process in descendants(lab.process.pid))


def seen(lab: Lab) -> dict[str, Any]:
    """What the page asks for once a second."""
    status, _headers, body = lab.request("GET", "/lab/load-tests")
    assert status == 200
    said: dict[str, Any] = json.loads(body)
    return said


def state(lab: Lab) -> dict[str, Any]:
    said: dict[str, Any] = seen(lab)["run"]
    return said
