"""The connections to one server: those at rest are used again, and there are never more than `POOL_SIZE`.

redis-py's own pools hide whether a connection is new or has rested, and that decides what its failure means: a firewall
forgets connections that rest, with a reset or without a word, while the server is well.
"""

import os
from queue import Empty, SimpleQueue

from redis.exceptions import ConnectionError  # noqa: A004

from .line import Line

POOL_SIZE = 32


class NotAsked(ConnectionError):
    """Nothing was sent, for a reason of our own: it tells nothing of the server."""


class Connections:
    """Connections that are at rest. Each caller takes a place, and then the connection that rested shortest."""

    def __init__(self) -> None:
        self._places = SimpleQueue[None]()  # a semaphore that costs a tenth
        for _ in range(POOL_SIZE):
            self.leave()
        self._resting: list[Line] = []

    def enter(self, wait_s: float) -> None:
        """Take one of the places, which has to be left again. Raise `NotAsked` if none becomes free in time."""
        try:
            self._places.get(timeout=wait_s)
        except Empty:
            raise NotAsked("no free connection") from None

    def leave(self) -> None:
        """Give the place back."""
        self._places.put(None)

    def take(self) -> Line | None:
        """Return a connection that nobody has closed as far as this machine knows; None if a new one is needed."""
        while (last := self._pop()) is not None:
            if last.pid == os.getpid() and last.is_quiet():
                return last
            last.close()
        return None

    def put(self, line: Line) -> None:
        """Let a connection rest whose replies have all been read."""
        self._resting.append(line)

    def drop(self) -> None:
        """Close all that rest: what cut one of them has cut the others as well."""
        while (last := self._pop()) is not None:
            last.close()

    def _pop(self) -> Line | None:
        try:
            return self._resting.pop()
        except IndexError:
            return None
