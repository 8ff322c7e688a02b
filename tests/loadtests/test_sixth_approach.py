"""A lab with one more approach describes it, and the load tests measure it and report on it without knowing of it."""

import sys
from pathlib import Path

import pytest

from loadtests.approaches import by_algorithm, described_at, read_facts, store_reads_of
from loadtests.arms import Arm, Crowd
from loadtests.charts import figure
from loadtests.experiments import BY_NAME
from loadtests.experiments.lookup_cost import members
from loadtests.experiments.naming import name_of
from loadtests.outcome import Chart, Outcome, Trace
from loadtests.remote import RemoteGenerator
from loadtests.stage import window_of
from loadtests.windows import Window
from loadtests.words import Text
from service.approaches import APPROACHES
from tests.conftest import MakeApp
from tests.loadtests.made import five
from tests.support.lab_processes import Lab
from tests.support.sixth import TICKET, add_tickets


def test_a_lab_describes_its_approaches_as_they_are(make_app: MakeApp) -> None:
    told = read_facts(make_app(more=[add_tickets]).test_client().get("/lab/approaches").get_json())
    assert [facts.view() for facts in told] == [facts.view() for facts in (*APPROACHES, TICKET)]


def test_it_has_an_arm_beside_those_of_the_table() -> None:
    described = [*APPROACHES, TICKET]
    assert [facts.name for facts, algorithm in by_algorithm(described) if algorithm is None][-1] == "ticket"
    assert "ticket" in [member.name for member in members(described)]


@pytest.mark.own_processes
@pytest.mark.skipif(sys.platform != "linux", reason="nodes are not forked here: tests.support.sixth_lab")
def test_members_log_in_by_it_and_are_measured(tmp_path: Path) -> None:
    with Lab(tmp_path, program=("-m", "tests.support.sixth_lab")) as lab, RemoteGenerator() as generator:
        [ticket] = [facts for facts in described_at(lab.url) if facts.name == TICKET.name]
        for activity in ("profile", "bare"):
            crowd = Crowd(activity, ticket, lab.url, users=2, activity=activity)  # type: ignore[arg-type]
            generator.enter([crowd])
            window = window_of(Arm(crowd, {}), 0, generator.window([crowd], 0.3))
            assert window.reading["kinds"].keys() == {"ok"}
            assert (window.approach, window.store_reads) == ("ticket", 0)
    assert store_reads_of("ticket", window.store_reads) == 0


@pytest.mark.parametrize("name", ["outage", "revocation"])
def test_a_report_without_a_lab_calls_it_by_its_name(name: str) -> None:
    factors = {"outage": {"fault": "store killed"}, "revocation": {"access_ttl_s": None}}[name]
    more = {"logins": 4, "logins_lost": 0, "broken_s": (1.0, 2.0)}
    notes = [{"lag_s": 0.01, "admitted": 0}]
    windows = [Window.of_view(each.view()) for each in five("ticket", factors=factors, more=more, notes=notes)]
    experiment = BY_NAME[name]
    outcome: Outcome = experiment.conclude(windows, experiment.quick)
    assert [arm.approach for arm in outcome.arms] == ["ticket"]
    assert any("ticket" in map(str, row) for table in outcome.tables for row in table.rows)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_draws_it_in_the_colour_of_all_others(theme: str) -> None:
    assert str(name_of("ticket")) == "ticket"
    chart = Chart(Text("found"), "", "", [Trace("ticket", "ticket", [1], [1.0], kind="line")])
    [drawn] = figure(chart, "en", theme)["data"]
    assert drawn["line"]["color"].startswith("#")
