"""When the members of a crowd may ask: one after the other as they are answered, or when a schedule says so."""

import random
from collections.abc import Iterable
from time import perf_counter

import gevent
from gevent.queue import Queue


class Pacer:
    """Lets members go, and knows when all of them stand still again.

    A closed loop sends the next request when the last one is answered: a server that stalls hides what would have come
    meanwhile. An open one has a schedule: whoever is late for it counts the time since the request was due.

    In a closed loop members pause at random, `pause_s` on average. Were all pauses alike, a balancer that takes turns
    would fall into step with them, and whoever had just been turned away would be dealt the other node, every time.
    """

    def __init__(self, pause_s: float) -> None:
        self.waiting = 0
        self._pause_s = pause_s
        self._running = False
        self._tickets: Queue[float | None] = Queue()

    def next(self) -> float | None:
        """Return when it is a member's turn: the moment that the request was due, or None in a closed loop."""
        if self._running:
            gevent.sleep(random.expovariate(1 / self._pause_s) if self._pause_s else 0.0)
        if self._running:
            return None
        self.waiting += 1
        try:
            due: float | None = self._tickets.get()
            return due
        finally:
            self.waiting -= 1

    def open(self) -> None:
        """Let everybody go, until `close()`."""
        self._running = True
        self.admit([None] * self.waiting)

    def close(self) -> None:
        """Let nobody begin another request."""
        self._running = False

    def admit(self, dues: Iterable[float | None]) -> None:
        """Let one member go for each of these, now."""
        for due in dues:
            self._tickets.put(due)

    def keep_to(self, schedule: Iterable[float], began: float) -> None:
        """Let one member go at each moment of the schedule, in seconds after `began`."""
        for at_s in schedule:
            gevent.sleep(max(0.0, began + at_s - perf_counter()))
            self._tickets.put(began + at_s)

    def wait_until_quiet(self, members: int, patience_s: float) -> None:
        """Return when every request is answered and every ticket used. Raise `TimeoutError`."""
        deadline = perf_counter() + patience_s
        while self.waiting < members or not self._tickets.empty():
            if perf_counter() > deadline:
                raise TimeoutError(f"{members - self.waiting} requests were not answered in {patience_s:.0f} s")
            gevent.sleep(0.001)
