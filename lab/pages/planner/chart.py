"""Chart of each approach's capacity in members over the number of nodes, in percent of width and height."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from planner.limits import Limit
from planner.load import Load
from planner.plan import NODE_COUNTS

LABEL_GAP = 7.0  # percent of the height, so that names do not overlap

Capacities = Mapping[str, Sequence[tuple[int, Limit]]]


@dataclass(frozen=True)
class ChartLine:
    """One approach: the points of its line, and the position of its name."""

    approach: str
    points: str
    label_y: float


@dataclass(frozen=True)
class CapacityChart:
    """Lines and marks. Positions are in percent from the upper left corner of the plot."""

    lines: list[ChartLine]
    x_marks: list[tuple[float, int]]
    y_marks: list[tuple[float, float]]
    here: tuple[float, float]


def chart(load: Load, capacities: Capacities) -> CapacityChart:
    """Draw the capacities and the load. Both axes are logarithmic."""
    values = [limit.breaks_at.value for line in capacities.values() for _, limit in line]
    low, high = _decades([*values, load.members])
    place_y = partial(_place_y, low, high)
    lines = {
        approach: [(_place_x(nodes), place_y(limit.breaks_at.value)) for nodes, limit in line]
        for approach, line in capacities.items()
    }
    ends = _apart({approach: points[-1][1] for approach, points in lines.items()})
    return CapacityChart(
        [ChartLine(approach, _corners(points), ends[approach]) for approach, points in lines.items()],
        [(_place_x(nodes), nodes) for nodes in (1, 10, 100, 1000)],
        [(place_y(10**decade), 10**decade) for decade in range(low, high + 1)],
        (_place_x(load.nodes), place_y(load.members)),
    )


def flat(capacities: Capacities) -> dict[str, float]:
    """Return the approaches that more nodes do not help at the end of the chart, with the most members of each."""
    last_two = {approach: [limit.breaks_at.value for _, limit in line[-2:]] for approach, line in capacities.items()}
    return {approach: last for approach, (before, last) in last_two.items() if before == last}


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(max(1, min(values)))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _place_x(nodes: int) -> float:
    return 100 * math.log10(nodes) / math.log10(NODE_COUNTS[-1])


def _place_y(low: int, high: int, value: float) -> float:
    return 100 * (1 - (math.log10(max(value, 10**low)) - low) / (high - low))


def _corners(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _apart(wanted: Mapping[str, float]) -> dict[str, float]:
    """Move names down until none overlap, and all of them up if the last one is outside the chart."""
    placed: dict[str, float] = {}
    lowest = -LABEL_GAP
    for approach, y in sorted(wanted.items(), key=lambda item: item[1]):
        lowest = max(y, lowest + LABEL_GAP)
        placed[approach] = lowest
    beyond = max(0.0, lowest - 100)
    return {approach: y - beyond for approach, y in placed.items()}
