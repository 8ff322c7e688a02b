"""A small engine for discrete event simulation.

A process is a generator. It yields a number to wait that long, or a `WaitingLine` to wait for a place in it, which it
releases with `leave`. Places are given in order of arrival (FIFO).
"""

from collections import deque
from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from typing import Union

Process = Generator[Union[float, "WaitingLine"], None, None]


class Agenda:
    """The simulated time and the event queue. Events at the same time run in the order of their entry."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Process]] = []
        self._entry = count()

    def start(self, process: Process) -> None:
        """Start a process now."""
        self.enter(0.0, process)

    def enter(self, after: float, process: Process) -> None:
        """Let a process continue after this time."""
        heappush(self._due, (self.now + after, next(self._entry), process))

    def step(self) -> None:
        """Run the next event."""
        self.now, _, process = heappop(self._due)
        for wish in process:
            if not isinstance(wish, WaitingLine):
                return self.enter(wish, process)
            if not wish.has_place_for(process):
                return None
        return None


class WaitingLine:
    """A number of places, and the queue of processes that wait for one."""

    def __init__(self, agenda: Agenda, places: int) -> None:
        self._agenda, self._free = agenda, places
        self._waiting: deque[Process] = deque()

    def has_place_for(self, process: Process) -> bool:
        """Take a place and return True, or add the process to the queue."""
        if self._free:
            self._free -= 1
            return True
        self._waiting.append(process)
        return False

    def leave(self) -> None:
        """Release a place. The first waiting process gets it."""
        if self._waiting:
            self._agenda.start(self._waiting.popleft())
        else:
            self._free += 1
