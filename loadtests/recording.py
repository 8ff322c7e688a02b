"""The requests of one crowd in one window: recorded one by one and summed up."""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from time import perf_counter
from typing import Any

from loadtests.server_timing import PARTS, parts_us

BIN_S = 0.1
NO_FAILURES = ("ok", "expired")
# Kinds of "no answer". Older windows have only "unanswered" for all of them.
CUT = "connection_cut"
NO_ANSWER = ("unanswered", "connection_refused", CUT, "timed_out")
FAILED = " failed"  # suffix for failed log-ins, refreshes and log-outs
PERCENTILES = {"p50_us": 0.50, "p95_us": 0.95, "p99_us": 0.99}


def percentile(ordered: list[float], share: float) -> float | None:
    """Return the smallest value that is not exceeded by at least `share` of the values (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


class Recording:
    """Requests to pages. Log-ins, refreshes and log-outs are counted separately."""

    def __init__(self) -> None:
        self.began = self.ended = perf_counter()
        self.kinds: Counter[str] = Counter()
        self.beside: Counter[str] = Counter()
        self.nodes: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.service_us: list[float] = []
        self.since_due_us: list[float] = []
        self.parts: dict[str, list[float]] = {part: [] for part in PARTS}
        self.server_us: list[float] = []
        self.bins: dict[int, Counter[str]] = {}
        self.notes: list[dict[str, Any]] = []

    def beside_pages(self, what: str, refusal: Exception | None) -> None:
        """Count a log-in, a refresh or a log-out."""
        kind = what if refusal is None else f"{what}{FAILED}"
        self.beside[kind] += 1
        if refusal is not None:
            self.examples.setdefault(kind, f"{what}: {refusal}")

    def page(self, headers: Mapping[str, str], took_us: float, due: float | None, refusal: Exception | None) -> None:
        """Add one answer to a page's request. Times count only for answers that let the member in."""
        self.ended = perf_counter()
        kind = "ok" if refusal is None else getattr(refusal, "kind", "other")
        self.kinds[kind] += 1
        self.bins.setdefault(int((self.ended - self.began) / BIN_S), Counter())[kind] += 1
        if "x-node" in headers:
            self.nodes[headers["x-node"]] += 1
        if refusal is not None:
            self.examples.setdefault(kind, str(refusal))
            return
        self.service_us.append(took_us)
        if due is not None:
            self.since_due_us.append((self.ended - due) * 1e6)
        told = parts_us(headers.get("server-timing", ""))
        for part, taken in self.parts.items():
            taken.append(told.get(part, 0.0))
        self.server_us.append(sum(told.values()))

    def summary(self) -> dict[str, Any]:
        """Return counts, and percentiles in microseconds."""
        seconds = max(self.ended - self.began, 1e-9)
        return {
            "seconds": seconds,
            "requests": self.kinds.total(),
            "failures": self.kinds.total() - sum(self.kinds[kind] for kind in NO_FAILURES),
            "kinds": dict(self.kinds),
            "examples": self.examples,
            "beside": dict(self.beside),
            "nodes": dict(sorted(self.nodes.items())),
            "rps": self.kinds["ok"] / seconds,
            **_percentiles(self.service_us),
            "since_due": _percentiles(self.since_due_us),
            **{f"{part}_us_p50": percentile(sorted(taken), 0.5) for part, taken in self.parts.items()},
            "server_us_p50": percentile(sorted(self.server_us), 0.5),
            "timeline": [[number * BIN_S, dict(self.bins[number])] for number in sorted(self.bins)],
            "notes": self.notes,
        }


def _percentiles(taken_us: list[float]) -> dict[str, float | None]:
    ordered = sorted(taken_us)
    return {name: percentile(ordered, share) for name, share in PERCENTILES.items()}
