"""Medians and their uncertainty. The unit is a repeat: requests of one window are not independent, repeats are."""

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
    """A value and its confidence interval (95 % unless another level is given)."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval excludes "no difference"."""
        return self.low > 0 or self.high < 0

    def widened(self, share: float, least: float) -> "Estimate":
        """Return it with an interval that is wider on both sides by a share of the value, at least by `least`."""
        room = max(abs(self.value) * share, least)
        return Estimate(self.value, self.low - room, self.high + room)

    def holds(self, value: float) -> bool:
        """Return whether `value` is in the interval."""
        return self.low <= value <= self.high


def _statistics() -> Any:
    """Return `scipy.stats`. Importing it takes two seconds, so it is imported only when needed."""
    from scipy import stats  # noqa: PLC0415

    return stats


def median_of(values: Sequence[float], seed: int = 0, level: float = LEVEL) -> Estimate:
    """Return the median of one value per repeat, with its bootstrap interval. Raise `ValueError` without values."""
    if not values:
        raise ValueError("a median needs at least one value")
    if len(values) == 1:  # one repeat says nothing about the uncertainty
        return Estimate(values[0], float("-inf"), float("inf"))
    interval = (
        _statistics()
        .bootstrap(
            (numpy.asarray(values),),
            numpy.median,
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",  # five values are too few for a bias correction
            rng=numpy.random.default_rng(seed),
        )
        .confidence_interval
    )
    return Estimate(float(median(values)), float(interval.low), float(interval.high))


def shift_of(values: Sequence[float], others: Sequence[float], seed: int = 0, level: float = LEVEL) -> Estimate:
    """Return the median of `others` minus that of `values`, with its bootstrap interval. Not paired."""
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
    """Return the median with the interval of the sign test: two of the values, with confidence `level` or more.

    It holds for any distribution: each value is above or below the true median with probability 1/2.
    (H. A. David, H. N. Nagaraja: Order Statistics, 7.1.) With fewer than six values no two are far enough apart for
    95 %, and the interval is infinite. Raise `ValueError` without values.
    """
    ordered = sorted(values)
    ranks = [rank for rank in range(len(ordered) // 2 + 1) if _covered(len(ordered), rank) >= level]
    if not ranks or ranks[-1] == 0:
        return Estimate(float(median(ordered)), float("-inf"), float("inf"))
    return Estimate(float(median(ordered)), ordered[ranks[-1] - 1], ordered[-ranks[-1]])


def _covered(number: int, rank: int) -> float:
    """Return the probability that the true median is between the `rank`-th smallest and largest of `number` values."""
    return 1 - 2 * sum(comb(number, below) for below in range(rank)) / float(2**number)


def difference_within(values: Sequence[float], baseline: Sequence[float], level: float = LEVEL) -> Estimate:
    """Return the median difference to the baseline *of the same repeat*, with the interval of `median_within`."""
    return median_within([mine - floor for mine, floor in zip(values, baseline, strict=True)], level)


@dataclass(frozen=True)
class FittedLine:
    """A straight line fitted to measured points: `slope` with its interval, and R²."""

    slope: Estimate
    intercept: float
    r_squared: float

    def at(self, x: float) -> float:
        """Return the line's value at `x`, which may be outside the measured range."""
        return self.intercept + self.slope.value * x


def line_through(xs: Sequence[float], ys: Sequence[float], level: float = LEVEL) -> FittedLine:
    """Fit a line by least squares, with Student's interval of the slope. Raise `ValueError` for fewer than 3 points."""
    if len(xs) < 3:
        raise ValueError("a line with an interval needs at least three points")
    fit = _statistics().linregress(xs, ys)
    room = float(_statistics().t.ppf((1 + level) / 2, len(xs) - 2) * fit.stderr)
    slope = Estimate(float(fit.slope), float(fit.slope) - room, float(fit.slope) + room)
    return FittedLine(slope, float(fit.intercept), float(fit.rvalue) ** 2)
