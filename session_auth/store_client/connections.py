"""A pool of at most `POOL_SIZE` connections to one server.

redis-py's pools do not say whether a connection is new or was idle. The difference matters when it fails: a firewall
may have dropped an idle connection, with or without a reset, while the server is healthy.
"""

import os
from queue import Empty, SimpleQueue

from redis.exceptions import ConnectionError  # noqa: A004

from .line import Line

POOL_SIZE = 32


class NotAsked(ConnectionError):
    """Nothing was sent, for a reason on our side. It is no sign of a server failure."""


class Connections:
    """The idle connections. Each caller takes one of the places, then the most recently used connection."""

    def __init__(self) -> None:
        self._places = SimpleQueue[None]()  # used as a semaphore: a tenth of the cost
        for _ in range(POOL_SIZE):
            self.leave()
        self._resting: list[Line] = []

    def enter(self, wait_s: float) -> None:
        """Take a place; call `leave` afterwards. Raise `NotAsked` if none becomes free within `wait_s`."""
        try:
            self._places.get(timeout=wait_s)
        except Empty:
            raise NotAsked("no free connection") from None

    def leave(self) -> None:
        """Return the place."""
        self._places.put(None)

    def take(self) -> Line | None:
        """Return an idle connection that is still open, as far as this machine can see; None if a new one is needed."""
        while (last := self._pop()) is not None:
            if last.pid == os.getpid() and last.is_quiet():
                return last
            last.close()
        return None

    def put(self, line: Line) -> None:
        """Add an idle connection. All of its replies must have been read."""
        self._resting.append(line)

    def drop(self) -> None:
        """Close all idle connections: a cause that cut one of them has probably cut the others."""
        while (last := self._pop()) is not None:
            last.close()

    def _pop(self) -> Line | None:
        try:
            return self._resting.pop()
        except IndexError:
            return None
