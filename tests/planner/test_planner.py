"""The planner as people meet it: its pages without a script, for programs, and in a terminal."""

import json
import os
import re
import subprocess
import sys
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from click.testing import CliRunner
from flask import Flask

from lab.pages.planner.simulation_chart import median_charts
from planner.commands import group
from planner.constants import measured
from planner.fleet import Prospect, prospect
from planner.formulas import Terms
from planner.load import INPUTS, Load, read_load
from planner.plan import plan
from planner.reproduce import committed
from planner.runs import OWN_RUNS, Runs, read_again
from planner.words import ASSUMPTIONS, FIGURES, RESOURCES, number, shown
from tests.conftest import MakeApp
from tests.support.visitor import GUARDED

pytestmark = pytest.mark.any_store

ROOT = Path(__file__).parents[2]
HTML = {"Accept": "text/html"}
NEWEST = max(OWN_RUNS.glob("*.json"))


def text_of(app: Flask, path: str, language: str = "en") -> str:
    return app.test_client().get(path, headers={**HTML, "Accept-Language": language}).text


def test_a_lab_shows_the_page_and_leads_to_it(app: Flask) -> None:
    assert 'href="/planner"' in text_of(app, "/")
    assert "What breaks first as the members grow?" in text_of(app, "/planner")


def test_outside_a_lab_there_is_no_such_page(make_app: MakeApp) -> None:
    client = make_app(lab=False).test_client()
    assert client.get("/planner").status_code == client.get("/planner/simulation").status_code == 404


def test_the_form_works_without_a_script(module_app: Flask) -> None:
    html = text_of(module_app, "/planner?members=10000000&nodes=1000")
    for field in INPUTS:
        assert re.search(rf'<label for="{field.name}">', html)
    assert 'value="10000000"' in html
    assert html.count("data-breaks=") == len(GUARDED)
    assert 'data-approach="session" data-breaks="shard_ops"' in html
    assert 'data-approach="token" data-breaks="db_writer"' in html


def test_it_opens_at_a_size_where_the_approaches_differ(module_app: Flask) -> None:
    """The line above the finding says why: threads are enough for all, the writer of the database is not."""
    plans = plan(Load(), measured()[0])
    assert {one.approach: (one.first.is_over, one.first.resource) for one in plans} == {
        "memory": (False, "node_threads"),
        "session": (False, "node_threads"),
        "token": (True, "db_writer"),
        "hybrid": (True, "db_writer"),
    }
    assert not any(limit.is_over for one in plans for limit in one.limits if limit.resource == "node_threads")
    opened, other = (text_of(module_app, path) for path in ("/planner", "/planner?nodes=10"))
    finding = "Session can hold them, Memory only with sticky balancing, Token and Hybrid cannot"
    assert f"200,000 members on 100 nodes: {finding}<" in opened
    assert "The page opens where they differ" in opened
    assert "The page opens where they differ" not in other


@pytest.mark.parametrize(
    ("query", "said"),
    [("members=30&nodes=1", "every approach can hold them"), ("members=90000000", "too many for every approach")],
)
def test_the_finding_is_said_when_all_approaches_agree_too(module_app: Flask, query: str, said: str) -> None:
    assert re.search(rf'<h2 id="breaks">[^<]*: {said}</h2>', text_of(module_app, f"/planner?{query}"))


@pytest.mark.parametrize(
    ("query", "finding", "refused"),
    [
        ("members=30&nodes=1", "every approach can hold them", "0 %"),
        ("members=30&nodes=2", "Session, Token, and Hybrid can hold them, Memory only with sticky balancing", "50 %"),
        ("members=30&nodes=100", "Session, Token, and Hybrid can hold them, Memory only with sticky balancing", "99 %"),
        ("members=5300&nodes=2", "only Memory can hold them, with sticky balancing", "50 %"),
    ],
)
def test_a_login_in_one_node_is_held_by_several_only_with_sticky_balancing(
    module_app: Flask, query: str, finding: str, refused: str
) -> None:
    """It was said to hold, on two nodes too, where half of its requests are refused."""
    html = text_of(module_app, f"/planner?{query}")
    assert re.search(rf'<h2 id="breaks">[^<]*: {finding}</h2>', html)
    assert f'data-figure="memory.refused_percent">{refused}<' in html
    assert html.count("Holds only with sticky balancing.") == (refused != "0 %")
    assert (f"With round robin {refused} of its requests are refused by mistake" in html) == (refused != "0 %")
    assert (f"round robin refuses {refused} of its requests" in run(*options_of(query))) == (refused != "0 %")


