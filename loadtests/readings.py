"""Three readings of what a store look-up costs, which have to tell one story.

1. *In the server*: the timer around the store's client.
2. *In the store*: commands a request, by its own count, times what it worked on one and the round trip that was set. It
   knows nothing of the network and the client, so it is the least that a look-up can take.
3. *From outside*: how much longer an answer takes than without the look-up. Against `/open` that is the whole price of
   the approach; against its twin, which differs in nothing but the look-up, it is the look-up's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.estimates import Estimate, difference_within
from loadtests.windows import Window, commands_per_request, middle, paired

# The same code with another store, or the same token without a denylist.
TWINS = {"session": "memory", "hybrid": "token"}
# What is inside the timer and what is not differ by the client's own work on a reply.
ROOM_SHARE, LEAST_ROOM_US = 0.25, 60.0
CLOCK_SHARE = 0.02  # by how much a median may fall below the least that is possible


@dataclass(frozen=True)
class Readings:
    """Microseconds a request by each reading; `agree` is None where there is nothing to compare."""

    in_server_us: float
    in_store_us: float
    above_open_us: Estimate
    above_twin_us: Estimate | None
    agree: bool | None


def read(
    windows: Sequence[Window],
    baseline: Sequence[Window],
    twin: Sequence[Window] | None,
    round_trip_ms: float,
) -> Readings | None:
    """Return the readings of one arm, or None if it or the baseline has none in common."""
    in_server = middle(windows, "store_us_p50")
    mine, floor = paired(windows, baseline, "p50_us")
    if in_server is None or not mine:
        return None
    above_open = difference_within(mine, floor)
    each_us = median(window.store_us_each for window in windows) + 1000 * round_trip_ms
    in_store = (commands_per_request(windows) or 0.0) * each_us
    above_twin = _above(windows, twin)
    agree = _agree(in_server, in_store, above_open, above_twin) if in_store or in_server else None
    return Readings(in_server, in_store, above_open, above_twin, agree)


def _above(windows: Sequence[Window], twin: Sequence[Window] | None) -> Estimate | None:
    mine, theirs = paired(windows, twin, "p50_us") if twin else ([], [])
    return difference_within(mine, theirs) if mine else None


def _agree(in_server: float, in_store: float, above_open: Estimate, above_twin: Estimate | None) -> bool:
    """Tell whether the store's share fits into the server's, and that into the difference seen from outside."""
    if in_server < in_store * (1 - CLOCK_SHARE):
        return False
    if above_twin is not None:
        return above_twin.widened(ROOM_SHARE, LEAST_ROOM_US).holds(in_server)
    return above_open.high + max(LEAST_ROOM_US, ROOM_SHARE * in_server) >= in_server
