"""The page of the load tests lists, opens and compares the runs in `docs/results`, before anything was measured too."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lab.pages.loadtests.ages import age
from lab.pages.loadtests.routes import KEPT_BY_THE_PROJECT, REPORT_POLICY
from lab.pages.loadtests.runs import Runs
from loadtests.experiments import BY_NAME
from service.web.one_at_a_time import heavy_work
from tests.conftest import MakeApp

KEPT = Runs(Path("/nowhere"), KEPT_BY_THE_PROJECT)
README = (KEPT_BY_THE_PROJECT / "README.md").read_text("utf-8")
SMALLEST = next(name for name in KEPT.of_project if name.startswith("revocation-"))


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A lab in which nothing was measured; its supervisor has run no load test."""
    monkeypatch.setattr("lab.controls.switches.Switches.state", lambda _switches: {"load_run": None})
    return make_app(control_socket="/nowhere", instance_dir=tmp_path / "instance")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def listed(client: FlaskClient, language: str = "en") -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = client.get("/lab/load-tests", headers={"Accept-Language": language}).get_json()["runs"]
    return runs


def copied(app_folder: Path, name: str) -> None:
    """Put a run of the project among those of this lab."""
    folder = app_folder / "instance" / "loadtests" / name
    folder.mkdir(parents=True)
    (folder / "results.json").write_bytes((KEPT.of_project[name].folder / "results.json").read_bytes())


def test_every_kept_run_is_listed_and_told_apart_from_ones_own(client: FlaskClient, tmp_path: Path) -> None:
    assert len(listed(client)) == len([*KEPT_BY_THE_PROJECT.rglob("results.json")])
    assert {run["experiment"] for run in listed(client)} <= set(BY_NAME)
    assert {run["own"] for run in listed(client)} == {False}
    copied(tmp_path, SMALLEST)
    names = [run["name"] for run in listed(client)]
    assert len(set(names)) == len(names)
    assert [run["name"] for run in listed(client) if run["own"]] == [SMALLEST]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_says_what_each_experiment_found_with_figures_of_its_runs(client: FlaskClient, language: str) -> None:
    page = client.get("/loadtests", headers={"Accept-Language": language}).text
    lines = dict(re.findall(r'id="experiment-([a-z-]+)">\s*<a href="/loadtests/[^"]+">([^<]*\d[^<]*)</a>', page))
    assert set(lines) == set(BY_NAME)
    for arm in ("session · 0 ms", "token · HS256 · 0 ms", "session · 5 ms", "token · HS256 · 5 ms"):
        assert f"{added(arm)}\u00a0µs" in lines["lookup-cost"] or f"{added(arm)} and " in lines["lookup-cost"]
    assert "5\u00a0ms" in lines["lookup-cost"], "what a look-up costs depends on how far away the store is"


def added(arm_name: str) -> str:
    """Return what an arm of `lookup-cost` adds to a request, in the runs that the project keeps."""
    adds = [
        round(arm["above_open_us"])
        for name, run in KEPT.of_project.items()
        if name.startswith("lookup-cost")
        for arm in json.loads((run.folder / "results.json").read_text("utf-8"))["arms"]
        if arm["name"] == arm_name
    ]
    return f"{min(adds):,}" if min(adds) == max(adds) else f"{min(adds):,}–{max(adds):,}"


def test_the_age_of_a_kept_run_is_that_of_the_document() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| [^|]+ \| ([^|]+) \|$", README, re.MULTILINE)
    said = {name: code for names, code in rows for name in re.findall(r"`([a-z-]+)`", names)}
    assert set(said) == set(BY_NAME)
    for run in KEPT.of_project.values():
        assert run.started is not None
        before = age(run.started)
        assert before == said[run.experiment] if before else "before" not in said[run.experiment]


def test_a_kept_run_hands_out_its_data_and_nothing_else(client: FlaskClient) -> None:
    """SECURITY 21."""
    arms = (KEPT.of_project[SMALLEST].folder / "arms.csv").read_bytes()
    assert client.get(f"/loadtests/{SMALLEST}/arms.csv").data == arms
    for path in (
        f"{SMALLEST}/chart-1.png",
        "revocation/results.json",
        "second-occasion/README.md",
        "README.md/arms.csv",
    ):
        assert client.get(f"/loadtests/{path}").status_code == 404
    for name in ("revocation", "../results/revocation", "second-occasion/lookup-cost", ".", "%2e%2e"):
        assert client.get(f"/lab/load-tests/compare?first={name}&second={SMALLEST}").status_code == 404


@pytest.mark.own_processes
def test_the_report_of_a_kept_run_is_written_when_it_is_first_opened(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(KEPT.of_project[SMALLEST].folder.iterdir())
    first = client.get(f"/loadtests/{SMALLEST}/report.html")
    assert first.status_code == 200
    assert first.headers["Content-Security-Policy"] == REPORT_POLICY
    answers = KEPT.of_project[SMALLEST].said["said"]
    assert all(said["answer"] in first.text for said in answers.values())
    assert "Publishable:" in first.text
    assert sorted(KEPT.of_project[SMALLEST].folder.iterdir()) == before
    monkeypatch.setattr("lab.pages.loadtests.commands._run", lambda *_: pytest.fail("it was written again"))
    assert client.get(f"/loadtests/{SMALLEST}/report.html").data == first.data


def test_a_busy_node_lets_the_browser_open_a_report_again_by_itself(client: FlaskClient) -> None:
    with heavy_work:
        busy = client.get(f"/loadtests/{SMALLEST}/report.html", headers={"Accept": "text/html"})
    assert (busy.status_code, busy.headers["Refresh"]) == (503, busy.headers["Retry-After"])


def test_a_run_is_naturally_compared_with_the_one_before_it(client: FlaskClient) -> None:
    runs = {run["name"]: run for run in listed(client)}
    for run in runs.values():
        alike = [each for each in runs if runs[each]["experiment"] == run["experiment"]]  # newest first
        at = alike.index(run["name"])
        if at + 1 < len(alike):
            assert run["natural"] == alike[at + 1]
        else:
            assert run["natural"] == (alike[at - 1] if at else None)


def test_kept_and_own_runs_are_compared_alike(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.pages.loadtests.commands.compare", lambda folders: [*map(str, folders)])
    own = "lookup-cost-20991231-235959"
    folder = tmp_path / "instance" / "loadtests" / own
    folder.mkdir(parents=True)
    (folder / "results.json").write_text("{}")
    kept = next(name for name in KEPT.of_project if name.startswith("lookup-cost"))
    compared = client.get(f"/lab/load-tests/compare?first={kept}&second={own}")
    assert compared.get_json() == [str(KEPT.of_project[kept].folder), str(folder)]
