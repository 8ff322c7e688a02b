"""Response headers for the lab's pages: `X-Lab-Trace`, the server's steps, and `X-Lab-Wire`, the HTTP messages."""

import json
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from lab.wire import Headers, RecordingInput, is_told, lab_wire
from service.measurement.recorder import PARTS, Recorder, TraceStep, current

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Write = Callable[[bytes], object]

MAX_TRACE = 2300  # bytes of single steps: a proxy stores all response headers in one buffer, 4 kB in nginx


class Traced:
    """A WSGI application that adds the headers if the request has `X-Lab-Trace: 1`. `app` measures the request."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_X_LAB_TRACE") == "1":
            start_response = _traced(environ, start_response)
        return self._app(environ, start_response)


def _traced(environ: "WSGIEnvironment", start_response: "StartResponse") -> "StartResponse":
    """Record the request's body, and add the headers to the response."""
    body = environ["wsgi.input"] = RecordingInput(environ["wsgi.input"])

    def traced_start(status: str, headers: Headers, exc_info: Any = None) -> Write:
        wire = [("X-Lab-Wire", lab_wire(environ, body.recorded, status, headers))] if is_told(environ) else []
        recorder = current.get()
        assert recorder is not None  # set by the service for every request
        return start_response(status, [*headers, ("X-Lab-Trace", lab_trace(recorder)), *wire], exc_info)

    return traced_start


def lab_trace(recorder: Recorder) -> str:
    """Return the request's steps, in order, as a JSON list that fits into a header.

    A long list is cut: the remaining steps are summed up by part, so that the total duration stays correct.
    """
    steps = recorder.steps
    told = [_told(step) for step in steps]
    shown = sum(size <= MAX_TRACE for size in accumulate(len(text) + 1 for text in told))
    others = ([step for step in steps[shown:] if step.part == part] for part in PARTS)
    summed_up = [
        TraceStep(same[0].part, f"{len(same)} more", same[0].at_us, sum(step.duration_us for step in same))
        for same in others
        if same
    ]
    return f"[{','.join([*told[:shown], *map(_told, summed_up)])}]"


def _told(step: TraceStep) -> str:
    told = {**step._asdict(), "at_us": round(step.at_us, 1), "duration_us": round(step.duration_us, 1)}
    return json.dumps(told, separators=(",", ":"))
