"""One request's steps, in order, each timed by the monotonic clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Literal

Part = Literal["store", "verify", "db"]

PARTS: tuple[Part, ...] = ("store", "verify", "db")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the server did: `what`, from `at_us` after the request's start, for `duration_us`."""

    part: Part
    what: str
    at_us: float
    duration_us: float


@dataclass(slots=True)
class Recorder:
    """Collects the steps of one request. Steps do not nest, so their durations add up."""

    started_ns: int = field(default_factory=perf_counter_ns)
    steps: list[Step] = field(default_factory=list)

    def add(self, part: Part, what: str, started_ns: int) -> None:
        """Note a step that began at `started_ns` and ends now."""
        ended_ns = perf_counter_ns()
        self.steps.append(Step(part, what, (started_ns - self.started_ns) / 1000, (ended_ns - started_ns) / 1000))

    def durations_us(self) -> dict[str, float]:
        """Return microseconds by part; `app` is the rest of the time since the request began."""
        parts: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        for taken in self.steps:
            parts[taken.part] += taken.duration_us
        parts["app"] = (perf_counter_ns() - self.started_ns) / 1000 - sum(parts.values())
        return parts


current: ContextVar[Recorder | None] = ContextVar("current_recorder", default=None)


@contextmanager
def step(part: Part, what: str) -> Iterator[None]:
    """Time the enclosed work as a step of the current request, failures included; outside a request, just do it."""
    recorder = current.get()
    started_ns = perf_counter_ns()
    try:
        yield
    finally:
        if recorder is not None:
            recorder.add(part, what, started_ns)
