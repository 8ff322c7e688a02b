"""Two runs side by side: which differences of a request's median are larger than the noise, and which are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from loadtests.estimates import Estimate, ratio_of

CONFIDENCE = 0.95  # for the whole table: each of its rows is held to more, since one of many is always far out
DRIFT = 0.10  # what a machine changes by from one run to the next, which no repeat within a run can see


class NotComparable(Exception):
    """The two runs do not measure the same thing; the text says why."""


@dataclass(frozen=True)
class Row:
    """One arm in both runs: medians in microseconds, how many times the second is the first, and the verdict."""

    name: str
    first_us: float
    second_us: float
    ratio: Estimate
    differs: bool

    def view(self) -> dict[str, Any]:
        """Return the row as programs read it."""
        low, high = (end if isfinite(end) else None for end in (self.ratio.low, self.ratio.high))  # JSON knows none
        interval = {"ratio": self.ratio.value, "low": low, "high": high}
        return {
            "name": self.name,
            "first_us": self.first_us,
            "second_us": self.second_us,
            **interval,
            "differs": self.differs,
        }


def compare(first: Mapping[str, Any], second: Mapping[str, Any], seed: int = 0) -> list[Row]:
    """Return one row for each arm that both runs have. Raise `NotComparable`."""
    if first["experiment"] != second["experiment"]:
        raise NotComparable(f"{first['experiment']} and {second['experiment']} are two experiments")
    mine, theirs = _repeats(first["arms"]), _repeats(second["arms"])
    both = [name for name in mine if name in theirs]
    if not both:
        raise NotComparable("the two runs have no measured arm in common")
    level = 1 - (1 - CONFIDENCE) / len(both)
    return [_row(name, mine[name], theirs[name], level, seed) for name in both]


def _row(name: str, mine: Sequence[float], theirs: Sequence[float], level: float, seed: int) -> Row:
    ratio = ratio_of(mine, theirs, seed, level)
    differs = ratio.high < 1 - DRIFT or ratio.low > 1 + DRIFT
    return Row(name, median(mine), median(theirs), ratio, differs)


def _repeats(arms: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Return each arm's medians, one a repeat."""
    return {arm["name"]: arm["repeats_p50_us"] for arm in arms if arm.get("repeats_p50_us")}


def table(rows: Sequence[Row]) -> list[str]:
    """Return the comparison as lines of text."""
    width = max(len(row.name) for row in rows)
    head = f"{'arm':<{width}}  {'first, µs':>10}  {'second, µs':>10}  {'second / first':>22}"
    return [head, *(_line(row, width) for row in rows), _verdict(rows)]


def _line(row: Row, width: int) -> str:
    interval = f"{row.ratio.value:.2f} ({row.ratio.low:.2f} … {row.ratio.high:.2f})"
    verdict = "differs" if row.differs else "within the noise"
    return f"{row.name:<{width}}  {row.first_us:>10,.0f}  {row.second_us:>10,.0f}  {interval:>22}  {verdict}"


def _verdict(rows: Sequence[Row]) -> str:
    differing = sum(row.differs for row in rows)
    if differing == 0:
        return f"No difference exceeds the noise ({len(rows)} arms; a machine drifts by {DRIFT:.0%} between runs)."
    return f"{differing} of {len(rows)} arms differ by more than the noise."
