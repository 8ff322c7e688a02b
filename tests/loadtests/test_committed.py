"""What `docs/results/` keeps: every answer follows from the windows beside it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadtests.__main__ import loadtests
from loadtests.experiments import ALL, BY_NAME
from loadtests.progress import read_windows
from loadtests.publishable import reasons_against
from loadtests.results import read_results, write_csv
from loadtests.stage import Size
from service.config import ROOT

RESULTS = ROOT / "docs" / "results"
RUNS = sorted(file.parent for file in RESULTS.rglob("results.json"))  # some questions were asked on two occasions
each_run = pytest.mark.parametrize("run", [pytest.param(run, id=str(run.relative_to(RESULTS))) for run in RUNS])
YOUNGER = {"lifetimes": 1}  # arms that the kept run has not got yet; docs/results/README.md says so
NOT_YET = re.compile(r"^## Not measured yet$(.*?)^## ", re.MULTILINE | re.DOTALL)


@each_run
def test_a_kept_run_says_what_its_windows_say(run: Path, tmp_path: Path) -> None:
    name, told, windows = run.name, read_results(run), read_windows(run)
    size = Size(**told["options"])
    outcome = BY_NAME[name].conclude(windows, size)
    assert told["experiment"] == name
    assert told["answer"] == str(outcome.answer)
    assert (told["publishable"], told["reasons"]) == (True, [])
    planned = BY_NAME[name].windows(size) - YOUNGER.get(name, 0) * size.repeats
    assert reasons_against(windows, outcome.checks, stopped=len(windows) < planned) == []
    write_csv(outcome.arms, tmp_path)
    assert (tmp_path / "arms.csv").read_text() == (run / "arms.csv").read_text()


def test_an_experiment_without_a_kept_run_is_said_to_have_none() -> None:
    section = NOT_YET.search((RESULTS / "README.md").read_text("utf-8"))
    named = set(re.findall(r"^- `([a-z-]+)`", section[1], re.MULTILINE)) if section else set()
    assert named == {experiment.name for experiment in ALL} - {run.name for run in RUNS}


@each_run
def test_the_kept_runs_are_full_ones(run: Path) -> None:
    options = read_results(run)["options"]
    assert not options["quick"]
    assert options["repeats"] >= 5


def test_a_report_is_written_anew_from_what_was_kept(tmp_path: Path) -> None:
    for name in ("results.json", "windows.jsonl"):
        (tmp_path / name).write_text((RESULTS / "revocation" / name).read_text("utf-8"), "utf-8")
    done = CliRunner().invoke(loadtests, ["report", str(tmp_path)])
    assert done.exit_code == 0
    assert done.output.endswith(f"Publishable.\nReport: {tmp_path / 'report.html'}\n")
    assert read_results(tmp_path) == read_results(RESULTS / "revocation")
    assert read_results(tmp_path)["answer"] in (tmp_path / "report.html").read_text("utf-8")


def test_a_report_alone_changes_nothing_of_its_run_and_forgives_arms_that_are_younger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RESULTS / "revocation"
    before = {file.name: file.stat().st_mtime_ns for file in run.iterdir()}
    plans_more = replace(BY_NAME["revocation"], windows=lambda _size: 10_000)
    monkeypatch.setitem(BY_NAME, "revocation", plans_more)
    done = CliRunner().invoke(loadtests, ["report", str(run), "--out", str(tmp_path / "new")])
    assert (done.exit_code, done.output) == (0, "")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["report.html"]
    assert {file.name: file.stat().st_mtime_ns for file in run.iterdir()} == before
    text = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert read_results(run)["said"]["ko"]["answer"] in text
    assert "Publishable:" in text
    assert "Not publishable" not in text


@pytest.mark.parametrize(
    ("windows", "says"),
    [(None, "cannot be read"), ("no JSON", "does not contain the windows"), ("{}", "does not contain")],
)
def test_a_report_of_no_run_is_refused_in_one_line(tmp_path: Path, windows: str | None, says: str) -> None:
    (tmp_path / "results.json").write_text((RESULTS / "revocation" / "results.json").read_text("utf-8"), "utf-8")
    if windows is not None:
        (tmp_path / "windows.jsonl").write_text(windows)
    done = CliRunner().invoke(loadtests, ["report", str(tmp_path)])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert says in done.output