def test_the_page_of_several_servers_leads_to_what_each_needs_on_two(make_app: MakeApp) -> None:
    """It led into the middle of a plan for a hundred nodes."""
    app = make_app(control_socket="/nowhere")
    address, place = "/planner?members=5000&nodes=2", "needs"
    assert f'href="{escape(address)}#{place}"' in text_of(app, "/scale-out")
    assert f'id="{place}"' in text_of(app, address)
    assert f'<a href="{escape(address)}">5,000 members on 2 nodes</a>' in text_of(app, "/planner")


def options_of(query: str) -> list[str]:
    return [word for name, value in parse_qsl(query) for word in (f"--{name}", value)]


def test_small_figures_are_written_with_the_digits_that_count(module_app: Flask) -> None:
    """0.09999… was written 0.0100, a tenth of it, and others as 6.86E-4."""
    html = text_of(module_app, "/planner?members=30&nodes=2")
    assert 'data-figure="token.logins_s">0.0167/s<' in html
    assert 'data-figure="token.refreshes_s">0.0833/s<' in html
    assert 'data-figure="token.db_writes_s">0.100/s<' in html
    assert not re.search(r"\dE-\d", html)


@pytest.mark.parametrize("value", [7 * 10**power - 10 ** (power - 6) for power in range(-8, 3)])
def test_a_number_is_written_as_it_is_to_three_digits(module_app: Flask, value: float) -> None:
    with module_app.test_request_context():
        for exact in (value, value / 7):
            assert float(number(exact)) == pytest.approx(exact, rel=0.006)


@pytest.mark.parametrize(
    ("query", "is_open"), [("", False), ("nodes=7", False), ("work_ms=7", True), ("work_ms=5", False)]
)
def test_inputs_out_of_sight_are_in_sight_once_they_are_changed(module_app: Flask, query: str, is_open: bool) -> None:
    assert ("<details open data-more>" in text_of(module_app, f"/planner?{query}")) is is_open


def test_the_simulated_median_is_drawn_beside_the_measured_one_and_its_interval() -> None:
    charts = median_charts(committed())
    rows = [row for chart in charts for _, group in chart.groups for row in group]
    assert len(rows) == len(committed())
    assert [chart.run for chart in charts] == ["scale-out", "planner-scaling"]
    for chart in charts:
        assert chart.marks[0] == (0, 0)
        assert chart.marks[-1][0] == 100
    for row in rows:
        assert 0 < row.low <= row.measured <= row.high <= 100
        assert row.simulated / row.measured == pytest.approx(row.arm.p50_us / row.arm.measured_p50_us)


def test_scaling_up_is_set_against_scaling_out_with_the_price_beside_it(module_app: Flask) -> None:
    query = "/planner?machine_price=70&doubling_percent=250"
    html = text_of(module_app, query)
    assert html.count("data-growth=") == html.count("data-flat") == len(GUARDED)
    assert "up_price = machine_price × (doubling_percent ÷ 100)^3 = 70 × (250 ÷ 100)^3" in html
    assert "out_price = machine_price × nodes = 70 × 8" in html
    told = module_app.test_client().get(query, headers={"Accept": "application/json"}).get_json()["up_or_out"]
    for approach in GUARDED:
        second = told[approach][1]
        assert (second["size"], second["up"]["threads_each"], second["out"]["nodes"]) == (2, 4, 2)
        assert (second["up"]["price"]["value"], second["out"]["price"]["value"]) == (175, 140)


def test_formulas_are_shown_with_the_numbers_put_into_them(module_app: Flask) -> None:
    html = text_of(module_app, "/planner?members=36000&requests_per_minute=10")
    assert "requests_s = members × requests_per_minute ÷ 60<br>= 36,000 × 10 ÷ 60" in html


def test_the_page_is_light(module_app: Flask) -> None:
    """Everything that the page loads: itself, and every style and script of it."""
    client = module_app.test_client()
    html = client.get("/planner", headers=HTML).text
    files = {*re.findall(r'(?:href|src)="(/static/[^"]+)"', html), "/static/js/planner/slider.js"}
    assert len(files) >= 7
    assert len(html.encode()) + sum(len(client.get(file).data) for file in files) < 150_000


