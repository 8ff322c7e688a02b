"""One request's steps, in order, each timed by the monotonic clock."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Literal, NamedTuple

Part = Literal["store", "verify", "db"]

PARTS: tuple[Part, ...] = ("store", "verify", "db")
NOTHING: dict[Part, float] = dict.fromkeys(PARTS, 0.0)


class Step(NamedTuple):
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

    def durations_ms(self) -> tuple[float, ...]:
        """Return milliseconds by part, in the order of `PARTS`; the last is the rest since the request began."""
        parts = NOTHING.copy()
        for taken in self.steps:
            parts[taken.part] += taken.duration_us / 1000
        spent = parts.values()
        return *spent, (perf_counter_ns() - self.started_ns) / 1e6 - sum(spent)


current: ContextVar[Recorder | None] = ContextVar("current_recorder", default=None)


class step:  # noqa: N801  # it is read as a statement: `with step(...):`
    """Time the enclosed work as a step of the current request, failures included; outside a request, just do it."""

    __slots__ = ("_part", "_started_ns", "_what")

    def __init__(self, part: Part, what: str) -> None:
        self._part: Part = part
        self._what = what

    def __enter__(self) -> None:
        self._started_ns = perf_counter_ns()

    def __exit__(self, *_failure: object) -> None:
        recorder = current.get()
        if recorder is not None:
            recorder.add(self._part, self._what, self._started_ns)
