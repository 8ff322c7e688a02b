"""Measure every request at the WSGI boundary, errors included, and send the result in headers."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from service.measurement.recorder import PARTS, Recorder, current

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Write = Callable[[bytes], object]  # defined once: in an inner function's signature each request would evaluate it

UNCOUNTED_PATHS = frozenset({"/healthz", "/readyz", "/lab/state"})  # polled
REQUESTS = "lab.requests"  # WSGI environment key: number of requests that this process has begun to serve
TIMING = ", ".join(f"{part};dur=%.3f" for part in (*PARTS, "app"))


class Measured:
    """A WSGI application that adds `X-Node` and `Server-Timing`.

    Outside a lab refusals have no `Server-Timing`: a log-in's database time would reveal which names exist.
    `refusals_too`: send it for refusals as well.
    """

    def __init__(self, app: "WSGIApplication", node_name: str, refusals_too: bool) -> None:
        self._app = app
        self._node = ("X-Node", node_name)
        self._refusals_too = refusals_too
        self._requests = count(1)
        self._begun = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        recorder = Recorder()
        if environ.get("PATH_INFO") not in UNCOUNTED_PATHS:
            self._begun = next(self._requests)
        environ[REQUESTS] = self._begun

        def measured_start(status: str, headers: Headers, exc_info: Any = None) -> Write:
            told = [("Server-Timing", server_timing(recorder))] if self._refusals_too or int(status[:3]) < 400 else []
            return start_response(status, [*headers, self._node, *told], exc_info)

        token = current.set(recorder)
        try:
            return self._app(environ, measured_start)
        finally:
            current.reset(token)


def server_timing(recorder: Recorder) -> str:
    """Return the `Server-Timing` value: milliseconds to three decimals, so microseconds."""
    return TIMING % recorder.durations_ms()
