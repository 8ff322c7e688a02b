"""What becomes of a run that does not come to its end, and where runs are kept."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner
from redis.exceptions import ConnectionError as StoreGone

from loadtests.__main__ import loadtests, run
from loadtests.experiments import ALL, BY_NAME
from loadtests.lab import LabFailed
from loadtests.progress import read_windows
from loadtests.results import read_results
from loadtests.stage import Stage
from service.config import ROOT
from tests.loadtests.made import window
from tests.support.stopwatch import eventually

EXPERIMENT = BY_NAME["lifetimes"]
KEPT_RUN = ROOT / "docs" / "results" / "revocation"


def measured(repeat: int = 0) -> Any:
    return window("token", repeat, factors={"access_ttl_s": 1}, more={"members": 1})


@pytest.mark.parametrize("error", [LabFailed("a node ended"), StoreGone("Connection refused"), OSError("no room left")])
def test_what_was_measured_before_a_failure_is_kept(tmp_path: Path, error: Exception) -> None:
    def collect(stage: Stage) -> None:
        stage.kept.add(measured())
        raise error

    with pytest.raises(ClickException, match=str(error)):
        run(replace(EXPERIMENT, collect=collect), EXPERIMENT.quick, tmp_path)
    results = read_results(tmp_path)
    assert len(results["arms"]) == 1
    assert "The run was stopped before its end." in results["reasons"]
    assert (tmp_path / "report.html").exists()
    assert '"failed"' in (tmp_path / "progress.json").read_text()


def test_a_failure_before_anything_was_measured_keeps_nothing(tmp_path: Path) -> None:
    def collect(_stage: Stage) -> None:
        raise LabFailed("a node ended")

    with pytest.raises(ClickException):
        run(replace(EXPERIMENT, collect=collect), EXPERIMENT.quick, tmp_path)
    assert not (tmp_path / "results.json").exists()


@pytest.mark.parametrize("command", ["lifetimes", "all"])
def test_a_folder_that_holds_a_run_is_left_as_it_is(tmp_path: Path, command: str) -> None:
    taken = tmp_path / ALL[-1].name if command == "all" else tmp_path
    taken.mkdir(exist_ok=True)
    for name in ("results.json", "windows.jsonl"):
        (taken / name).write_text("kept")
    said = CliRunner().invoke(loadtests, [command, "--quick", "--out", str(tmp_path)])
    refusal = f"Error: {taken} already contains a run; choose another folder with --out\n"
    assert (said.exit_code, said.output) == (1, refusal)
    assert {file.read_text() for file in taken.iterdir()} == {"kept"}


def test_a_file_is_no_folder_for_a_run() -> None:
    said = CliRunner().invoke(loadtests, ["lifetimes", "--quick", "--out", "README.md"])
    assert said.exit_code == 2
    assert "is a file" in said.output


def command(*arguments: str) -> Any:
    return CliRunner().invoke(loadtests, arguments)


@pytest.mark.parametrize(
    ("option", "number"),
    [
        *(("--seconds", number) for number in ("nan", "-nan", "inf", "-inf", "1e999", "0", "-1", "3601", "a second")),
        *(("--repeats", number) for number in ("nan", "0", "-1", "101", "1e9")),
        *(("--users", number) for number in ("nan", "0", "-1", "501", "1.5")),
        *(("--seed", number) for number in ("nan", "-1", "1.5", str(2**32))),  # numpy takes no negative one
    ],
)
def test_a_number_that_no_run_can_have_is_refused_before_anything_starts(
    tmp_path: Path, option: str, number: str
) -> None:
    said = command("lifetimes", "--quick", "--out", str(tmp_path / "out"), option, number)
    assert said.exit_code == 2
    assert f"Invalid value for '{option}'" in said.output
    assert not (tmp_path / "out").exists()


HANGS = """
import sys, time
from dataclasses import replace
from pathlib import Path
from loadtests.running import run
from tests.loadtests.test_command import EXPERIMENT, measured

def collect(stage):
    for repeat in range(2):
        stage.kept.add(measured(repeat))
    time.sleep(600)

