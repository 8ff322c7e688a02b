"""One measured window of time, and the summary of an arm's windows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from loadtests.estimates import Estimate, median_of
from loadtests.recording import FAILED
from loadtests.results import ArmResult

Key = tuple[Any, ...]
BIN_S = 0.5  # bin of charts over time


@dataclass(frozen=True)
class Window:
    """The generator's readings and the store's counts of one arm in one repeat.

    `generator_core`: the generator's share of a core. `neighbours_share`: the share of all processors that other
    processes used.

    `commands`: None if they were not counted. `counted_requests`: the requests for which they were counted, if the arms
    take turns and each was counted alone before; None if these are the window's requests. `nodes`: the number of nodes
    that should share the requests evenly, or 0. `expects`: failures that are expected results. `once`: it has no
    repeats. `store_reads`: store commands of a request, by design; None in runs that did not store it.
    """

    approach: str
    factors: Mapping[str, Any]
    repeat: int
    reading: Mapping[str, Any]
    generator_core: float = 0.0
    neighbours_share: float = 0.0
    commands: Mapping[str, int] | None = None
    counted_requests: int | None = None
    store_us_each: float = 0.0
    nodes: int = 0
    expects: frozenset[str] = frozenset()
    once: bool = False
    store_reads: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Its arm: the approach and the values of its factors."""
        return (self.approach, *self.factors.values())

    @property
    def label(self) -> str:
        """Its arm's name: `session · 1 ms`."""
        return label(self.approach, self.factors)

    @property
    def requests_counted(self) -> int:
        """The number of requests for which `commands` were counted."""
        return int(self.reading["requests"] if self.counted_requests is None else self.counted_requests)

    def view(self) -> dict[str, Any]:
        """Return it as one line of the raw data."""
        return {"label": self.label, **vars(self), "expects": sorted(self.expects)}

    @classmethod
    def of_view(cls, view: Mapping[str, Any]) -> "Window":
        """Return the window from its `view()`."""
        own = {name: value for name, value in view.items() if name != "label"}
        return cls(**{**own, "expects": frozenset(own["expects"])})


def label(approach: str, factors: Mapping[str, Any]) -> str:
    """Return an arm's name, from its factors and their units."""
    return " · ".join(
        [approach, *(f"{value}{_unit(name, value)}" for name, value in factors.items() if value is not None)]
    )


def _unit(factor: str, value: Any) -> str:
    unit = factor.rsplit("_", maxsplit=1)[-1]
    if unit == "percent":
        return " %"
    if unit in ("members", "nodes", "threads"):
        return f" {unit}" if value != 1 else f" {unit.removesuffix('s')}"
    return f" {unit}" if unit in ("ms", "s") else ""


def by_arm(windows: Sequence[Window]) -> dict[Key, list[Window]]:
    """Return each arm's windows, in the order of repeats."""
    arms: dict[Key, list[Window]] = {}
    for window in sorted(windows, key=lambda window: window.repeat):
        arms.setdefault(window.key, []).append(window)
    return arms


def values(windows: Sequence[Window], name: str) -> list[float]:
    """Return one reading of each window, without missing ones."""
    return [window.reading[name] for window in windows if window.reading.get(name) is not None]


def paired(windows: Sequence[Window], others: Sequence[Window], name: str) -> tuple[list[float], list[float]]:
    """Return one reading of two arms, from the repeats in which both have it."""
    mine, theirs = (
        {window.repeat: window.reading[name] for window in side if window.reading.get(name) is not None}
        for side in (windows, others)
    )
    both = sorted(mine.keys() & theirs.keys())
    return [mine[repeat] for repeat in both], [theirs[repeat] for repeat in both]


def middle(windows: Sequence[Window], name: str) -> float | None:
    """Return the median of one reading over the windows, or None if no window has it."""
    found = values(windows, name)
    return median(found) if found else None


def commands_per_request(windows: Sequence[Window]) -> float | None:
    """Return the store's count of commands, divided by the number of counted requests."""
    counted = [window for window in windows if window.commands is not None]
    requests = sum(window.requests_counted for window in counted)
    return sum(sum((window.commands or {}).values()) for window in counted) / requests if requests else None


def binned(windows: Sequence[Window]) -> dict[float, Counter[str]]:
    """Return the number of answers of each kind in each half second, over all repeats."""
    bins: dict[float, Counter[str]] = {}
    for window in windows:
        for at_s, counts in window.reading["timeline"]:
            bins.setdefault(int(at_s / BIN_S) * BIN_S, Counter()).update(counts)
    return dict(sorted(bins.items()))


def kinds(windows: Sequence[Window]) -> Counter[str]:
    """Return the number of answers of each kind."""
    total: Counter[str] = Counter()
    for window in windows:
        total.update(window.reading["kinds"])
    return total


def failures_beside(windows: Sequence[Window]) -> Counter[str]:
    """Return how many log-ins, refreshes and log-outs failed, by kind."""
    total: Counter[str] = Counter()
    for window in windows:
        beside = window.reading.get("beside", {})
        total.update({what: number for what, number in beside.items() if what.endswith(FAILED)})
    return total


def summarise(
    windows: Sequence[Window],
    seed: int = 0,
    more: Mapping[str, Any] | None = None,
    repeats: Mapping[str, Sequence[float]] | None = None,
    estimated: Callable[[Sequence[float]], Estimate] | None = None,
) -> ArmResult:
    """Return the result of one arm's windows.

    `repeats`: the readings that answer the experiment's question, one value per repeat, by which two runs are compared.
    Default: the median of a request. `estimated`: computes the median's interval; default: bootstrap.
    """
    p50s = values(windows, "p50_us")
    spread: Estimate | None = (estimated or partial(median_of, seed=seed))(p50s) if p50s else None
    first = windows[0]
    return ArmResult(
        name=first.label,
        approach=first.approach,
        factors=first.factors,
        requests=sum(window.reading["requests"] for window in windows),
        failures=sum(window.reading["failures"] for window in windows),
        rps=middle(windows, "rps"),
        p50_us=spread.value if spread else None,
        p95_us=middle(windows, "p95_us"),
        p99_us=middle(windows, "p99_us"),
        ci95_p50_us=(spread.low, spread.high) if spread and len(p50s) > 1 else None,
        store_us_p50=middle(windows, "store_us_p50"),
        verify_us_p50=middle(windows, "verify_us_p50"),
        store_commands_per_request=commands_per_request(windows),
        more={"repeats": repeats or {"p50_us": p50s}, **(more or {})},
    )
