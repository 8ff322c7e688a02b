"""Measure every request at the WSGI boundary, errors included, and tell the client in headers."""

import json
from collections.abc import Callable, Iterable
from itertools import accumulate, count
from typing import TYPE_CHECKING, Any

from lab.wire import Overheard, is_told, lab_wire
from service.measurement.recorder import PARTS, Recorder, Step, current

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Write = Callable[[bytes], object]  # named once: in the head of an inner function it would be made anew each request

NOBODYS = frozenset({"/healthz", "/readyz", "/lab/state"})  # what asks again and again how the lab is
REQUESTS = "lab.requests"  # how many this process has begun to serve, in the WSGI environment
TIMING = ", ".join(f"{part};dur=%.3f" for part in (*PARTS, "app"))
MAX_TRACE = 2300  # bytes of single steps: a proxy keeps all headers of a response in one buffer, of 4 kB in nginx


class Measured:
    """A WSGI application that adds `X-Node`, `Server-Timing` and, where allowed and asked for, what a lab shows.

    Outside a lab a refusal does not say what it cost: how long the database took for a log-in told which names there
    are. What a lab shows is `X-Lab-Trace`, the steps inside, and `X-Lab-Wire`, the messages outside.
    """

    def __init__(self, app: "WSGIApplication", node_name: str, traces: bool) -> None:
        self._app = app
        self._node = ("X-Node", node_name)
        self._traces = traces
        self._requests = count(1)
        self._begun = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        recorder = Recorder()
        if environ.get("PATH_INFO") not in NOBODYS:
            self._begun = next(self._requests)
        environ[REQUESTS] = self._begun
        if self._traces and environ.get("HTTP_X_LAB_TRACE") == "1":
            start_response = _traced(environ, recorder, start_response)

        def measured_start(status: str, headers: Headers, exc_info: Any = None) -> Write:
            told = [("Server-Timing", server_timing(recorder))] if self._traces or int(status[:3]) < 400 else []
            return start_response(status, [*headers, self._node, *told], exc_info)

        token = current.set(recorder)
        try:
            return self._app(environ, measured_start)
        finally:
            current.reset(token)


def _traced(environ: "WSGIEnvironment", recorder: Recorder, start_response: "StartResponse") -> "StartResponse":
    """Overhear the request's body, and tell what the server did."""
    body = environ["wsgi.input"] = Overheard(environ["wsgi.input"])

    def traced_start(status: str, headers: Headers, exc_info: Any = None) -> Write:
        wire = [("X-Lab-Wire", lab_wire(environ, body.heard, status, headers))] if is_told(environ) else []
        return start_response(status, [*headers, ("X-Lab-Trace", lab_trace(recorder)), *wire], exc_info)

    return traced_start


def server_timing(recorder: Recorder) -> str:
    """Return the `Server-Timing` value: milliseconds to three decimals, so microseconds."""
    return TIMING % recorder.durations_ms()


def lab_trace(recorder: Recorder) -> str:
    """Return the request's steps, in order, as a JSON list that fits a header.

    Of a long one the first steps, and the others summed up by part, so that the durations still add up.
    """
    steps = recorder.steps
    told = [_told(step) for step in steps]
    shown = sum(size <= MAX_TRACE for size in accumulate(len(text) + 1 for text in told))
    others = ([step for step in steps[shown:] if step.part == part] for part in PARTS)
    summed_up = [
        Step(same[0].part, f"{len(same)} more", same[0].at_us, sum(step.duration_us for step in same))
        for same in others
        if same
    ]
    return f"[{','.join([*told[:shown], *map(_told, summed_up)])}]"


def _told(step: Step) -> str:
    told = {**step._asdict(), "at_us": round(step.at_us, 1), "duration_us": round(step.duration_us, 1)}
    return json.dumps(told, separators=(",", ":"))
