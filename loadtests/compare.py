"""Compare two runs by the readings that answer their question: which differences are larger than the noise?

Times and rates depend on the machine. They are compared as absolute values only if machine and settings are the same.
Otherwise they are compared as ratios to a baseline of the same run, such as `/open`, after subtracting the configured
round trips to the store.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from statistics import median
from typing import Any

import msgspec

from loadtests.estimates import Estimate, shift_of
from loadtests.experiments import BY_NAME
from loadtests.stage import Size
from service.terminal import N_, _, columns, left, right

CONFIDENCE = 0.95  # for the whole table: each row needs a higher level, because one of many rows is always far off
DRIFT = 0.10  # a machine's change from run to run, which repeats within a run cannot show
MOST_REPEATS = 1000  # of one reading: resampling needs memory
# For small values, where 10 % is almost nothing: the smallest difference that counts, in the reading's unit.
LEAST = {"lag_s": 0.05, "error_share_during": 0.05, "wrongly_logged_out": 0.05}

# The other readings are counts, shares, bytes, and seconds that depend on a setting.
OF_A_MACHINE = ("p50_us", "rps", "node_cpu_us")
MACHINE = ("processor", "cores", "memory_gib", "system", "python")
CHANGE_NOTHING = ("seed", "repeats")  # settings that change only the order or the number of repeats
UNPUBLISHABLE = (
    N_("✕ The first run is not publishable: %(reasons)s"),
    N_("✕ The second run is not publishable: %(reasons)s"),
)
DEFAULTS = {field.name: field.default for field in fields(Size) if field.name in ("quick", "own_store")}


class NotComparable(Exception):
    """The two runs do not measure the same thing. The message says why."""


class MeasuredArm(msgspec.Struct):
    """The needed fields of an arm in `results.json`."""

    name: str
    approach: str = ""
    factors: dict[str, Any] = {}
    repeats: dict[str, list[float]] = {}
    store_commands_per_request: float | None = None


class MeasuredRun(msgspec.Struct):
    """The needed fields of a `results.json`."""

    experiment: str
    arms: list[MeasuredArm]
    machine: dict[str, Any] = {}
    options: dict[str, Any] = {}
    publishable: bool = False
    reasons: list[str] = []


@dataclass(frozen=True)
class Reading:
    """A reading of one arm in each repeat: an absolute value, or a ratio to the baseline `over`."""

    name: str
    reading: str
    over: str | None = None


Readings = Mapping[Reading, Sequence[float]]


@dataclass(frozen=True)
class Row:
    """One reading of one arm in both runs: the medians, their difference in the reading's unit, and the verdict."""

    name: str
    reading: str
    over: str | None
    first: float
    second: float
    difference: Estimate
    differs: bool

    def view(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        ends = (self.difference.low, self.difference.high)
        low, high = (end if isfinite(end) else None for end in ends)  # JSON has no infinity
        return {**vars(self), "difference": self.difference.value, "low": low, "high": high}


@dataclass(frozen=True)
class Comparison:
    """Rows, other differences between the runs, whether it has only ratios, and why each run is not publishable."""

    rows: Sequence[Row]
    unlike: Sequence[str]
    ratios_only: bool
    unpublishable: tuple[Sequence[str], Sequence[str]]

    def view(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**vars(self), "rows": [row.view() for row in self.rows]}


def compare(first: Mapping[str, Any], second: Mapping[str, Any], seed: int = 0) -> Comparison:
    """Compare two runs' `results.json`. Raise `NotComparable`."""
    mine, theirs = _measured(first), _measured(second)
    if mine.experiment != theirs.experiment:
        raise NotComparable(
            _("%(first)s and %(second)s are two experiments", first=mine.experiment, second=theirs.experiment)
        )
    ratios_only = not _same_conditions(mine, theirs)
    here, there = _readings(mine, ratios_only), _readings(theirs, ratios_only)
    both = [key for key in here if key in there]
    if not both:
        raise NotComparable(_why_nothing(mine, theirs, ratios_only))
    level = 1 - (1 - CONFIDENCE) / len(both)
    rows = [_row(key, here[key], there[key], shift_of(here[key], there[key], seed, level)) for key in both]
    left_out = ratios_only and any(reading in arm.repeats for arm in mine.arms for reading in OF_A_MACHINE)
    return Comparison(rows, _unlike(mine, theirs), left_out, (_reasons(mine), _reasons(theirs)))


def _measured(results: Mapping[str, Any]) -> MeasuredRun:
    try:
        measured = msgspec.convert(results, MeasuredRun)
    except msgspec.ValidationError as error:
        raise NotComparable(_("a results.json is not one of a run (%(why)s)", why=error)) from None
    for values in (values for arm in measured.arms for values in arm.repeats.values()):
        if len(values) > MOST_REPEATS:
            raise NotComparable(_("a reading has more than %(most)s repeats", most=MOST_REPEATS))
        if not all(map(isfinite, values)):
            raise NotComparable(_("a reading is infinite"))
    return measured


def _same_conditions(first: MeasuredRun, second: MeasuredRun) -> bool:
    """Return whether machine and settings are the same, so that absolute times can be compared."""
    if not first.machine or any(first.machine.get(name) != second.machine.get(name) for name in MACHINE):
        return False
    mine, theirs = _settings(first), _settings(second)
    changed = {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}
    return mine["own_store"] is True and changed <= set(CHANGE_NOTHING)  # a given store's machine is unknown


def _settings(run: MeasuredRun) -> dict[str, Any]:
    """Return a run's settings. A setting that is newer than the run has its present default."""
    return {**DEFAULTS, **run.options}


def _unlike(first: MeasuredRun, second: MeasuredRun) -> list[str]:
    """Return other differences, such as `users: 32 and 16`: settings, machines, packages, and missing arms."""
    machines, packages = zip(*map(_machine, (first, second)), strict=True)
    pairs = [(_settings(first), _settings(second)), machines, packages]
    lacking = len({arm.name for arm in first.arms} ^ {arm.name for arm in second.arms})
    differing = [
        f"{name}: {one.get(name)} and {other.get(name)}"
        for one, other in pairs
        for name in {**one, **other}
        if one.get(name) != other.get(name)
    ]
    return [*differing, *([f"arms of one run only: {lacking}"] if lacking else [])]


def _machine(run: MeasuredRun) -> tuple[dict[str, Any], dict[str, Any]]:
    packages = run.machine.get("packages")
    return {name: run.machine.get(name) for name in MACHINE}, packages if isinstance(packages, dict) else {}


def _reasons(run: MeasuredRun) -> list[str]:
    return [] if run.publishable else run.reasons or ["it does not say that it is"]


def _readings(run: MeasuredRun, ratios_only: bool) -> Readings:
    """Return each arm's readings by repeat, ratios first."""
    as_they_are = {
        Reading(arm.name, reading): values
        for arm in run.arms
        for reading, values in arm.repeats.items()
        if values and not (ratios_only and reading in OF_A_MACHINE)  # an arm without answers has no values
    }
    return {**dict(_ratios(run)), **as_they_are}


def _ratios(run: MeasuredRun) -> Iterator[tuple[Reading, list[float]]]:
    """Yield ratios of times and rates to the baseline, by repeat: a slow moment of the machine affects both."""
    by_key = {_key(arm.approach, arm.factors): arm for arm in run.arms}
    for arm in run.arms:
        baseline = by_key.get(_baseline_of(run, arm))
        if baseline is None or baseline is arm:
            continue
        for reading in OF_A_MACHINE:
            pairs = zip(_own(arm, reading), _own(baseline, reading), strict=False)
            if ratios := [value / floor for value, floor in pairs if floor]:
                yield Reading(arm.name, reading, baseline.name), ratios


def _own(arm: MeasuredArm, reading: str) -> list[float]:
    """Return a reading without the configured round trips to the store, which are the same on every machine."""
    round_trip_ms, values = arm.factors.get("round_trip_ms"), arm.repeats.get(reading, [])
    if reading != "p50_us" or not isinstance(round_trip_ms, int | float):
        return values
    set_us = 1000 * round_trip_ms * (arm.store_commands_per_request or 0.0)
    return [value - set_us for value in values]


def _baseline_of(run: MeasuredRun, arm: MeasuredArm) -> str:
    experiment = BY_NAME.get(run.experiment)
    try:
        return _key(*experiment.baseline(msgspec.structs.asdict(arm))) if experiment and experiment.baseline else ""
    except KeyError:  # an arm without the factors of this experiment
        return ""


def _key(approach: str, factors: Mapping[str, Any]) -> str:
    return repr((approach, sorted(factors.items())))


def _why_nothing(first: MeasuredRun, second: MeasuredRun, ratios_only: bool) -> str:
    names = {arm.name for arm in first.arms if arm.repeats} & {arm.name for arm in second.arms if arm.repeats}
    if names and ratios_only:
        return _(
            "machine or settings differ, so only ratios to a baseline of the same run can be compared, and "
            "the runs have none in common (%(unlike)s)",
            unlike="; ".join(_unlike(first, second)) or _("neither names its machine"),
        )
    return _("the two runs have no measured arm in common")


def _row(key: Reading, mine: Sequence[float], theirs: Sequence[float], difference: Estimate) -> Row:
    room = max(DRIFT * abs(median(mine)), LEAST.get(key.reading, 0.0))
    differs = difference.low > room or difference.high < -room
    return Row(key.name, key.reading, key.over, median(mine), median(theirs), difference, differs)


def text(comparison: Comparison) -> list[str]:
    """Return a comparison as lines of text."""
    refusals = [
        _(said, reasons=" ".join(reasons))
        for said, reasons in zip(UNPUBLISHABLE, comparison.unpublishable, strict=True)
        if reasons
    ]
    said = []
    if comparison.unlike:
        said.append(_("The two runs had different conditions. %(what)s.", what="; ".join(comparison.unlike)))
    if comparison.ratios_only:
        said.append(_("Machine or settings differ: times and rates are compared only as ratios to a baseline."))
    return [*refusals, *_table(comparison.rows), *said, *refusals, _verdict(comparison.rows)]


def _table(rows: Sequence[Row]) -> list[str]:
    cells = [(row.name, _what(row)) for row in rows]
    names, readings = (max(map(columns, column)) for column in zip(*cells, strict=True))
    head = [left(_("arm"), names), left(_("reading"), readings)]
    head += [right(_("first"), 10), right(_("second"), 10), right(_("second − first"), 30)]
    return ["  ".join(head), *(_line(row, names, readings) for row in rows)]


def _what(row: Row) -> str:
    return f"{row.reading} ÷ {row.over}" if row.over else row.reading


def _line(row: Row, names: int, readings: int) -> str:
    value, low, high = map(_signed, (row.difference.value, row.difference.low, row.difference.high))
    medians = f"{_shown(row.first):>10}  {_shown(row.second):>10}"
    verdict = _("differs") if row.differs else _("within the noise")
    interval = f"{value} ({low} … {high})"
    return f"{left(row.name, names)}  {left(_what(row), readings)}  {medians}  {interval:>30}  {verdict}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # three digits, without exponents


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_shown(value)}"


def _verdict(rows: Sequence[Row]) -> str:
    differing = sum(row.differs for row in rows)
    if differing == 0:
        return _(
            "No difference exceeds the noise (%(count)s readings; a machine drifts by %(drift)s between runs).",
            count=len(rows),
            drift=f"{DRIFT:.0%}",
        )
    return _("%(count)s of %(all)s readings differ by more than the noise.", count=differing, all=len(rows))
