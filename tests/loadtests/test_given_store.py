"""A load test on a store that it has not started: used where that can be, told otherwise, and left as it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Redis

from lab.cluster.embedded_store import EmbeddedStore
from lab.cluster.loadtest import NEED_OWN_STORE, Loadtest
from lab.cluster.refused_command import RefusedCommand
from loadtests.__main__ import loadtests
from loadtests.experiments import ALL, BY_NAME
from loadtests.given_store import given_store
from loadtests.results import read_results
from loadtests.running import run
from planner.constants import measured, with_run
from service.config import ROOT

ELSEWHERE = "redis://:secret@store.invalid:6380/3"


@pytest.fixture
def foreign() -> Iterator[EmbeddedStore]:
    """A store with users of its own."""
    store = EmbeddedStore()
    yield store
    store.stop()


def contents(client: Redis) -> dict[bytes, bytes | None]:
    return {key: client.dump(key) for key in client.scan_iter("*")}


def run_on(foreign: EmbeddedStore, name: str, folder: Path, **changes: Any) -> Any:
    """Run an experiment at toy size on a store with other users, whose keys stay as they were; return its results."""
    store = given_store({"REDIS_URL": foreign.url})
    experiment = BY_NAME[name]
    with Redis.from_url(foreign.url) as client:
        for key in ("lab:session:theirs", "load-theirs", "load-1a2b3c4d:lab:session:theirs", "untuned:theirs"):
            client.set(key, key)
        before = contents(client)
        assert run(experiment, replace(experiment.quick, **changes), folder, store)
        commands = client.info("commandstats")
        assert contents(client) == before
    assert {"cmdstat_getex", "cmdstat_get"} & commands.keys()
    assert not {"cmdstat_flushall", "cmdstat_flushdb"} & commands.keys()
    results = read_results(folder)
    assert results["options"]["own_store"] is False
    assert "REDIS_URL" in (folder / "report.html").read_text()
    return results


@pytest.mark.own_processes
def test_a_given_store_is_asked_and_then_left_as_it_was(tmp_path: Path, foreign: EmbeddedStore) -> None:
    """`REDIS_URL` was dropped without a word, so nothing could be measured with the store on another machine."""
    results = run_on(foreign, "revocation", tmp_path, repeats=1, users=1)
    assert len(results["arms"]) == 6


@pytest.mark.nightly  # as it is concluded: tests/loadtests/test_conclusions.py, in every run
@pytest.mark.own_processes
def test_a_look_up_in_a_given_store_costs_what_its_distance_costs(tmp_path: Path, foreign: EmbeddedStore) -> None:
    results = run_on(foreign, "lookup-cost", tmp_path, seconds=0.15, repeats=3)
    per_request = {arm["name"]: arm["store_commands_per_request"] for arm in results["arms"]}
    tokens = {"token · HS256": 0, "token · EdDSA": 0, "hybrid · HS256": 1}
    assert per_request == {"open": 0, "memory": 0, "session": 1, "session · again": 1, "untuned": 2, **tokens}
    assert results["answer"].startswith("With the store at REDIS_URL a session adds")


def test_a_run_on_a_given_store_measures_no_constant_of_the_planner() -> None:
    """How far away that store is is in its readings, and the planner asks for it."""
    constants, results = measured()[0], read_results(ROOT / "docs" / "results" / "lookup-cost")
    assert with_run(constants, results).of_run
    results["options"]["own_store"] = False
    assert with_run(constants, results) == replace(constants, of_run=frozenset())


def test_what_breaks_or_fills_its_store_takes_none_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", ELSEWHERE)
    refusing = [experiment.name for experiment in ALL if experiment.needs_own_store]
    assert tuple(refusing) == NEED_OWN_STORE
    for name in (*refusing, "all"):
        said = CliRunner().invoke(loadtests, [name, "--quick", "--out", str(tmp_path / name)])
        assert (said.exit_code, said.output.count("\n")) == (2, 1)
        assert said.output.startswith("Error: REDIS_URL: unset it for ")
        assert "secret" not in said.output
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("experiment", NEED_OWN_STORE)
def test_the_lab_refuses_it_too_before_anything_starts(tmp_path: Path, experiment: str) -> None:
    with pytest.raises(RefusedCommand) as refused:
        Loadtest(tmp_path, own_store=False).start(experiment, quick=True)
    assert (refused.value.status, refused.value.code) == (409, "needs_own_store")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"REDIS_URL": "http://store"}, "REDIS_URL must be redis://"),
        ({"REDIS_URL": "redis+sentinel://store/name"}, "REDIS_URL: a load test needs a single server"),
        ({"REDIS_URL": "redis+cluster://store"}, "REDIS_URL: a load test needs a single server"),
        ({"REDIS_URL": ELSEWHERE, "STORE_PREFIX": "*"}, "STORE_PREFIX must have 1 to 15"),
        ({"REDIS_URL": ELSEWHERE, "STORE_PREFIX": "x" * 16}, "STORE_PREFIX must have 1 to 15"),
    ],
)
def test_a_store_that_no_run_can_use_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(loadtests, ["revocation", "--quick", "--out", str(tmp_path / "out")])
    assert (said.exit_code, said.output.count("\n")) == (2, 1)
    assert says in said.output


@pytest.mark.own_processes
def test_what_is_used_of_the_environment_and_what_is_not_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "REDIS_URL": "redis://:secret@127.0.0.1:1/0",
        "STORE_PREFIX": "mine:",
        "DATABASE_URL": "postgresql://db/lab",
        "ACCESS_TTL_S": "5",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(loadtests, ["revocation", "--quick", "--out", str(tmp_path / "out")])
    assert "Not used: DATABASE_URL, ACCESS_TTL_S." in said.output
    assert "Used: the store at 127.0.0.1:1 (REDIS_URL); every key of this run begins with mine:" in said.output
    assert said.exit_code == 1
    assert "no store answers at 127.0.0.1:1" in said.output
    assert "are left in the store at 127.0.0.1:1" in said.output
    assert "secret" not in said.output


def test_two_runs_on_one_store_share_no_key() -> None:
    first, second = (given_store({"REDIS_URL": ELSEWHERE}) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.prefix != second.prefix
    assert len(first.settings("untuned")["STORE_PREFIX"]) <= 32
