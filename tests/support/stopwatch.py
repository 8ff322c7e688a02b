"""How long the lab itself takes: the time by the clock, less the time in which the machine let it wait for a core.

A bound such as "503 within half a second" is the lab's promise, and the time that other programs take is no part of it.
Linux counts for each thread how long it could have run and did not (`schedstat`, second field). On a machine with
nothing else to do that is nothing, and the bound is the bare one. A wait of the lab's own, for a silent store or a
lock, is never counted there: on a busy machine it is as long as on a quiet one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

LOOK_EVERY_S = 0.03
GIVE_UP_S = 60.0  # by the clock: for what never comes, on however slow a machine


class Stopwatch:
    """Runs from the moment it is made. It knows the threads of this process and of those that it has started.

    Without `schedstat`, elsewhere than on Linux, all time is the lab's own.
    """

    def __init__(self) -> None:
        self._waited_ns = dict(waits_ns())
        self._began = monotonic()

    def own_s(self) -> float:
        """Return the lab's own share of the time so far."""
        return self._times()[0]

    def waited_s(self) -> float:
        """Return for how long the machine has let threads wait so far, all of them added up."""
        own_s, wall_s = self._times()
        return wall_s - own_s

    def assert_within(self, bound_s: float) -> None:
        """Hold the lab's own share of the time so far to a bound."""
        own_s, wall_s = self._times()
        assert own_s < bound_s, f"{own_s:.3f} s of its own, {wall_s:.3f} s by the clock"

    def _times(self) -> tuple[float, float]:
        wall_s = monotonic() - self._began
        waited_ns = sum(max(0, now - self._waited_ns.get(thread, 0)) for thread, now in waits_ns())
        return wall_s - waited_ns / 1e9, wall_s


def waits_ns() -> Iterator[tuple[str, int]]:
    """Return for each thread of ours, by its id, how long it has had to wait for a core in its life."""
    processes = ["self"]
    while processes:
        with suppress(OSError):  # another system than Linux, or a process that has ended meanwhile
            for thread in os.scandir(f"/proc/{processes.pop()}/task"):
                with suppress(OSError):
                    yield thread.name, int(told(thread, "schedstat")[1])
                    processes += told(thread, "children")


def told(thread: "os.DirEntry[str]", what: str) -> list[str]:
    with open(os.path.join(thread.path, what), "rb", buffering=0) as file:
        return file.read().decode().split()


def eventually(condition: Callable[[], Any], what: str = "it", *, within_s: float | None = None) -> Any:
    """Wait until `what` holds, and return it. With `within_s` the lab's own share of the wait is held to that."""
    watch, deadline = Stopwatch(), monotonic() + GIVE_UP_S
    while not (found := condition()):
        if within_s is not None:
            watch.assert_within(within_s)
        assert monotonic() < deadline, f"not within {GIVE_UP_S:.0f} s: {what}"
        sleep(LOOK_EVERY_S)
    if within_s is not None:
        watch.assert_within(within_s)
    return found
