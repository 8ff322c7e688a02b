"""What one core serves: the knee, the rule that finds it, and when it is not believed. With known answers."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from loadtests import cores
from loadtests.compare import compare
from loadtests.experiments import BY_NAME
from loadtests.experiments.saturation import RateStep, knee, served
from loadtests.outcome import Outcome
from loadtests.publishable import reasons_against
from loadtests.results import Run, as_json
from loadtests.windows import Window
from tests.loadtests.made import step
from tests.loadtests.test_conclusions import saturation

EXPERIMENT = BY_NAME["saturation"]
RATES = (30, 60, 90, 120)


def steps(*windows: Window) -> Sequence[RateStep]:
    return [RateStep.of(window) for window in windows]


def rising(most: int = 100, **changes: Any) -> list[Window]:
    return [step(load=load, most=most, **changes) for load in RATES]


def rounds(*knees: int) -> list[Window]:
    """Return a round for each of these knees, in percent of 1,000 requests/s."""
    return [step(repeat=repeat, load=load, most=most) for repeat, most in enumerate(knees) for load in RATES]


def test_the_knee_is_the_highest_rate_that_is_carried() -> None:
    assert knee(steps(*rising(most=90))) == 2
    assert knee(steps(*rising(most=30))) == 0
    assert knee(steps(*rising(most=120))) == 3


def test_a_rate_above_one_that_was_not_carried_is_no_knee() -> None:
    """By luck, a core seems to keep up with 900 requests/s after it has not with 600."""
    lucky = [step(load=30), step(load=60, most=30), step(load=90), step(load=120, most=30)]
    assert knee(steps(*lucky)) == 0


def test_where_nothing_is_carried_there_is_no_knee() -> None:
    assert knee(steps(step(load=30, most=0))) is None
    assert knee([]) is None


@pytest.mark.parametrize(
    ("change", "carried"),
    [
        ({}, True),
        ({"timeline": [[0.5, {"ok": 99}], [1.0, {"ok": 1}]]}, True),  # 99 of 100 before the window's end
        ({"timeline": [[0.5, {"ok": 98}], [1.0, {"ok": 2}]]}, False),
        ({"timeline": [[0.5, {"ok": 98, "unavailable": 2}]]}, False),
        ({"since_due": {"p50_us": 1.0, "p99_us": 9000.0}}, True),  # ten times that at the lowest rate
        ({"since_due": {"p50_us": 1.0, "p99_us": 9001.0}}, False),
        ({"generator_core": 0.85}, True),
        ({"generator_core": 0.86}, False),
    ],
)
def test_a_rate_is_carried_by_the_rule_that_the_report_states(change: dict[str, Any], carried: bool) -> None:
    lowest, window = RateStep.of(step(load=30)), step(load=60)
    reading = {name: value for name, value in change.items() if name in window.reading}
    window = replace(window, reading={**window.reading, **reading}, generator_core=change.get("generator_core", 0.0))
    assert RateStep.of(window).is_carried(lowest) is carried


def test_one_core_serves_the_median_of_its_knees_and_the_interval_has_room_for_the_next_rate() -> None:
    core = served(rounds(60, 90, 90, 90, 90, 90))
    assert core is not None
    assert (core.rps.value, core.rps.low, core.rps.high) == (900, 600, 1200)
    assert (core.node_us.value, core.store_us.value) == (1000, 5)
    assert core.reached


def test_a_core_that_carries_every_rate_might_carry_more() -> None:
    core = served(rounds(90, 90, 120, 90, 90, 90))
    assert core is not None
    assert not core.reached


def test_two_rounds_give_no_interval() -> None:
    core = served(rounds(90, 90))
    assert core is not None
    assert (core.rps.low, core.rps.high) == (float("-inf"), float("inf"))


def test_the_answer_is_a_sentence_with_intervals_and_the_share_of_the_instrument() -> None:
    outcome = concluded([replace(window, generator_core=0.4) for window in saturation()])
    assert str(outcome.answer).startswith(
        "One core serves 900 (900 … 1,200) requests a second by session, 1,800 (1,800 … 2,400) by a token signed by "
        "HS256, 1,800 (1,800 … 2,400) by one signed by EdDSA, and 3,600 (3,600 … 4,800) that need no login."
    )
    assert "Of the 1,000 (1,000 … 1,000) µs of the core that a session's request takes, 250 " in str(outcome.answer)
    assert str(outcome.answer).endswith("The load generator took 40 % of another core at most.")
    assert "코어 하나" in outcome.answer.said_in("ko")


def test_every_approach_has_its_line_up_to_the_knee_and_its_bars() -> None:
    median, slowest, costs = concluded(saturation()).charts
    for chart in (median, slowest):
        assert [str(trace.name) for trace in chart.traces][3:5] == ["token, HS256", "token, EdDSA"]
        assert [list(trace.x) for trace in chart.traces][2] == [300, 600, 900]
    assert str(slowest.title).startswith("At the knee 99 of 100 requests are answered within 900 µs by session")
    assert [[str(place) for place in trace.x] for trace in costs.traces] == [["node", "store"]] * 6
    assert [trace.hue for trace in costs.traces] == ["open", "memory", "session", "token", "eddsa", "hybrid"]


def concluded(windows: Sequence[Window]) -> Outcome:
    return EXPERIMENT.conclude(windows, EXPERIMENT.quick)


def reasons(windows: Sequence[Window]) -> list[str]:
    return [str(reason) for reason in reasons_against(windows, concluded(windows).checks)]


def test_a_clean_run_is_publishable() -> None:
    assert reasons(saturation()) == []


def told(window: Window, **more: Any) -> Window:
    return replace(window, more={**window.more, **more})


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (lambda window: told(window, pinned=False), "A check failed: the node had its own core."),
        (lambda window: replace(window, generator_core=0.86), "The load generator used 86 % of its core"),
        (
            lambda window: told(replace(window, generator_core=0.5), store_us=0.4e6),
            "A check failed: generator and store had enough processor time. "
            "It found: at the knee they used at most 90 %",
        ),
        (lambda window: replace(window, neighbours_share=0.3), "Other processes used 30 %"),
        (lambda window: replace(window, commands={"get": 101}), "A check failed: store commands of session."),
        (lambda window: None if window.repeat > 1 else window, "An arm was measured 2 times"),
        (
            lambda window: None if window.factors["load_percent"] > 90 else window,
            "A check failed: the knee of session was found. It found: 900 to 900 requests/s were carried, in 6 of 6 ",
        ),
    ],
)
def test_a_run_whose_instrument_was_the_limit_is_not_publishable(spoilt: Any, reason: str) -> None:
    windows = [changed for window in saturation() if (changed := spoilt(window)) is not None]
    assert any(said.startswith(reason) for said in reasons(windows)), reasons(windows)


def test_with_cores_enough_the_store_does_not_take_from_the_generator() -> None:
    windows = [told(replace(window, generator_core=0.5), store_us=0.4e6, cores_beside=3) for window in saturation()]
    assert reasons(windows) == []


def test_two_machines_are_compared_by_ratios_to_no_login() -> None:
    outcome = concluded(saturation())
    first, second = (
        as_json(Run("saturation", "", {"processor": name}, {}), outcome.answer, outcome.arms, [], []) for name in "AB"
    )
    rows = compare(first, second).rows
    assert ("session", "rps", "open") in [(row.name, row.reading, row.over) for row in rows]
    assert ("session", "node_cpu_us", "open") in [(row.name, row.reading, row.over) for row in rows]
    assert all(row.over == "open" for row in rows)


# -- cores and the kernel's count of them

LINUX = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins nothing")
WORKS = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); input()"


@pytest.fixture
def child() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", WORKS], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


@LINUX
def test_a_process_is_pinned_with_all_its_threads(child: int) -> None:
    there = os.sched_getaffinity(0)
    one = max(there)
    cores.pin(child, {one})
    assert {tuple(os.sched_getaffinity(thread)) for thread in cores._threads(child)} == {(one,)}
    assert os.sched_getaffinity(0) == there


@LINUX
def test_what_is_started_on_some_cores_stays_there_and_we_do_not() -> None:
    there = os.sched_getaffinity(0)
    one = max(there)
    with cores.starting_on({one}):
        said = subprocess.check_output([sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], text=True)
    assert said == f"{{{one}}}\n"
    assert os.sched_getaffinity(0) == there


@pytest.mark.parametrize(("there", "divided"), [({0}, None), ({0, 1}, (1, {0})), ({2, 5, 7}, (7, {2, 5}))])
def test_the_node_has_a_core_and_the_others_share_the_rest(
    monkeypatch: pytest.MonkeyPatch, there: set[int], divided: Any
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: there, raising=False)
    found = cores.divided()
    assert (found and (found.node, set(found.others))) == divided


def test_a_system_that_pins_nothing_is_told_from_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores.divided() is None


@LINUX
def test_the_kernel_counts_what_each_thread_has_worked() -> None:
    before = cores.cpu_times_ns(os.getpid())
    worker = threading.Thread(target=lambda: sum(range(300_000)))
    worker.start()
    worker.join()
    sum(range(300_000))
    assert cores.added_us(before, cores.cpu_times_ns(os.getpid())) > 0
    assert cores.added_us({1: 5_000, 2: 1_000}, {1: 7_000, 3: 4_000}) == 6.0  # thread 2 has ended, 3 has begun
