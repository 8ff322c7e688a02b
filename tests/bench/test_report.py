"""What a run's figures become in tables, and that the docs are what was measured."""

import json
from typing import Any

import pytest

from bench import publish, waterfall
from bench.arms.left_out import LANGUAGES
from bench.layers import LAYERS
from bench.machine import typed
from bench.report import as_markdown, as_text, in_process, in_terminal, over_http, sections, warnings
from tests.bench.made import results, window


def test_arms_come_by_what_they_cost_above_bare_flask_in_the_same_round() -> None:
    _, rows = in_process(results())
    assert [row[0] for row in rows] == ["bare Flask", "/open", "/session", "Flask-Session"]
    assert rows[2] == ["/session", "250", "(200 to 300)", "250", "2.50", "+150"]


def test_a_ratio_is_taken_within_each_round() -> None:
    [called, http] = sections(results())
    told = {name: by_the_clock for name, by_the_clock, _, _ in called.ratios[1]}
    assert told["/open over bare ÷ bare Flask"] == "0.50 (0.40 to 0.60)"
    assert told["/session over bare ÷ Flask-Session over bare"] == "0.38 (0.25 to 0.50)"
    assert http.ratios[1] == [
        ["/session (Granian) ÷ Flask-Session (Granian)", "1.85 (1.50 to 2.20)", "1.85 (1.50 to 2.20)", "≥ 1.00"]
    ]


def test_over_http_the_quickest_comes_first() -> None:
    assert over_http(results(), 16)[1] == [
        ["/session", "Granian", "1,000", "1.00", "2.0", "1010", "5", "100%"],
        ["Flask-Session", "Granian", "550", "1.00", "2.0", "1833", "5", "100%"],
    ]


def test_a_run_of_one_kind_has_no_table_of_the_other() -> None:
    assert [each.key for each in sections(results(http=[]))] == ["in-process"]
    empty = {"requests": 50, "us": {}, "cpu_us": {}}
    assert [each.key for each in sections(results(in_process=empty))] == ["http-16"]
    assert in_terminal(results(in_process=empty, http=[])) == ""


def test_what_speaks_against_a_run_is_said() -> None:
    http = [window("/open", 0, 100.0, node_share=0.5, failures=3), window("/open", 1, 100.0)]
    said = " ".join(warnings(results(http=http, left_out=["Express: there is no Node.js"])))
    assert "1 of 2 windows were disturbed" in said
    assert "3 requests failed" in said
    assert "30% of their core" in said
    assert "Not measured: Express: there is no Node.js" in said


def test_a_table_is_drawn_for_a_terminal_and_for_the_docs() -> None:
    table = (("arm", "core"), [["/open", "5"], ["bare Flask", "10"]])
    assert as_text(table) == "arm         core\n/open          5\nbare Flask    10"
    assert as_markdown(table, "ko") == "| 대상 | 코어 |\n|---|---|\n| /open | 5 |\n| bare Flask | 10 |"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["--only", "bare Flask", "--out", "/a/folder", "--rounds", "2"], "--only 'bare Flask' --rounds 2"),
        (["--rounds", "0"], "--rounds 0"),
    ],
)
def test_a_run_says_what_was_typed_but_not_where_its_results_went(arguments: list[str], command: str) -> None:
    assert typed("bench", arguments) == f"python -m bench {command}"


def test_the_layers_of_a_path_add_up_to_what_a_request_takes() -> None:
    told = waterfall.microseconds({"us": 200.0, "looks": {"framework": 30, "wait": 10}})
    assert told.keys() == LAYERS.keys()
    assert sum(us for us, _ in told.values()) == pytest.approx(200.0)
    assert told["framework"][0] == pytest.approx(150.0)
    assert told["client"] == (0.0, 0.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_docs_are_what_was_measured(language: str) -> None:
    """Run `python -m bench.publish` to write them anew."""
    data: list[Any] = [json.loads((publish.DATA / name).read_text()) for name in publish.FILES]
    text = publish.PAGES[language].read_text("utf-8")
    assert publish.filled(text, *data, language) == text
    for picture in publish.DATA.glob("*.svg"):
        assert f"bench/{picture.name}" in text
