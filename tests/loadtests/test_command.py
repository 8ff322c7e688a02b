"""What becomes of a run that does not come to its end, and where runs are kept."""

from dataclasses import replace
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from redis.exceptions import ConnectionError as StoreGone

from loadtests.__main__ import loadtests, run
from loadtests.experiments import ALL, BY_NAME
from loadtests.lab import LabFailed
from loadtests.results import read_results
from loadtests.stage import Stage
from tests.loadtests.made import window

EXPERIMENT = BY_NAME["lifetimes"]


@pytest.mark.parametrize("error", [LabFailed("a node ended"), StoreGone("Connection refused"), OSError("no room left")])
def test_what_was_measured_before_a_failure_is_kept(tmp_path: Path, error: Exception) -> None:
    def collect(stage: Stage) -> None:
        stage.kept.add(window("token", factors={"access_ttl_s": 1}, more={"members": 1}))
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
    assert (said.exit_code, said.output) == (1, f"Error: {taken} holds a run already; --out takes another folder\n")
    assert {file.read_text() for file in taken.iterdir()} == {"kept"}


def test_a_file_is_no_folder_for_a_run() -> None:
    said = CliRunner().invoke(loadtests, ["lifetimes", "--quick", "--out", "README.md"])
    assert said.exit_code == 2
    assert "is a file" in said.output
