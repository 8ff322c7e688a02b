"""Reconciliation, agreement of readings, and whether a run may be shown: with known answers."""

from typing import Any

import pytest

from loadtests.publishable import reasons_against
from loadtests.readings import read
from loadtests.reconcile import reconciled
from loadtests.results import Check
from loadtests.windows import Window
from loadtests.words import Text
from tests.loadtests.made import five, window


def said(windows: list[Window], *checks: Check, stopped: bool = False) -> list[str]:
    return [str(reason) for reason in reasons_against(windows, checks, stopped)]


@pytest.mark.parametrize("approach", ["open", "memory", "session", "untuned", "token", "hybrid"])
def test_commands_by_design_are_reconciled(approach: str) -> None:
    [check] = reconciled(five(approach))
    assert check.ok, check.detail


@pytest.mark.parametrize(
    ("approach", "commands"),
    [("session", {"getex": 101}), ("session", {"getex": 99}), ("token", {"get": 1}), ("untuned", {"get": 100})],
)
def test_one_command_more_or_less_is_noticed(approach: str, commands: dict[str, int]) -> None:
    windows = [*five(approach)[:4], window(approach, 4, commands=commands)]
    [check] = reconciled(windows)
    assert not check.ok
    assert str(sum(commands.values()) + 4 * sum((windows[0].commands or {}).values())) in str(check.detail)
    assert said(windows, check) == [f"A check failed: {check.name}. It found: {check.detail}."]


def test_two_errors_that_add_up_to_nothing_are_noticed() -> None:
    windows = [window("session", 0, commands={"getex": 101}), window("session", 1, commands={"getex": 99})]
    assert not reconciled(windows)[0].ok


def test_what_nobody_counted_is_not_reconciled() -> None:
    assert reconciled(five(commands=None)) == []


def test_a_clean_run_is_publishable() -> None:
    assert said(five()) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"generator_core": 0.86},
            "The load generator used 86 % of its core (session): so the generator was measured, not the server.",
        ),
        (
            {"kinds": {"ok": 90, "logged_out": 10}, "examples": {"logged_out": "401 invalid_session"}},
            "session: 50 unexpected failures (401 invalid_session).",
        ),
        (
            {"nodes": {"node-1": 90, "node-2": 10}, "nodes_expected": 2},
            "session: the nodes did not get equal shares (90 % / 10 %).",
        ),
        (
            {"nodes": {"node-1": 100}, "nodes_expected": 2},
            "session: the nodes did not get equal shares (100 % / 0 %).",
        ),
        (
            {"neighbours_share": 0.4},
            "Other processes used 40 % of this machine's processors meanwhile, "
            "which the measured processes did not get.",
        ),
        ({"kinds": {}}, "session: nothing was measured."),
        (
            {
                "beside": {"refresh": 9, "refresh failed": 1},
                "examples": {"refresh failed": "refresh: 401 refresh_reused"},
            },
            "session: 5 unexpected failures (refresh: 401 refresh_reused).",
        ),
    ],
)
def test_each_reason_is_said(change: dict[str, Any], reason: str) -> None:
    expected = change.pop("nodes_expected", 0)
    made = [Window(**{**vars(w), "nodes": expected}) for w in five(**change)]
    assert said(made) == [reason]


def test_a_generator_at_its_limit_is_still_fine() -> None:
    assert said(five(generator_core=0.85)) == []


def test_expected_failures_are_data() -> None:
    windows = five("memory", kinds={"ok": 50, "logged_out": 50}, expects=frozenset({"logged_out"}))
    assert said(windows) == []
    somebody_else = five(
        "memory", kinds={"somebody_else": 1}, examples={"somebody_else": "x"}, expects=frozenset({"logged_out"})
    )
    assert said(somebody_else) == ["memory: 5 unexpected failures (x)."]


def test_fewer_than_five_repeats_have_no_interval_to_show() -> None:
    assert said(five()[:3]) == ["An arm was measured 3 times; an interval needs 5 repeats."]
    assert said([*five(), window("memory", once=True)]) == []


def test_a_stopped_or_empty_run_says_so() -> None:
    assert said(five(), stopped=True) == ["The run was stopped before its end."]
    assert said([]) == ["Nothing was measured."]


def six(approach: str = "session", p50_us: float = 400) -> list[Window]:
    """Return as many repeats as an interval of differences takes."""
    return five(approach, (p50_us,) * 6)


def test_readings_that_tell_one_story_agree() -> None:
    session, memory, baseline = (
        five(p50s_us=(400, 405, 395, 410, 390, 400)),
        six("memory", 310),
        six("open", 300),
    )
    readings = read(session, baseline, memory, round_trip_ms=0)
    assert readings is not None
    assert (readings.in_server_us, readings.above_open_us.value, readings.agree) == (90.0, 100.0, True)
    assert readings.above_twin_us is not None
    assert readings.above_twin_us.value == 90.0


def test_a_timer_that_shows_less_than_the_way_takes_disagrees() -> None:
    """A round trip of 5 ms cannot pass in 90 µs."""
    readings = read(six(), six("open", 300), six("memory", 310), round_trip_ms=5)
    assert readings is not None
    assert readings.in_store_us == 5000.0
    assert readings.agree is False


def test_a_difference_that_the_timer_does_not_explain_disagrees() -> None:
    readings = read(six(p50_us=2400), six("open", 300), six("memory", 310), round_trip_ms=0)
    assert readings is not None
    assert readings.agree is False


def test_who_looks_nothing_up_has_nothing_to_agree_on() -> None:
    readings = read(six("token"), six("open", 300), None, round_trip_ms=1)
    assert readings is not None
    assert readings.agree is None


def test_without_a_baseline_there_are_no_readings() -> None:
    assert read(five(), [], None, round_trip_ms=0) is None


def test_a_reason_is_said_in_korean_too() -> None:
    [reason] = reasons_against(five(), (), stopped=True)
    assert isinstance(reason, Text)
    assert reason.said_in("ko") != reason.said_in("en")