def test_programs_get_the_same_as_json(module_app: Flask) -> None:
    plan = module_app.test_client().get("/planner?members=36000&requests_per_minute=10").get_json()
    assert plan["load"]["members"] == 36_000
    assert plan["approaches"]["session"]["figures"]["requests_s"]["value"] == 6000
    assert set(plan["approaches"]) == set(GUARDED)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("members=0", "members"),
        ("members=1e9", "members"),
        ("nodes=1001", "nodes"),
        ("access_ttl_s=90&refresh_ttl_s=60", "access_ttl_s"),
        ("run=../../keys", "run"),
        ("run=/etc/passwd", "run"),
    ],
)
def test_a_mistake_is_named_in_place_and_what_was_typed_stays(module_app: Flask, query: str, names: str) -> None:
    client = module_app.test_client()
    page = client.get(f"/planner?{query}", headers=HTML)
    assert page.status_code == 400
    assert re.search(rf'role="status" data-complaint>✕ {names} must be ', page.text)
    assert "data-plan" in page.text
    problem = client.get(f"/planner?{query}")
    assert (problem.status_code, problem.get_json()["code"]) == (400, "bad_request")
    assert problem.get_json()["detail"].startswith(f"{names} must be ")


def test_markup_in_an_input_stays_text(module_app: Flask) -> None:
    html = text_of(module_app, '/planner?members="><script>alert(1)</script>')
    assert "<script>alert" not in html


def test_constants_come_from_a_chosen_run(module_app: Flask) -> None:
    assert text_of(module_app, "/planner?run=lookup-cost").count("(from the run)") == 2
    assert text_of(module_app, "/planner?run=memory").count("(from the run)") == 5


def test_ones_own_run_can_be_chosen_and_goes_along(make_app: MakeApp, tmp_path: Path) -> None:
    name = "lookup-cost-20261124-010203"
    run = tmp_path / "loadtests" / name
    run.mkdir(parents=True)
    kept = (ROOT / "docs/results/lookup-cost/results.json").read_text("utf-8")
    (run / "results.json").write_text(kept)
    (tmp_path / "loadtests" / "memory-20261124-010203").mkdir()
    os.mkfifo(tmp_path / "loadtests" / "memory-20261124-010203" / "results.json")  # it has no writer
    app = make_app(instance_dir=tmp_path)
    assert f"the run {name} of {json.loads(kept)['started'][:10]}" in text_of(app, "/planner")
    html = text_of(app, f"/planner?members=5000&run={name}")
    assert f"are from the run {name} instead" in html
    assert f'href="/planner/simulation?members=5000&amp;run={name}"' in html
    assert f'href="/planner?members=5000&amp;run={name}"' in text_of(
        app, f"/planner/simulation?members=5000&run={name}"
    )


