"""Two runs side by side, by the readings that answer their question: which differences are larger than the noise?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from loadtests.estimates import Estimate, shift_of

CONFIDENCE = 0.95  # for the whole table: each of its rows is held to more, since one of many is always far out
DRIFT = 0.10  # what a machine changes by from one run to the next, which no repeat within a run can see
MOST_REPEATS = 1000  # of one reading: what is resampled takes memory
# Where a tenth of the value is next to nothing: what no difference is, in the reading's own unit.
LEAST = {"lag_s": 0.05, "error_share_during": 0.05, "wrongly_logged_out": 0.05}

MACHINE = ("processor", "cores", "python")

Readings = Mapping[tuple[str, str], Sequence[float]]


class NotComparable(Exception):
    """The two runs do not measure the same thing; the text says why."""


@dataclass(frozen=True)
class Row:
    """One reading of one arm in both runs: medians and their difference in the reading's unit, and the verdict."""

    name: str
    reading: str
    first: float
    second: float
    difference: Estimate
    differs: bool

    def view(self) -> dict[str, Any]:
        """Return the row as programs read it."""
        ends = (self.difference.low, self.difference.high)
        low, high = (end if isfinite(end) else None for end in ends)  # JSON knows no infinity
        return {**vars(self), "difference": self.difference.value, "low": low, "high": high}


def compare(first: Mapping[str, Any], second: Mapping[str, Any], seed: int = 0) -> list[Row]:
    """Return one row for each reading that both runs have repeated. Raise `NotComparable`."""
    if first["experiment"] != second["experiment"]:
        raise NotComparable(f"{first['experiment']} and {second['experiment']} are two experiments")
    mine, theirs = _readings(first["arms"]), _readings(second["arms"])
    both = [key for key in mine if key in theirs]
    if not both:
        raise NotComparable("the two runs have no measured arm in common")
    if any(len(values) > MOST_REPEATS for side in (mine, theirs) for values in side.values()):
        raise NotComparable(f"a reading has more than {MOST_REPEATS} repeats")
    level = 1 - (1 - CONFIDENCE) / len(both)
    return [_row(key, mine[key], theirs[key], shift_of(mine[key], theirs[key], seed, level)) for key in both]


def unlike(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return what else differs, `users: 32 and 16`: the sizes of the runs, their machines, and arms that one lacks."""
    (mine, theirs), (here, there) = ([run.get(part, {}) for run in (first, second)] for part in ("options", "machine"))
    pairs = {name: (mine.get(name), theirs.get(name)) for name in (*mine, *theirs)}
    pairs |= {name: (here.get(name), there.get(name)) for name in MACHINE}
    differing = [f"{name}: {one} and {other}" for name, (one, other) in pairs.items() if one != other]
    arms = [{arm["name"] for arm in run.get("arms", [])} for run in (first, second)]
    lacking = len(arms[0] ^ arms[1])
    return [*differing, *([f"arms of one run only: {lacking}"] if lacking else [])]


def _row(key: tuple[str, str], mine: Sequence[float], theirs: Sequence[float], difference: Estimate) -> Row:
    name, reading = key
    room = max(DRIFT * abs(median(mine)), LEAST.get(reading, 0.0))
    differs = difference.low > room or difference.high < -room
    return Row(name, reading, median(mine), median(theirs), difference, differs)


def _readings(arms: Sequence[Mapping[str, Any]]) -> Readings:
    """Return what each arm repeated, by the arm's name and the reading's."""
    return {
        (arm["name"], reading): values
        for arm in arms
        for reading, values in arm.get("repeats", {}).items()
        if values  # an arm that nobody answered has none
    }


def table(rows: Sequence[Row]) -> list[str]:
    """Return the comparison as lines of text."""
    names, readings = (max(map(len, column)) for column in zip(*((row.name, row.reading) for row in rows), strict=True))
    head = f"{'arm':<{names}}  {'reading':<{readings}}  {'first':>10}  {'second':>10}  {'second − first':>30}"
    return [head, *(_line(row, names, readings) for row in rows), _verdict(rows)]


def _line(row: Row, names: int, readings: int) -> str:
    value, low, high = map(_signed, (row.difference.value, row.difference.low, row.difference.high))
    medians = f"{_shown(row.first):>10}  {_shown(row.second):>10}"
    verdict = "differs" if row.differs else "within the noise"
    interval = f"{value} ({low} … {high})"
    return f"{row.name:<{names}}  {row.reading:<{readings}}  {medians}  {interval:>30}  {verdict}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # three digits, without exponents


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_shown(value)}"


def _verdict(rows: Sequence[Row]) -> str:
    differing = sum(row.differs for row in rows)
    if differing == 0:
        return f"No difference exceeds the noise ({len(rows)} readings; a machine drifts by {DRIFT:.0%} between runs)."
    return f"{differing} of {len(rows)} readings differ by more than the noise."
