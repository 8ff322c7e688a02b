"""Decide when the members of a crowd may send requests: after each answer, or by a schedule."""

import random
from collections.abc import Iterable
from time import perf_counter

import gevent
from gevent.queue import Queue


class Pacer:
    """Lets members send requests, and detects when all of them wait again.

    A closed loop sends the next request after the last answer, so a stalled server reduces the number of requests. An
    open loop has a schedule: the time of a late request counts from when it was due.

    In a closed loop members pause for a random time, `pause_s` on average. With equal pauses the requests would
    synchronize with round robin, and a refused member would always get the other node next.
    """

    def __init__(self, pause_s: float) -> None:
        self.waiting = 0
        self._pause_s = pause_s
        self._running = False
        self._tickets: Queue[float | None] = Queue()

    def next(self) -> float | None:
        """Wait for a member's turn. Return when the request was due, or None in a closed loop."""
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
        """Let all members send requests, until `close()`."""
        self._running = True
        self.admit([None] * self.waiting)

    def close(self) -> None:
        """Let no member begin another request."""
        self._running = False

    def admit(self, dues: Iterable[float | None]) -> None:
        """Let one member send a request for each of these, now."""
        for due in dues:
            self._tickets.put(due)

    def keep_to(self, schedule: Iterable[float], began: float) -> None:
        """Let one member send a request at each time of the schedule, in seconds after `began`."""
        for at_s in schedule:
            gevent.sleep(max(0.0, began + at_s - perf_counter()))
            self._tickets.put(began + at_s)

    def wait_until_quiet(self, members: int, patience_s: float) -> None:
        """Wait until every request is answered and every ticket used. Raise `TimeoutError`."""
        deadline = perf_counter() + patience_s
        while self.waiting < members or not self._tickets.empty():
            if perf_counter() > deadline:
                raise TimeoutError(f"{members - self.waiting} requests were not answered in {patience_s:.0f} s")
            gevent.sleep(0.001)