run(replace(EXPERIMENT, collect=collect), EXPERIMENT.quick, Path(sys.argv[1]))
"""


def state(folder: Path) -> Any:
    return json.loads((folder / "progress.json").read_text())["state"]


@pytest.mark.own_processes
def test_a_run_that_is_killed_says_so_and_is_concluded_from_what_it_kept(tmp_path: Path) -> None:
    """`report` refused it, its windows were lost, and its progress said "running" for ever."""
    running = subprocess.Popen([sys.executable, "-c", HANGS, str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL)
    file = tmp_path / "windows.jsonl"
    eventually(lambda: file.exists() and file.read_text().count("\n") == 2, "two windows")
    assert state(tmp_path) == "running"
    too_early = command("report", str(tmp_path))
    assert (too_early.exit_code, "still being measured" in too_early.output) == (1, True)
    running.kill()
    running.wait(30)
    eventually(lambda: state(tmp_path) == "killed", "a progress that tells the truth")
    with open(file, "a") as windows:
        windows.write('{"label": "cut')  # what a machine that fails leaves of a line
    again = command("lifetimes", "--quick", "--out", str(tmp_path))
    assert (again.exit_code, "already contains a run" in again.output) == (1, True)
    done = command("report", str(tmp_path))
    assert (done.exit_code, "2 of 35 windows were measured" in done.output) == (0, True), done.output
    results = read_results(tmp_path)
    assert (results["options"]["quick"], results["publishable"], len(results["arms"])) == (True, False, 1)
    assert "The run was stopped before its end." in results["reasons"]
    assert (tmp_path / "report.html").exists()
    assert state(tmp_path) == "stopped"


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let the system refuse to write more than `size` bytes into a file, as it does when a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_a_run_in_one_line_and_what_was_measured_can_be_concluded(tmp_path: Path) -> None:
    """It gave a stack trace, half a window and half a report."""

    def collect(stage: Stage) -> None:
        for repeat in range(100):
            stage.kept.add(measured(repeat))

    with files_up_to(5000), pytest.raises(ClickException) as failed:
        run(replace(EXPERIMENT, collect=collect), EXPERIMENT.quick, tmp_path)
    assert "report.html cannot be written (File too large)" in str(failed.value)
    assert f"`python -m loadtests report {tmp_path}` concludes it" in str(failed.value)
    assert {file.name for file in tmp_path.iterdir()} == {"windows.jsonl", "progress.json"}
    assert (tmp_path / "windows.jsonl").read_text().endswith("}\n")
    kept = len(read_windows(tmp_path))
    assert kept > 1
    done = command("report", str(tmp_path))
    assert (done.exit_code, f"{kept} of 35 windows" in done.output) == (0, True), done.output


@pytest.mark.parametrize("size", [100, 1000, 1_000_000])
def test_a_full_disk_leaves_a_report_as_it_was(tmp_path: Path, size: int) -> None:
    shutil.copytree(KEPT_RUN, tmp_path / "run")
    (tmp_path / "run" / "report.html").write_text("an earlier one")
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()}
    with files_up_to(size):
        said = command("report", str(tmp_path / "run"))
    assert (said.exit_code, said.output.count("\n")) == (1, 1)
    assert "cannot be written (File too large)" in said.output
    assert {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()} == before


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "progress.json").mkdir()
    said = command("lifetimes", "--quick", "--out", str(tmp_path))
    assert said.exit_code == 1
    assert said.output.splitlines()[-1] == f"Error: {tmp_path / 'progress.json'} cannot be written (Is a directory)"


def test_windows_of_another_experiment_are_no_run(tmp_path: Path) -> None:
    shutil.copy(KEPT_RUN / "results.json", tmp_path)
    shutil.copy(KEPT_RUN.parent / "memory" / "windows.jsonl", tmp_path)
    said = command("report", str(tmp_path))
    assert (said.exit_code, said.output.count("\n")) == (1, 1)
    assert "does not contain windows of revocation" in said.output


@pytest.mark.parametrize("options", [{}, {"seconds": "5"}, {"seconds": 5, "repeats": 5}, []])
def test_a_run_that_does_not_say_how_it_was_measured_is_refused(tmp_path: Path, options: Any) -> None:
    shutil.copytree(KEPT_RUN, tmp_path / "run")
    told = {**read_results(KEPT_RUN), "options": options}
    (tmp_path / "run" / "results.json").write_text(json.dumps(told))
    said = command("report", str(tmp_path / "run"))
    assert (said.exit_code, said.output.count("\n")) == (1, 1)
    assert "is not the folder of a run" in said.output
