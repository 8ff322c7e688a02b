"""One measured window of time, and what several of them say of an arm together."""

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
BIN_S = 0.5  # of charts over time


@dataclass(frozen=True)
class Window:
    """What the generator saw and the store counted of one arm in one repeat.

    `generator_core` is the share of a core that the generator used, `neighbours_share` that of all processors that
    anybody else did.

    `commands` is None where none were counted; `counted_requests` are those that were counted, where arms take turns
    in a window and each was counted alone before it, and None if they are the window's own. `nodes` is among how many
    nodes the requests should have been shared, 0 if that is not the point. `expects` names the failures that are data
    here; `once` says that there are no repeats of it.
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
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Its arm: the approach and its factors' values."""
        return (self.approach, *self.factors.values())

    @property
    def label(self) -> str:
        """Its arm's name: `session · 1 ms`."""
        return label(self.approach, self.factors)

    @property
    def requests_counted(self) -> int:
        """The requests that `commands` were counted for."""
        return int(self.reading["requests"] if self.counted_requests is None else self.counted_requests)

    def view(self) -> dict[str, Any]:
        """Return it as one line of the raw data."""
        return {"label": self.label, **vars(self), "expects": sorted(self.expects)}

    @classmethod
    def of_view(cls, view: Mapping[str, Any]) -> "Window":
        """Return the window of which `view()` is this."""
        own = {name: value for name, value in view.items() if name != "label"}
        return cls(**{**own, "expects": frozenset(own["expects"])})


def label(approach: str, factors: Mapping[str, Any]) -> str:
    """Return an arm's name, from the factors that it has and their units."""
    return " · ".join(
        [approach, *(f"{value}{_unit(name, value)}" for name, value in factors.items() if value is not None)]
    )


def _unit(factor: str, value: Any) -> str:
    unit = factor.rsplit("_", maxsplit=1)[-1]
    if unit == "percent":
        return " %"
    if unit in ("members", "nodes"):
        return f" {unit}" if value != 1 else f" {unit.removesuffix('s')}"
    return f" {unit}" if unit in ("ms", "s") else ""


def by_arm(windows: Sequence[Window]) -> dict[Key, list[Window]]:
    """Return each arm's windows, in the order of repeats."""
    arms: dict[Key, list[Window]] = {}
    for window in sorted(windows, key=lambda window: window.repeat):
        arms.setdefault(window.key, []).append(window)
    return arms


def values(windows: Sequence[Window], name: str) -> list[float]:
    """Return one reading of each window that has it."""
    return [window.reading[name] for window in windows if window.reading.get(name) is not None]


def paired(windows: Sequence[Window], others: Sequence[Window], name: str) -> tuple[list[float], list[float]]:
    """Return one reading of both arms, from the repeats in which both have it."""
    mine, theirs = (
        {window.repeat: window.reading[name] for window in side if window.reading.get(name) is not None}
        for side in (windows, others)
    )
    both = sorted(mine.keys() & theirs.keys())
    return [mine[repeat] for repeat in both], [theirs[repeat] for repeat in both]


def middle(windows: Sequence[Window], name: str) -> float | None:
    """Return the median over the windows of one reading, or None if none has it."""
    found = values(windows, name)
    return median(found) if found else None


def commands_per_request(windows: Sequence[Window]) -> float | None:
    """Return the store's own count of commands over the requests that it was counted for."""
    counted = [window for window in windows if window.commands is not None]
    requests = sum(window.requests_counted for window in counted)
    return sum(sum((window.commands or {}).values()) for window in counted) / requests if requests else None


def binned(windows: Sequence[Window]) -> dict[float, Counter[str]]:
    """Return how many answers of each kind came in each half second, over all repeats."""
    bins: dict[float, Counter[str]] = {}
    for window in windows:
        for at_s, counts in window.reading["timeline"]:
            bins.setdefault(int(at_s / BIN_S) * BIN_S, Counter()).update(counts)
    return dict(sorted(bins.items()))


def kinds(windows: Sequence[Window]) -> Counter[str]:
    """Return how many answers there were of each kind."""
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
    """Return what one arm's windows say together.

    `repeats` are the readings that answer the experiment's question, one value a repeat: by them two runs are compared.
    Without them it is the median of a request. `estimated` gives the median its interval, unless it is bootstrapped.
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