def test_runs_are_found_by_name_below_their_folders_only(tmp_path: Path) -> None:
    for name, text in (("memory-1", '{"arms": []}'), ("memory-broken", "{"), ("scale-out-1", '{"arms": []}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(text)
    runs = Runs([tmp_path])
    assert runs.names() == ["memory-1", "memory-broken"], "and none whose requests wait for each other"
    assert runs.read("memory-1") == {"arms": []}
    for name in ("memory-broken", "..", "memory-2", "scale-out-1"):
        with pytest.raises(Exception, match="400 Bad Request"):
            runs.read(name)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_figure_and_resource_has_its_words(module_app: Flask, language: str) -> None:
    html = text_of(module_app, "/planner", language)
    with module_app.test_request_context(headers={"Accept-Language": language}):
        named = [str(label) for label, _ in FIGURES.values()]
        assert all(f'<th scope="row">{label}</th>' in html for label in named)
        assert any(str(resource) in html for resource in RESOURCES.values())
    assert ("회원" in html) is (language == "ko")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_simulation_stands_beside_what_was_measured(module_app: Flask, language: str) -> None:
    arms = json.loads(NEWEST.read_text())["arms"]
    html = text_of(module_app, "/planner/simulation?members=10000000&nodes=1000", language)
    assert all(f'data-arm="{arm["name"]}"' in html for arm in arms)
    assert html.count('">◷</span>') == 1
    answer = module_app.test_client().get("/planner/simulation").get_json()
    assert {arm["name"] for arm in answer["arms"] if arm["run"] == "planner-scaling"} == {arm["name"] for arm in arms}
    assert {arm["run"] for arm in answer["arms"]} == {"planner-scaling", "scale-out"}
    assert {one["approach"] for one in answer["prospects"]} == set(GUARDED)


def test_a_node_simulates_for_several_visitors_at_once(module_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took seconds, and turned all but one visitor away."""
    meanwhile: list[Any] = []

    def asked_meanwhile(terms: Terms) -> Prospect:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = module_app.test_client().get("/planner/simulation?members=1000")
        return prospect(terms)

    monkeypatch.setattr("lab.pages.planner.routes.prospect", asked_meanwhile)
    first = module_app.test_client().get("/planner/simulation?members=1000")
    assert first.status_code == meanwhile[0].status_code == 200
    assert first.get_json() == meanwhile[0].get_json()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(group(), ["plan", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_terminal_prints_the_plan() -> None:
    said = run("--members", "10000000", "--nodes", "1000", "--formulas")
    assert said.startswith("10,000,000 members, 6 requests a minute each, 1,000 nodes\n")
    assert "session is over its limit: the operations of the store’s shards, at " in said
    assert "token is over its limit: the writes of the member database (SQLite makes one at a time), at " in said
    assert "requests_s = members × requests_per_minute ÷ 60\n        = 10,000,000 × 6 ÷ 60 = 1,000,000" in said


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"members": 186_832, "nodes": 1000},
        {"members": 186_833, "nodes": 1000},
        {"members": 100_000_000, "requests_per_minute": 600, "nodes": 1000, "shards": 1000},
    ],
)
def test_a_terminal_says_what_the_page_says(module_app: Flask, asked: dict[str, int]) -> None:
    given = [word for name, value in asked.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    told = " ".join(run(*given, "--formulas").split())
    html = text_of(module_app, f"/planner?{urlencode(asked)}")
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    load = read_load(asked)
    for one in plan(load, measured()[0]):
        for name, figure in one.figures.items():
            written = shown(name, figure.value)
            assert f'data-figure="{one.approach}.{name}">{written}<' in html
            assert f" {written} " in told
        first = f"{RESOURCES[one.first.resource]}, at {number(one.first.breaks_at.value)} members"
        verdict = "is over its limit:" if one.first.is_over else "holds; the first resource to be full:"
        assert f"{one.approach} {verdict} {first}" in told
        assert f"{number(one.first.breaks_at.value)} members." in page
        for expression in (*one.figures.values(), *one.helpers.values(), one.first.breaks_at):
            assert expression.text in told
            assert expression.text in page
            assert expression.worked in told
    for stated in map(str, ASSUMPTIONS):
        assert stated in told
        assert stated in page
    for reading in read_again(measured()[0]):
        assert reading.constant in told
        assert reading.constant in page
    for each in INPUTS:
        assert f"{each.label}: {getattr(load, each.name):,} {each.unit}" in told


def test_columns_stand_apart_in_a_terminal_however_long_the_numbers_are() -> None:
    said = run("--members", "100000000", "--requests-per-minute", "600")
    assert re.search(r"^Requests +1,000,000,000/s +1,000,000,000/s +1,000,000,000/s +1,000,000,000/s$", said, re.M)


@pytest.mark.parametrize(("members", "verdict"), [(186_832, "holds"), (186_833, "is over its limit")])
def test_the_number_that_is_said_to_be_held_is_held_and_one_more_is_not(members: int, verdict: str) -> None:
    """It was rounded up, so that a load was said to be over the limit with fewer members than "it holds up to"."""
    said = run("--members", str(members), "--nodes", "1000")
    assert re.search(rf"^token {verdict}.*, at 186,832 members$", said, re.M)


def test_a_terminal_simulates_the_committed_run() -> None:
    said = run("--simulate")
    assert "the largest deviation: " in said
    assert said.count("(gives the constant of the machine)") == 1


def test_what_the_model_says_is_kept_by_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = committed()
    monkeypatch.setattr("planner.commands.simulate_committed", lambda constants: kept[:3])
    for module in ("commands", "reproduce"):
        monkeypatch.setattr(f"planner.{module}.SIMULATED", tmp_path / "simulated.json")
    result = CliRunner().invoke(group(), ["simulate"])
    assert (result.exit_code, result.output) == (0, f"3 arms are in {tmp_path / 'simulated.json'}\n")
    assert committed() == kept[:3]


def test_a_terminal_takes_constants_from_a_run_and_gives_json() -> None:
    said = json.loads(run("--json", "--run", str(ROOT / "docs" / "results" / "lookup-cost")))
    assert said["approaches"]["token"]["figures"]["token_cores"]["value"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--members", "0"], "Invalid value for '--members'"),
        (["--access-ttl-s", "90", "--refresh-ttl-s", "60"], "access_ttl_s must be at most refresh_ttl_s"),
        (["--run", "nowhere.json"], "Invalid value for --run"),
        (["--run", "docs/results/outage"], "measures no constant; these do: lookup-cost, memory"),
    ],
)
def test_a_terminal_names_what_is_wrong(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(group(), ["plan", *arguments])
    assert result.exit_code == 2
    assert says in result.output


@pytest.mark.own_processes
def test_it_runs_as_a_module() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "planner", "plan", "--members", "1000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "1,000 members" in ran.stdout
    assert ran.stderr == ""
