"""The steps of one request, in order, timed by the monotonic clock."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Literal, NamedTuple

Part = Literal["store", "verify", "db"]
What = str | Callable[[], str]  # a function builds the text only if it is read

PARTS: tuple[Part, ...] = ("store", "verify", "db")
NOTHING: dict[Part, int] = dict.fromkeys(PARTS, 0)


class TraceStep(NamedTuple):
    """One step of the server: `what`, `at_us` microseconds after the request's start, for `duration_us`."""

    part: Part
    what: str
    at_us: float
    duration_us: float


@dataclass(slots=True)
class Recorder:
    """Collects the steps of one request. Steps do not nest, so their durations add up."""

    started_ns: int = field(default_factory=perf_counter_ns)
    taken: list[tuple[Part, What, int, int]] = field(default_factory=list)  # with begin and end in nanoseconds

    def add(self, part: Part, what: What, started_ns: int) -> None:
        """Add a step that began at `started_ns` and ends now."""
        self.taken.append((part, what, started_ns, perf_counter_ns()))

    @property
    def steps(self) -> list[TraceStep]:
        """The steps in order."""
        return [
            TraceStep(
                part,
                what if isinstance(what, str) else what(),
                (began - self.started_ns) / 1000,
                (ended - began) / 1000,
            )
            for part, what, began, ended in self.taken
        ]

    def durations_ms(self) -> tuple[float, ...]:
        """Return milliseconds per part, in the order of `PARTS`. The last is the rest of the request's time."""
        parts = NOTHING.copy()
        for part, _, began, ended in self.taken:
            parts[part] += ended - began
        store, verify, db = parts.values()
        rest = perf_counter_ns() - self.started_ns - store - verify - db
        return store / 1e6, verify / 1e6, db / 1e6, rest / 1e6


current: ContextVar[Recorder | None] = ContextVar("current_recorder", default=None)


class step:  # noqa: N801  # it is read as a statement: `with step(...):`
    """Time the enclosed work as a step of the current request, failures included. Outside a request do nothing."""

    __slots__ = ("_part", "_started_ns", "_what")

    def __init__(self, part: Part, what: What) -> None:
        self._part: Part = part
        self._what = what

    def __enter__(self) -> None:
        self._started_ns = perf_counter_ns()

    def __exit__(self, *_failure: object) -> None:
        recorder = current.get()
        if recorder is not None:
            recorder.add(self._part, self._what, self._started_ns)
