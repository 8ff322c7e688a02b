"""Three readings of a store look-up's cost, which must agree.

1. *In the server*: the timer around the store's client.
2. *In the store*: its count of commands per request, times its working time per command, plus the configured round
trip. It excludes the network and the client, so it is a lower bound.
3. *From outside*: the difference of answer times with and without the look-up. Compared with `/open` it is the whole
cost of the approach; compared with its twin, which differs only in the look-up, it is the look-up's cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.estimates import Estimate, difference_within
from loadtests.windows import Window, commands_per_request, middle, paired

# The timer does not include all of the client's work on a reply.
ROOM_SHARE, LEAST_ROOM_US = 0.25, 60.0
CLOCK_SHARE = 0.02  # how far a median may be below the lower bound


@dataclass(frozen=True)
class Readings:
    """Microseconds per request by each reading. `agree` is None if there is nothing to compare."""

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
    """Return the readings of one arm, or None if it has no repeat in common with the baseline."""
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
    """Return whether the store's time fits into the server's, and the server's into the difference from outside."""
    if in_server < in_store * (1 - CLOCK_SHARE):
        return False
    if above_twin is not None:
        return above_twin.widened(ROOM_SHARE, LEAST_ROOM_US).holds(in_server)
    return above_open.high + max(LEAST_ROOM_US, ROOM_SHARE * in_server) >= in_server
