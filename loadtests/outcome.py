"""The conclusion of an experiment: its answer, charts and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from loadtests.results import ArmResult, Check
from loadtests.words import Text, _

Hue = str  # an approach, a variant of one (`loadtests.hues.ALIASES`), or another colour of the style sheet

Cell = Text | str

BOOTSTRAPPED = _(
    "Intervals are bootstrapped over repeats, not over requests: requests of one window are not independent. "
    "With five repeats such an interval of a median is the whole range of the repeats."
)
WITHIN = _(
    "An interval is over repeats (rounds, or restarts of the lab), not over requests: requests of one repeat are not "
    "independent. Its ends are two of the repeats' own values, so far apart that of 100 such runs at least 95 hold "
    "the true median, for any distribution of the values. With fewer than six repeats there are no such two values, "
    "and no interval is given."
)


@dataclass(frozen=True)
class Trace:
    """One series of a chart. `low` and `high`: ends of the intervals. `dashed`: computed, not measured."""

    name: Text | str
    hue: Hue
    x: Sequence[Any]
    y: Sequence[float | None]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    kind: Literal["bar", "line"] = "bar"
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart. Its title is the finding; `x` and `y` are the axis titles with units."""

    title: Text
    x: Text | str
    y: Text | str
    traces: Sequence[Trace]
    logarithmic_x: bool = False


@dataclass(frozen=True)
class Table:
    """A table. Numbers are already formatted; units are in the head."""

    title: Text
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Outcome:
    """The answer in one sentence with its interval, and everything that supports it."""

    answer: Text
    arms: Sequence[ArmResult]
    checks: Sequence[Check] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    method: Sequence[Text] = field(default_factory=list)
    intervals: Text = BOOTSTRAPPED
