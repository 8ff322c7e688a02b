"""What an experiment concludes: an answer, and what shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from loadtests.results import ArmResult, Check
from loadtests.words import Text

Hue = Literal["open", "memory", "session", "token", "hybrid", "untuned", "ink-soft", "refused"]


Cell = Text | str


@dataclass(frozen=True)
class Trace:
    """One series of a chart. `low` and `high` are the ends of the intervals; `dashed` is computed, not measured."""

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
    """A chart; its title is what it found, `x` and `y` say what the axes are, units included."""

    title: Text
    x: Text | str
    y: Text | str
    traces: Sequence[Trace]
    logarithmic_x: bool = False


@dataclass(frozen=True)
class Table:
    """A table; numbers are formatted already, units are in the head."""

    title: Text
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Outcome:
    """The answer in one sentence, its interval in it, and everything that stands behind it."""

    answer: Text
    arms: Sequence[ArmResult]
    checks: Sequence[Check] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    method: Sequence[Text] = field(default_factory=list)
