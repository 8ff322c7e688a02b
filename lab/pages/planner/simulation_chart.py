"""Charts of the simulated medians beside the measured ones, a row for each arm, in percent of the width."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from planner.reproduce import Reproduction

STEPS = (1, 2, 2.5, 5, 10)  # between marks, times a power of ten
MARKS = 4  # at least, besides zero
# How the page says conditions: each name stands for all of these.
SAID = {
    "nodes": ("nodes", "balancer"),
    "round_trip_ms": ("round_trip_ms",),
    "work_ms": ("work_ms",),
    "users": ("users", "pause_ms"),
}


@dataclass(frozen=True)
class ArmRow:
    """One arm: the measured median with its interval, and the simulated one."""

    arm: Reproduction
    measured: float
    low: float
    high: float
    simulated: float


@dataclass(frozen=True)
class MedianChart:
    """One run. `groups`: the arms under the same conditions. `marks`: of the axis, which begins at zero, in ms.

    `shared` and `differing`: the conditions that are the same for all, and the others, by their names in `SAID`.
    """

    run: str
    shared: set[str]
    differing: set[str]
    groups: list[tuple[Mapping[str, Any], list[ArmRow]]]
    marks: list[tuple[float, float]]
    arms: int
    worst: float


def median_charts(compared: Sequence[Reproduction]) -> list[MedianChart]:
    """Draw each run, the last one first: the model got no constant from it."""
    runs = list(dict.fromkeys(arm.run for arm in compared))
    return [_chart(run, [arm for arm in compared if arm.run == run]) for run in reversed(runs)]


def _chart(run: str, arms: Sequence[Reproduction]) -> MedianChart:
    step_ms = _step(max(_longest_us(arms) / 1000, 0.001))
    end_ms = step_ms * math.ceil(_longest_us(arms) / 1000 / step_ms)
    marks = [(100 * mark * step_ms / end_ms, mark * step_ms) for mark in range(round(end_ms / step_ms) + 1)]
    together = sorted(arms, key=_order)  # a stable sort: the approaches keep their order
    groups: list[tuple[Mapping[str, Any], list[ArmRow]]] = [
        (dict(conditions), [_row(arm, 1000 * end_ms) for arm in group])
        for conditions, group in groupby(together, key=lambda arm: tuple(arm.conditions.items()))
    ]
    shared = {said for said, names in SAID.items() if len({tuple(map(arm.conditions.get, names)) for arm in arms}) == 1}
    return MedianChart(
        run, shared, SAID.keys() - shared, groups, marks, len(arms), max(abs(arm.off[1]) for arm in arms)
    )


def _longest_us(arms: Iterable[Reproduction]) -> float:
    return max(max(arm.p50_us, *arm.measured_p50_ci_us) for arm in arms)


def _step(longest: float) -> float:
    """Return the widest round step that leaves enough marks."""
    least = longest / MARKS
    power = 10.0 ** math.floor(math.log10(least))
    return max(step * power for step in STEPS if step * power <= least)


def _order(arm: Reproduction) -> tuple[Any, ...]:
    under = arm.conditions
    return (
        under["pause_ms"] == 0,
        under["nodes"],
        under["balancer"],
        under["round_trip_ms"],
        under["users"],
        under["work_ms"],
    )


def _row(arm: Reproduction, end_us: float) -> ArmRow:
    low, high = arm.measured_p50_ci_us
    return ArmRow(arm, *(100 * value / end_us for value in (arm.measured_p50_us, low, high, arm.p50_us)))
