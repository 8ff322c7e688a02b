"""Medians and their uncertainty. A repeat is the unit: requests of one window share its luck, repeats do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Any

import numpy

RESAMPLES = 9999
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that it lies in with 95 % confidence, unless another level was asked for."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves no room for "no difference"."""
        return self.low > 0 or self.high < 0

    def widened(self, share: float, least: float) -> "Estimate":
        """Return it with an interval wider by a share of the value, or by `least`, on either side."""
        room = max(abs(self.value) * share, least)
        return Estimate(self.value, self.low - room, self.high + room)

    def holds(self, value: float) -> bool:
        """Tell whether `value` lies in the interval."""
        return self.low <= value <= self.high


def _statistics() -> Any:
    """Return SciPy's, which takes two seconds to import: what draws load or runs a lab starts without it."""
    from scipy import stats  # noqa: PLC0415

    return stats


def median_of(values: Sequence[float], seed: int = 0, level: float = LEVEL) -> Estimate:
    """Return the median of one value a repeat, with its bootstrap interval. Raise `ValueError` for none."""
    if not values:
        raise ValueError("a median needs at least one value")
    if len(values) == 1:  # one repeat knows nothing of its own uncertainty
        return Estimate(values[0], float("-inf"), float("inf"))
    interval = (
        _statistics()
        .bootstrap(
            (numpy.asarray(values),),
            numpy.median,
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",  # with five values, corrections for bias have nothing to go by
            rng=numpy.random.default_rng(seed),
        )
        .confidence_interval
    )
    return Estimate(float(median(values)), float(interval.low), float(interval.high))


def shift_of(values: Sequence[float], others: Sequence[float], seed: int = 0, level: float = LEVEL) -> Estimate:
    """Return by how much the median of `others` is above that of `values`, with its bootstrap interval. Not paired."""
    point = float(median(others) - median(values))
    if min(len(values), len(others)) == 1:
        return Estimate(point, float("-inf"), float("inf"))
    interval = (
        _statistics()
        .bootstrap(
            (numpy.asarray(values), numpy.asarray(others)),
            lambda mine, theirs, axis: numpy.median(theirs, axis=axis) - numpy.median(mine, axis=axis),
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",
            vectorized=True,
            rng=numpy.random.default_rng(seed),
        )
        .confidence_interval
    )
    return Estimate(point, float(interval.low), float(interval.high))


def median_within(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """Return the median and two of the values that the true one lies between, as often as `level` says or more.

    It holds whatever the values are distributed like: each is above the true median or below it, as a coin falls.
    (The interval of the sign test; H. A. David, H. N. Nagaraja: Order Statistics, 7.1.) Below six values no two are
    far enough apart for 95 %: then the interval has no ends. Raise `ValueError` for none.
    """
    ordered = sorted(values)
    ranks = [rank for rank in range(len(ordered) // 2 + 1) if _covered(len(ordered), rank) >= level]
    if not ranks or ranks[-1] == 0:
        return Estimate(float(median(ordered)), float("-inf"), float("inf"))
    return Estimate(float(median(ordered)), ordered[ranks[-1] - 1], ordered[-ranks[-1]])


def _covered(number: int, rank: int) -> float:
    """Return how often the true median lies between the `rank`-th smallest and largest of so many values."""
    return 1 - 2 * sum(comb(number, below) for below in range(rank)) / float(2**number)


def difference_within(values: Sequence[float], baseline: Sequence[float], level: float = LEVEL) -> Estimate:
    """Return the median difference to the baseline *of the same repeat*, with its interval as `median_within` says."""
    return median_within([mine - floor for mine, floor in zip(values, baseline, strict=True)], level)


@dataclass(frozen=True)
class Line:
    """A straight line through measured points: `slope` with its interval, and how much of the spread it explains."""

    slope: Estimate
    intercept: float
    r_squared: float

    def at(self, x: float) -> float:
        """Return the line's value, where it was measured or beyond."""
        return self.intercept + self.slope.value * x


def line_through(xs: Sequence[float], ys: Sequence[float], level: float = LEVEL) -> Line:
    """Fit a line by least squares; the slope's interval is Student's. Raise `ValueError` below three points."""
    if len(xs) < 3:
        raise ValueError("a line with an interval needs at least three points")
    fit = _statistics().linregress(xs, ys)
    room = float(_statistics().t.ppf((1 + level) / 2, len(xs) - 2) * fit.stderr)
    slope = Estimate(float(fit.slope), float(fit.slope) - room, float(fit.slope) + room)
    return Line(slope, float(fit.intercept), float(fit.rvalue) ** 2)
