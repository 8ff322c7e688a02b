"""What a run leaves behind: `results.json`, CSV, the report; and two runs compared."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loadtests.__main__ import loadtests
from loadtests.compare import MOST_REPEATS, Comparison, NotComparable, compare, text
from loadtests.hues import colours
from loadtests.in_figures import in_figures
from loadtests.outcome import Chart, Outcome, Table, Trace
from loadtests.report import write_report
from loadtests.results import COLUMNS, Check, Run, as_json, write_csv, write_json
from loadtests.windows import summarise
from loadtests.words import Text
from tests.loadtests.made import five, window

RUN = Run("lookup-cost", "2026-01-02T03:04:05+00:00", {"cores": 2, "packages": {"locust": "2.47.0"}}, {"seed": 1})


HERE = {"processor": "A", "cores": 2, "memory_gib": 8.0, "system": "Linux", "python": "3.11", "load_average": [1]}
ELSEWHERE = {**HERE, "processor": "B", "load_average": [2]}


def results(*p50s_us: float, name: str = "lookup-cost") -> Any:
    arm = summarise(five(p50s_us=p50s_us))
    return as_json(Run(name, "", HERE, {}), Text("answer"), [arm], [], [])


def test_the_results_hold_what_was_promised() -> None:
    arm = summarise(five(factors={"round_trip_ms": 1}), more={"in_server_us": 90.0})
    told = as_json(RUN, Text("It costs."), [arm], [Check(Text("a"), True, Text("b"))], [Text("It was stopped.")])
    assert {"experiment", "started", "machine", "publishable", "reasons", "arms", "checks"} <= told.keys()
    assert (told["publishable"], told["reasons"]) == (False, ["It was stopped."])
    assert told["checks"] == [{"name": "a", "ok": True, "detail": "b"}]
    [row] = told["arms"]
    assert set(COLUMNS) | {"factors", "in_server_us"} <= row.keys()
    assert row["name"] == "session · 1 ms"
    assert (row["requests"], row["p50_us"], row["store_commands_per_request"]) == (500, 400, 1.0)
    assert row["ci95_p50_us"][0] >= 390
    assert row["ci95_p50_us"][1] <= 410


def test_what_is_written_can_be_read_by_anybody(tmp_path: Path) -> None:
    write_json({"experiment": "x", "arms": [], "infinite": float("inf"), "no number": float("nan")}, tmp_path)
    told = json.loads((tmp_path / "results.json").read_text(), parse_constant=pytest.fail)
    assert (told["infinite"], told["no number"]) == (None, None)


def test_the_csv_has_the_factors_and_then_the_promised_fields(tmp_path: Path) -> None:
    write_csv(
        [summarise(five(factors={"round_trip_ms": 1})), summarise([window("memory", factors={"nodes": 2})])], tmp_path
    )
    with open(tmp_path / "arms.csv", encoding="utf-8") as file:
        head, first, second = csv.reader(file)
    assert head == ["name", "approach", "round_trip_ms", "nodes", *COLUMNS]
    assert (first[2], first[3], second[2], second[3]) == ("1", "", "", "2")
    assert first[head.index("ci95_p50_us")].count(" ") == 1


@pytest.mark.parametrize(
    "contents", ["", "[]", '{"arms": []}', "{", '{"experiment": "x", "arms": [NaN]}', "[" * 200_000]
)
def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path, contents: str) -> None:
    (tmp_path / "results.json").write_text(contents)
    said = CliRunner().invoke(loadtests, ["compare", str(tmp_path), str(tmp_path)])
    assert said.exit_code == 1
    assert said.output == f"Error: {tmp_path / 'results.json'} is not the results.json of a run\n"


def rows(first: Any, second: Any) -> Any:
    return compare(first, second).rows


def test_runs_of_the_same_do_not_differ() -> None:
    comparison = compare(results(400, 405, 395, 410, 390), results(402, 400, 398, 415, 385))
    assert [row.differs for row in comparison.rows] == [False]
    assert "No difference exceeds the noise" in text(comparison)[-1]


def test_a_run_that_is_twice_as_slow_on_the_same_machine_differs() -> None:
    comparison = compare(results(400, 405, 395, 410, 390), results(800, 805, 795, 810, 790))
    [row] = comparison.rows
    assert row.differs
    assert row.difference.value == pytest.approx(400)
    assert text(comparison)[-1] == "1 of 1 readings differ by more than the noise."


def test_a_small_drift_of_the_machine_is_no_difference() -> None:
    [row] = rows(results(*[400] * 5), results(*[430] * 5))
    assert not row.differs


def test_medians_of_an_even_number_of_repeats_are_in_the_middle() -> None:
    [row] = rows(results(100, 200), results(150))
    assert (row.first, row.second, row.difference.value) == (150, 150, 0)


def repeated(reading: str, *values: float) -> Any:
    arm = summarise(five(), repeats={reading: values})
    return as_json(Run("outage", "", HERE, {}), Text("answer"), [arm], [], [])


@pytest.mark.parametrize(
    ("reading", "first", "second", "differs"),
    [
        ("error_share_during", [0.0] * 5, [0.0] * 5, False),
        ("error_share_during", [0.0] * 5, [0.01, 0, 0.02, 0, 0.03], False),  # a tenth of nothing is not asked for
        ("error_share_during", [0.0] * 5, [0.9, 1.0, 1.0, 1.0, 1.0], True),
        ("lag_s", [0.001, 0.002, 0.003], [0.01, 0.02, 0.015], False),
        ("lag_s", [29.0, 29.5, 30.0], [14.1, 14.5, 14.9], True),
        ("bytes_a_login", [490.0, 489, 491], [590.0, 589, 591], True),
        ("rps", [100.0, 101, 99], [90.0, 120.0, 99.0], False),
    ],
)
def test_runs_are_compared_by_what_answers_their_question(
    reading: str, first: list[float], second: list[float], differs: bool
) -> None:
    [row] = rows(repeated(reading, *first), repeated(reading, *second))
    assert (row.reading, row.over, row.differs) == (reading, None, differs)


def lookup_cost(machine: Any, slower: float = 1.0, session: float = 1.0, **options: Any) -> Any:
    """Return a run of three arms, on a machine that is so much slower, whose sessions take so much longer yet."""
    factors = {"algorithm": None, "round_trip_ms": 1}
    p50s = {"open": 300 * slower, "memory": 330 * slower, "session": 1000 + 420 * slower * session}
    arms = [
        summarise([*five(approach, tuple(us * spread for spread in (1, 1.01, 0.99, 1, 1)), factors=factors)])
        for approach, us in p50s.items()
    ]
    return as_json(Run("lookup-cost", "", machine, {"seconds": 5.0, **options}), Text("answer"), arms, [], [])


def test_between_two_machines_ratios_to_no_login_are_compared_and_times_are_not() -> None:
    """Of two runs that agree in every answer, 14 of 14 readings differed: one machine was slower than the other."""
    comparison = compare(lookup_cost(HERE), lookup_cost(ELSEWHERE, slower=2.0))
    assert comparison.ratios_only
    assert [(row.name, row.over, row.differs) for row in comparison.rows] == [
        ("memory · 1 ms", "open · 1 ms", False),
        ("session · 1 ms", "open · 1 ms", False),
    ]
    assert comparison.rows[1].first == pytest.approx(1.4, rel=0.03)  # without the 1,000 µs that were set
    said = text(comparison)
    assert "processor: A and B" in said[-3]
    assert "compared only as ratios to a baseline" in said[-2]


def test_between_two_machines_a_session_that_costs_more_is_found() -> None:
    comparison = compare(lookup_cost(HERE), lookup_cost(ELSEWHERE, slower=0.5, session=1.5))
    assert [row.name for row in comparison.rows if row.differs] == ["session · 1 ms"]


@pytest.mark.parametrize(
    ("machine", "options", "ratios_only"),
    [
        (HERE, {}, False),
        (HERE, {"seed": 2, "repeats": 9}, False),
        (HERE, {"own_store": True, "quick": False}, False),  # younger than the runs that are published
        (HERE, {"seconds": 6.0}, True),
        (HERE, {"users": 2}, True),
        (HERE, {"quick": True}, True),
        (HERE, {"own_store": False}, True),
        (ELSEWHERE, {}, True),
        ({**HERE, "cores": 4}, {}, True),
        ({**HERE, "memory_gib": 16.0}, {}, True),
        ({}, {}, True),
    ],
)
def test_times_are_compared_as_they_are_only_where_machine_and_settings_are_the_same(
    machine: Any, options: Any, ratios_only: bool
) -> None:
    comparison = compare(lookup_cost(HERE), lookup_cost(machine, **options))
    assert comparison.ratios_only is ratios_only
    assert {row.over for row in comparison.rows} == ({"open · 1 ms"} if ratios_only else {"open · 1 ms", None})


@pytest.mark.parametrize("given", [{"own_store": False}, {}])
def test_two_runs_of_an_unknown_place_are_not_taken_for_one(given: Any) -> None:
    machine = HERE if given else {}
    assert compare(lookup_cost(machine, **given), lookup_cost(machine, **given)).ratios_only


def test_two_machines_without_a_baseline_in_common_are_not_compared() -> None:
    elsewhere = {**results(400, 410, 390), "machine": ELSEWHERE}
    with pytest.raises(NotComparable, match="processor: A and B"):
        compare(results(400, 410, 390), elsewhere)


def test_what_no_machine_decides_is_compared_between_any_two() -> None:
    [row] = rows(repeated("bytes_a_login", 490, 491), {**repeated("bytes_a_login", 490, 491), "machine": ELSEWHERE})
    assert (row.reading, row.differs) == ("bytes_a_login", False)


def test_what_differs_between_two_runs_is_said() -> None:
    second = lookup_cost({**ELSEWHERE, "packages": {"redis": "9.0"}}, users=16)
    second["arms"] = second["arms"][:2]
    first = lookup_cost({**HERE, "packages": {"redis": "8.1"}}, users=32, seed=1)
    assert compare(first, second).unlike == [
        *("users: 32 and 16", "seed: 1 and None", "processor: A and B", "redis: 8.1 and 9.0"),
        "arms of one run only: 1",
    ]
    assert compare(first, first).unlike == []


def unpublishable(*reasons: str) -> Any:
    return {**results(400, 410, 390), "publishable": False, "reasons": list(reasons)}


def test_a_run_that_is_not_publishable_is_said_before_the_table_and_after_it() -> None:
    comparison = compare(results(400, 410, 390), unpublishable("It was stopped.", "A check failed."))
    said = text(comparison)
    refusal = "✕ The second run is not publishable: It was stopped. A check failed."
    assert said[0] == said[-2] == refusal
    assert comparison.view()["unpublishable"] == ([], ["It was stopped.", "A check failed."])
    both = text(compare(unpublishable(), unpublishable("x")))
    assert both[:2] == [
        "✕ The first run is not publishable: it does not say that it is",
        "✕ The second run is not publishable: x",
    ]


def test_one_repeat_knows_no_noise() -> None:
    [row] = rows(repeated("lag_s", 1.0), repeated("lag_s", 100.0))
    assert not row.differs
    assert (row.view()["low"], row.view()["high"]) == (None, None)


def test_two_experiments_are_not_compared() -> None:
    with pytest.raises(NotComparable):
        compare(results(400, 401), results(400, 401, name="memory"))


@pytest.mark.parametrize(
    "change",
    [
        {"experiment": []},
        {"arms": [1]},
        {"arms": {}},
        {"arms": [{"name": "a", "repeats": {"lag_s": ["1"]}}]},
        {"arms": [{"name": "a", "repeats": {"lag_s": [1e999]}}]},
        {"arms": [{"name": "a", "repeats": {"lag_s": [1.0] * (MOST_REPEATS + 1)}}]},
        {"arms": [{"name": "a", "repeats": {}}]},
        {"arms": [{"name": "a", "factors": 1}]},
        {"machine": "A"},
        {"options": [1]},
    ],
)
def test_what_is_no_runs_results_is_refused_and_no_fault(change: Any) -> None:
    with pytest.raises(NotComparable):
        compare({**results(400, 401), **change}, {**results(400, 401), **change})


def test_an_arm_without_its_experiments_factors_has_no_baseline() -> None:
    assert isinstance(compare(results(400, 401), results(400, 401)), Comparison)


def test_compare_works_from_the_command_line(tmp_path: Path) -> None:
    for name, told in (("a", results(400, 410, 390)), ("b", results(900, 910, 890))):
        (tmp_path / name).mkdir()
        write_json(told, tmp_path / name)
    said = CliRunner().invoke(loadtests, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert said.exit_code == 0
    assert "session" in said.output
    assert "different conditions" not in said.output
    assert said.output.endswith("1 of 1 readings differ by more than the noise.\n")
    data = CliRunner().invoke(loadtests, ["compare", "--json", str(tmp_path / "a"), str(tmp_path / "b")])
    assert json.loads(data.output).keys() == {"rows", "unlike", "ratios_only", "unpublishable"}


def test_compare_says_how_a_run_that_was_killed_is_concluded(tmp_path: Path) -> None:
    (tmp_path / "windows.jsonl").write_text("")
    said = CliRunner().invoke(loadtests, ["compare", str(tmp_path), str(tmp_path)])
    assert said.exit_code == 1
    assert f"`python -m loadtests report {tmp_path}` concludes it" in said.output


@pytest.fixture
def report(tmp_path: Path) -> str:
    chart = Chart(Text("It <costs>"), "", "µs", [Trace("session", "session", ["</script>"], [100.0], [90.0], [120.0])])
    checks = [Check(Text("a check"), False, Text("its detail"))]
    outcome = Outcome(
        Text("It costs %(us)s µs.", {"us": "100 (90 … 120)"}),
        [summarise(five())],
        checks,
        [chart],
        [Table(Text("A table"), [Text("approach")], [[Text("session")]])],
        [Text("How it was done.")],
    )
    return write_report(RUN, Text("What does it cost?"), outcome, [Text("It was stopped.")], tmp_path).read_text()


def test_the_report_needs_nothing_from_anywhere(report: str) -> None:
    page = re.sub(r"<script>.*?</script>", "", report, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["results.json", "arms.csv", "windows.jsonl"]
    assert "default-src 'none'" in page
    assert "Plotly" in report


def test_the_answer_comes_first_then_charts_then_tables_then_method(report: str) -> None:
    places = [
        report.index(words) for words in ("It costs 100", "It &lt;costs&gt;", "A table", "How it was done.", "2.47.0")
    ]
    assert places == sorted(places)
    assert report.index("It was stopped.") < report.index("A table")


def test_no_text_can_end_the_data_early(report: str) -> None:
    data = re.search(r'<script id="figures" type="application/json">(.*?)</script>', report, re.DOTALL)
    assert data is not None
    [chart] = json.loads(data[1])
    assert chart["en"]["light"]["data"][0]["x"] == ["</script>"]


def test_charts_have_the_labs_hues_in_both_themes_intervals_and_zero(report: str) -> None:
    [chart] = json.loads(re.findall(r'application/json">(.*?)</script>', report, re.DOTALL)[0])
    for language in ("en", "ko"):
        for theme in ("light", "dark"):
            figure = chart[language][theme]
            assert figure["data"][0]["marker"]["color"] == colours(theme)["session"]
            assert figure["data"][0]["error_y"]["array"] == [20.0]
            assert figure["data"][0]["error_y"]["arrayminus"] == [10.0]
            assert figure["layout"]["yaxis"]["rangemode"] == "tozero"


def test_a_saved_picture_says_the_finding_the_figures_and_the_run(report: str) -> None:
    [chart] = json.loads(re.findall(r'application/json">(.*?)</script>', report, re.DOTALL)[0])
    said = chart["ko"]["said"]
    assert (said["title"], said["figures"]) == ("It <costs>", ["µs: session 100 (90 … 120)"])
    assert said["run"].startswith(f"{RUN.experiment} · {RUN.started}")


def test_a_chart_in_figures_has_each_point_or_a_range() -> None:
    one = Trace("session", "session", [1, 4], [92.4, 371.0], [91.0, 366.0], [94.0, float("inf")], "line")
    assert in_figures(Chart(Text("x"), "nodes", "req/s", [one]), "en") == [
        "nodes → req/s",
        "session: 1 → 92.4 (91 … 94) · 4 → 371 (366 … ∞)",
    ]
    many = Trace("token", "token", list(range(40)), [None, *map(float, range(1000, 1039))], kind="line")
    fitted, level = replace(many, dashed=True), replace(one, y=[0.0046, 0.0046], dashed=True)
    assert in_figures(Chart(Text("x"), "s", "µs", [many, fitted, level]), "ko") == [
        "µs, 최저 … 최고",
        "token: 1,000 … 1,038",
        "session: 0.0046",
    ]


def test_the_report_speaks_both_languages(report: str) -> None:
    assert '<span lang="en">Method</span><span lang="ko">' in report
