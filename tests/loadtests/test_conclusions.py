"""What each experiment concludes, from windows whose answers are known; and from a run that was stopped early."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests.experiments import ALL, BY_NAME
from loadtests.experiments.outage import expected
from loadtests.experiments.saturation import EVERYONE, QUICK_LOADS
from loadtests.outcome import Outcome
from loadtests.publishable import reasons_against
from loadtests.report import write_report
from loadtests.results import ArmResult, Run, as_json, write_csv, write_json
from loadtests.windows import Window
from service.approaches import BY_NAME as TABLE
from tests.loadtests.made import five, step, turns

Made = Callable[[], list[Window]]


def lookup_cost() -> list[Window]:
    return turns(restarts=10)


def saturation() -> list[Window]:
    """One core carries 900 requests/s by session, 1,800 by token and 3,600 without a login."""
    capacities = {"open": 4000.0, "memory": 3000.0, "session": 1000.0, "token": 2000.0, "hybrid": 800.0}
    return [
        step(approach, algorithm, repeat, load, capacities[approach], most=100)
        for approach, algorithm in EVERYONE
        for repeat in range(6)
        for load in QUICK_LOADS
    ]


def scale_out() -> list[Window]:
    windows = []
    for approach in ("memory", "session", "token", "hybrid"):
        for nodes, rps in ((1, 100.0), (2, 180.0)):
            split = {f"node-{number + 1}": 100 // nodes for number in range(nodes)}
            lost = 50 if (approach, nodes) == ("memory", 2) else 0
            windows += five(
                approach,
                factors={"nodes": nodes, "door": "round robin"},
                rps=rps,
                nodes=split,
                kinds={"ok": 100 - lost, "logged_out": lost},
                expects=frozenset({"logged_out"}),
                commands=None,
                more={"open_loop": {"offered_rps": 80.0, "p50_us": 10.0, "p95_us": 20.0, "p99_us": 30.0}},
            )
        factors = {"nodes": 1, "door": "scaled up", "threads": 4}
        windows += five(approach, factors=factors, rps=150.0, nodes={"node-1": 100}, commands=None)
    return windows


def memory() -> list[Window]:
    windows = []
    for logins in (1000, 2000, 3000):
        factors = {"logged_in_members": logins}
        weights = {"store_bytes": 500 * logins + 10_000, "database_bytes": 400 * logins, "database_logins": logins}
        weights |= {"real_record_bytes": 272, "record_bytes": 272}
        for approach in ("session", "token"):
            windows += five(approach, factors=factors, more={"weights": weights})
        windows += five("memory", factors=factors, once=True, more={"weights": {"node_bytes": 800 * logins}})[:1]
    return windows


def revocation() -> list[Window]:
    windows = []
    for approach, ttl, lag_s in (
        ("session", None, 0.01),
        ("memory", None, 0.01),
        ("token", 5, 4.6),
        ("hybrid", 5, 0.02),
    ):
        notes = [{"lag_s": lag_s, "admitted": round(lag_s * 100)}, {"lag_s": lag_s / 2, "admitted": 0}]
        windows += five(approach, factors={"access_ttl_s": ttl}, notes=notes, commands=None)
    return windows


def lifetimes() -> list[Window]:
    notes = [
        {"refresh": ["SELECT refresh_tokens", "UPDATE refresh_tokens", "INSERT refresh_tokens"], "server_us": 900.0}
    ]
    windows = []
    for ttl in (5, 10):
        beside = {"refresh": 4 * 60 // ttl}
        for approach in ("token", "hybrid"):
            windows += five(
                approach, factors={"access_ttl_s": ttl}, seconds=60.0, beside=beside, notes=notes, more={"members": 4}
            )
    notes = [{"login": ["SELECT members", "INSERT refresh_families"], "server_us": 45_000.0}]
    factors = {"access_ttl_s": 10, "renewal": "log-in"}
    beside = {"login": 4 * 60 // 10}
    windows += five("token", factors=factors, seconds=60.0, beside=beside, notes=notes, more={"members": 4})
    return windows


def outage() -> list[Window]:
    up: list[Any] = [[at / 10, {"ok": 2}] for at in range(80)]
    down: list[Any] = [[at / 10, {"unavailable": 2} if 20 <= at < 45 else {"ok": 2}] for at in range(80)]
    windows = []
    for fault in ("store killed", "node killed"):
        for approach in ("memory", "session", "token"):
            timeline = down if (approach, fault) == ("session", "store killed") else up
            lost = 3 if (approach, fault) == ("memory", "node killed") else 0
            more = {"logins": 4, "logins_lost": lost, "broken_s": (2.0, 4.0)}
            windows += five(approach, factors={"fault": fault}, seconds=8.0, timeline=timeline, more=more)
    return windows


MADE: dict[str, Made] = {
    "lookup-cost": lookup_cost,
    "saturation": saturation,
    "scale-out": scale_out,
    "memory": memory,
    "revocation": revocation,
    "lifetimes": lifetimes,
    "outage": outage,
}


def concluded(name: str) -> tuple[Outcome, dict[str, ArmResult]]:
    outcome = BY_NAME[name].conclude(MADE[name](), BY_NAME[name].quick)
    return outcome, {arm.name: arm for arm in outcome.arms}


def write_everything(name: str, windows: Sequence[Window], folder: Path) -> None:
    outcome = BY_NAME[name].conclude(windows, BY_NAME[name].quick)
    run = Run(name, "", {"packages": {}}, {})
    write_json(as_json(run, outcome.answer, outcome.arms, outcome.checks, []), folder)
    write_csv(outcome.arms, folder)
    write_report(run, BY_NAME[name].question, outcome, [], folder)


@pytest.mark.parametrize("name", MADE)
def test_every_check_of_a_clean_run_holds(name: str) -> None:
    outcome, _arms = concluded(name)
    assert [str(check.name) for check in outcome.checks if not check.ok] == []
    assert outcome.checks
    assert outcome.answer.said_in("ko") != str(outcome.answer)


@pytest.mark.parametrize("name", [experiment.name for experiment in ALL])
def test_a_run_that_is_stopped_at_any_moment_can_be_reported(name: str, tmp_path: Path) -> None:
    windows = MADE[name]()
    for kept in (1, 2, len(windows) // 2):
        write_everything(name, windows[:kept], tmp_path)
        write_everything(name, windows[-kept:], tmp_path)


@pytest.mark.parametrize(
    ("name", "arm", "readings"),
    [
        ("lookup-cost", "session · 0 ms", {"p50_us"}),
        ("saturation", "token · HS256", {"rps", "node_cpu_us"}),
        ("scale-out", "session · 2 nodes · round robin", {"rps", "wrongly_logged_out"}),
        ("memory", "session · 3000 members", {"p50_us", "bytes_a_login"}),
        ("revocation", "token · 5 s", {"lag_s"}),
        ("lifetimes", "token · 5 s", {"refreshes_an_hour_a_member"}),
        ("lifetimes", "token · 10 s · log-in", {"log_ins_an_hour_a_member"}),
        ("outage", "session · store killed", {"error_share_during"}),
    ],
)
def test_what_answers_the_question_is_kept_repeat_by_repeat(name: str, arm: str, readings: set[str]) -> None:
    _outcome, arms = concluded(name)
    repeats = arms[arm].more["repeats"]
    assert repeats.keys() == readings
    assert min(map(len, repeats.values())) >= 2


def test_scale_out_knows_efficiency_and_who_was_wrongly_logged_out() -> None:
    outcome, arms = concluded("scale-out")
    assert arms["session · 2 nodes · round robin"].more["efficiency"] == 0.9
    assert arms["memory · 2 nodes · round robin"].more["wrongly_logged_out"] == 0.5
    assert arms["token · 1 node · round robin"].more["since_intended_start"]["p99_us"] == 30.0
    assert "90% (90% … 90%)" in str(outcome.answer)


def test_scale_out_sets_a_node_scaled_up_beside_as_many_threads_on_more_nodes() -> None:
    outcome, arms = concluded("scale-out")
    assert arms["session · 1 node · scaled up · 4 threads"].more["efficiency"] == 0.75
    assert arms["session · 1 node · scaled up · 4 threads"].more["conditions"]["threads"] == 4
    assert arms["session · 2 nodes · round robin"].more["conditions"]["threads"] == 2
    assert "4 threads serves 1.5 times the requests of one with 2 by session" in str(outcome.charts[2].title)
    assert [row[1:] for row in outcome.tables[1].rows] == [
        ["4", "150", "180", "0.0%", "50.0%" if row == 0 else "0.0%"] for row in range(4)
    ]


def test_a_run_from_before_nodes_were_scaled_up_is_concluded_without_that() -> None:
    windows = [window for window in MADE["scale-out"]() if "threads" not in window.factors]
    before = replace(BY_NAME["scale-out"].quick, most_threads=2)
    outcome = BY_NAME["scale-out"].conclude(windows, before)
    assert (len(outcome.charts), len(outcome.tables)) == (3, 2)
    assert BY_NAME["scale-out"].windows(before) == BY_NAME["scale-out"].windows(BY_NAME["scale-out"].quick) - 4 * 5


def test_memory_carries_the_line_on() -> None:
    outcome, arms = concluded("memory")
    assert arms["session · 3000 members"].more["fit"]["bytes_a_login"] == pytest.approx(500)
    assert arms["memory · 3000 members"].more["fit"]["bytes_a_login"] == pytest.approx(800)
    [table] = outcome.tables
    assert [row[4] for row in table.rows] == ["763", "477", "381"]  # MiB for a million


def test_revocation_counts_each_repeats_longest_lag() -> None:
    _outcome, arms = concluded("revocation")
    assert arms["token · 5 s"].more["lag_s"] == 4.6
    assert arms["token · 5 s"].more["admitted_after_logout"] == 5 * 460
    assert arms["session"].more["logouts"] == 10


def test_lifetimes_multiply_to_an_hour() -> None:
    _outcome, arms = concluded("lifetimes")
    assert arms["token · 5 s"].more["refreshes_an_hour_a_member"] == pytest.approx(720)
    assert arms["hybrid · 10 s"].more["refreshes_an_hour_a_member"] == pytest.approx(360)
    assert arms["token · 5 s"].more["database_writes_a_refresh"] == 2


def test_lifetimes_without_a_refresh_token_are_log_ins_at_the_same_rate() -> None:
    outcome, arms = concluded("lifetimes")
    alone = arms["token · 10 s · log-in"]
    assert alone.more["log_ins_an_hour_a_member"] == arms["token · 10 s"].more["refreshes_an_hour_a_member"] == 360
    assert "refreshes_an_hour_a_member" not in alone.more
    assert "Without a refresh token, 10 s cost 360 (360 … 360) log-ins an hour" in str(outcome.answer)
    rows = outcome.tables[-1].rows
    assert [[str(cell) for cell in row[:2] + row[-1:]] for row in rows] == [
        ["refresh", "10", "900"],
        ["log-in", "10", "45,000"],
    ]


def test_lifetimes_of_a_run_before_that_arm_are_concluded_as_they_were() -> None:
    windows = [window for window in lifetimes() if "renewal" not in window.factors]
    outcome = BY_NAME["lifetimes"].conclude(windows, BY_NAME["lifetimes"].quick)
    assert "log-in" not in str(outcome.answer)
    assert len(outcome.tables) == 2


@pytest.mark.parametrize(
    ("approach", "fault", "kind", "excused"),
    [
        ("session", "store killed", "unavailable", True),
        ("hybrid", "store hangs", "unavailable", True),
        ("token", "store killed", "unavailable", False),
        ("open", "node killed", "unavailable", False),
        ("session", "store killed", "logged_out", False),
        ("session", "node killed", "logged_out", False),
        ("memory", "node killed", "logged_out", True),
        ("token", "node killed", "connection_cut", True),
        ("token", "node killed", "connection_refused", False),  # the balancer stands
    ],
)
def test_an_outage_excuses_what_its_fault_does_and_nothing_else(
    approach: str, fault: str, kind: str, excused: bool
) -> None:
    broken = {"kinds": {"ok": 90, kind: 10}, "failures": 10, "examples": {kind: "told"}}
    arm = five(approach, factors={"fault": fault}, expects=expected(TABLE[approach], fault), **broken)
    assert (not any("unexpected failures" in str(reason) for reason in reasons_against(arm, []))) is excused


def test_whoever_is_not_let_in_after_an_outage_counts_as_lost() -> None:
    windows = [
        replace(window, more={**window.more, "logins_lost": 1}) if window.approach == "token" else window
        for window in outage()
    ]
    checks = BY_NAME["outage"].conclude(windows, BY_NAME["outage"].quick).checks
    failed = [str(check.name) for check in checks if not check.ok]
    assert failed == ["no login is lost: token · store killed", "no login is lost: token · node killed"]


def test_an_outage_is_measured_while_it_lasts_and_until_it_is_over() -> None:
    _outcome, arms = concluded("outage")
    session = arms["session · store killed"]
    assert session.more["error_share_during"] == 1
    assert session.more["recovery_s"] == pytest.approx(0.4)
    assert arms["token · store killed"].more["recovery_s"] is None
    assert arms["memory · node killed"].more["logins_lost"] == 15
