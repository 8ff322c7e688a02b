"""Check the store's counters against the design: commands per request."""

from collections.abc import Sequence

from loadtests.approaches import store_reads_of
from loadtests.results import Check
from loadtests.windows import Window, by_arm
from loadtests.words import _


def reconciled(windows: Sequence[Window]) -> list[Check]:
    """Return one check per arm: every window's number of commands is exactly the number by design."""
    counted = [window for window in windows if window.commands is not None]
    return [_reconciled(of_arm) for of_arm in by_arm(counted).values()]


def _reconciled(windows: Sequence[Window]) -> Check:
    design = store_reads_of(windows[0].approach, windows[0].store_reads)
    requests = sum(window.requests_counted for window in windows)
    commands = sum(_total(window) for window in windows)
    off = [window for window in windows if _total(window) != design * window.requests_counted]
    detail = _(
        "%(requests)s requests × %(design)s = %(expected)s by design; the store counted %(commands)s",
        requests=f"{requests:,}",
        design=design,
        expected=f"{design * requests:,}",
        commands=f"{commands:,}",
    )
    return Check(_("store commands of %(arm)s", arm=windows[0].label), not off and requests > 0, detail)


def _total(window: Window) -> int:
    return sum((window.commands or {}).values())
