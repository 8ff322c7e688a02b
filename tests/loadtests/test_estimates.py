"""Medians, differences and lines whose answers are known."""

import random

import pytest

from loadtests.estimates import Estimate, difference_within, line_through, median_of, shift_of
from loadtests.recording import percentile


def test_the_median_lies_within_its_interval_and_that_within_the_values() -> None:
    estimate = median_of([5.0, 1.0, 4.0, 2.0, 3.0])
    assert estimate.value == 3.0
    assert 1.0 <= estimate.low < 3.0 < estimate.high <= 5.0


def test_values_without_spread_have_an_interval_without_width() -> None:
    assert median_of([7.0] * 5) == Estimate(7.0, 7.0, 7.0)


def test_one_repeat_knows_nothing_of_its_uncertainty() -> None:
    assert median_of([7.0]) == Estimate(7.0, float("-inf"), float("inf"))
    assert not difference_within([7.0], [1.0]).excludes_zero


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [random.Random(1).random() for _ in range(9)]
    assert median_of(values, seed=3) == median_of(values, seed=3)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """With five values a bootstrapped median covers somewhat less than 95 %: its ends are values that were seen."""
    seeded = random.Random(1)
    intervals = [median_of([seeded.gauss(10, 1) for _ in range(5)]) for _ in range(150)]
    assert sum(interval.holds(10) for interval in intervals) / len(intervals) > 0.85


def test_a_difference_is_taken_within_each_repeat() -> None:
    """What slows a whole repeat down falls on both and cancels."""
    slow_moments = [0.0, 500.0, 20.0, 1000.0, 70.0, 5.0]
    estimate = difference_within([400 + slow for slow in slow_moments], [300 + slow for slow in slow_moments])
    assert estimate == Estimate(100.0, 100.0, 100.0)
    assert estimate.excludes_zero


def test_noise_around_nothing_does_not_exclude_zero() -> None:
    assert not difference_within([1.0, -2.0, 3.0, -1.0, 0.5, 2.0], [0.0] * 6).excludes_zero


def test_a_shift_needs_no_pairs() -> None:
    estimate = shift_of([100.0, 101, 99, 100, 102], [200.0, 202, 198, 201])
    assert estimate.value == pytest.approx(100.5)
    assert 96 <= estimate.low <= estimate.value <= estimate.high <= 103


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    line = line_through([1, 2, 3, 4], [105, 205, 305, 405])
    assert (line.slope.value, line.intercept, line.r_squared) == pytest.approx((100, 5, 1))
    assert line.at(1_000_000) == pytest.approx(100_000_005)
    assert line.slope.low == pytest.approx(100, abs=1e-6)


def test_two_points_make_no_line_with_an_interval() -> None:
    with pytest.raises(ValueError, match="three points"):
        line_through([1, 2], [1, 2])


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentiles_are_values_that_were_measured(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == expected


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile([], 0.5) is None
