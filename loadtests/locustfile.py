"""`locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`: the members of every approach, in Locust as it is.

One user class an approach, with the same tasks and weights (`--class-picker` chooses in the browser; so do names on the
command line: `locust … SessionUser TokenUser`). `--tags profile` leaves the reads, `write` the notes. `--processes`,
`--master` and `--worker` work as ever: this file is what each of them loads.

What the server says of its own work gets rows of its own: `STORE`, `VERIFY`, `DB` and `APP`, one set a page, **in
microseconds** as their names say. They are no requests, so the aggregated row does not count them.
"""

from collections.abc import Mapping
from math import floor, log10
from typing import Any

import locust.stats
from locust import events

from loadtests.members import HybridMember, MemoryMember, OpenMember, SessionMember, TokenMember
from loadtests.server_timing import PARTS, parts_us


class OpenUser(OpenMember):
    """The baseline: no login."""


class MemoryUser(MemoryMember):
    """Sessions in one node's memory; behind several nodes it needs the sticky door."""


class SessionUser(SessionMember):
    """Sessions in the store."""


class TokenUser(TokenMember):
    """Access and refresh tokens."""


class HybridUser(HybridMember):
    """Tokens with a denylist."""


def three_figures(response_time: float) -> float:
    """Round to three significant figures: Locust's own whole milliseconds hide what a look-up costs."""
    return round(response_time, 2 - floor(log10(response_time))) if response_time > 0 else 0


# In every process: workers fill the histograms that the master adds up.
locust.stats.bucket_response_time = three_figures  # type: ignore[assignment]


@events.init.add_listener  # type: ignore[untyped-decorator]
def show_server_timing(environment: Any, **_: Any) -> None:
    """Let every answer's `Server-Timing` fill the rows of its page."""

    def fill(name: str, response: Any, **_: Any) -> None:
        headers: Mapping[str, str] = getattr(response, "headers", None) or {}
        for part, duration_us in parts_us(headers.get("server-timing", "")).items():
            if part in PARTS:
                environment.stats.entries[f"{name} (µs)", part.upper()].log(duration_us, 0)

    environment.events.request.add_listener(fill)
