"""What happens one after the other, without the time that passes in between: a small engine for simulations.

A process is a generator. It yields a number, and goes on when so much time has passed; or it yields a `WaitingLine`,
and goes on when it has a place there, which it gives back by `leave`. Who came first gets a place first.
"""

from collections import deque
from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from typing import Union

Process = Generator[Union[float, "WaitingLine"], None, None]


class Agenda:
    """The time, and what goes on at which time; what is due at the same time goes on in the order of its entry."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Process]] = []
        self._entry = count()

    def start(self, process: Process) -> None:
        """Let a process begin now."""
        self.enter(0.0, process)

    def enter(self, after: float, process: Process) -> None:
        """Let a process go on when so much time has passed."""
        heappush(self._due, (self.now + after, next(self._entry), process))

    def step(self) -> None:
        """Do what is due next."""
        self.now, _, process = heappop(self._due)
        for wish in process:
            if not isinstance(wish, WaitingLine):
                return self.enter(wish, process)
            if not wish.has_place_for(process):
                return None
        return None


class WaitingLine:
    """A number of places, and who waits for one."""

    def __init__(self, agenda: Agenda, places: int) -> None:
        self._agenda, self._free = agenda, places
        self._waiting: deque[Process] = deque()

    def has_place_for(self, process: Process) -> bool:
        """Give a place, or else remember who waits for one."""
        if self._free:
            self._free -= 1
            return True
        self._waiting.append(process)
        return False

    def leave(self) -> None:
        """Give a place to the first who waits, or back."""
        if self._waiting:
            self._agenda.start(self._waiting.popleft())
        else:
            self._free += 1
