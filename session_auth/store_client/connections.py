"""The connections to one server: those at rest are used again, and there are never more than `POOL_SIZE`.

redis-py's own pools hide whether a connection is new or has rested, and that decides what its failure means: a firewall
forgets connections that rest, with a reset or without a word, while the server is well.
"""

import os
import socket
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, NamedTuple

from redis import Connection, RedisError
from redis.exceptions import ConnectionError, ResponseError  # noqa: A004

POOL_SIZE = 32
KEEPALIVE_S, KEEPALIVE_AGAIN_S, KEEPALIVE_TRIES = 15, 5, 3  # firewalls forget what is silent for half a minute or more

Argument = str | bytes | int
Command = tuple[Argument, ...]
Greeting = Callable[[Connection], None]


class NotAsked(ConnectionError):
    """Nothing was sent, for a reason of our own: it tells nothing of the server."""


class Rested(NamedTuple):
    """A connection that was used before, and since when it has not been, by the monotonic clock."""

    connection: Connection
    since: float


class Connections:
    """Connections that are at rest. Each caller takes a place, and then the connection that rested shortest."""

    def __init__(self) -> None:
        self._places = SimpleQueue[None]()  # a semaphore that costs a tenth
        for _ in range(POOL_SIZE):
            self.leave()
        self._resting: list[Rested] = []

    def enter(self, wait_s: float) -> None:
        """Take one of the places, which has to be left again. Raise `NotAsked` if none becomes free in time."""
        try:
            self._places.get(timeout=wait_s)
        except Empty:
            raise NotAsked("no free connection") from None

    def leave(self) -> None:
        """Give the place back."""
        self._places.put(None)

    def take(self) -> Rested | None:
        """Return a connection that nobody has closed as far as this machine knows; None if a new one is needed."""
        while (last := self._pop()) is not None:
            connection = last.connection
            if connection.pid == os.getpid() and _is_quiet(connection):
                return last
            connection.disconnect()  # type: ignore[no-untyped-call]
        return None

    def put(self, connection: Connection) -> None:
        """Let a connection rest whose replies have all been read."""
        self._resting.append(Rested(connection, monotonic()))

    def drop(self) -> None:
        """Close all that rest: what cut one of them has cut the others as well."""
        while (last := self._pop()) is not None:
            last.connection.disconnect()  # type: ignore[no-untyped-call]

    def _pop(self) -> Rested | None:
        try:
            return self._resting.pop()
        except IndexError:
            return None


def exchange(connection: Connection, commands: Sequence[Command]) -> list[Any]:
    """Send commands in one go and return their replies, a refusal as the error that it is. Raise if one is missing."""
    try:
        connection.send_packed_command([packed(commands)], check_health=False)  # type: ignore[no-untyped-call]
        return [_reply(connection) for _ in commands]
    except BaseException:  # a late reply must not become the next caller's
        connection.disconnect()  # type: ignore[no-untyped-call]
        raise


def packed(commands: Sequence[Command]) -> bytes:
    """Return commands as they are sent: how many arguments, then each with its length (RESP, "Sending commands")."""
    parts = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for argument in command:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def keepalive_options() -> dict[int, int]:
    """Return the socket options that keep a resting connection known to the firewalls on its way."""
    idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE  # type: ignore[attr-defined]  # macOS's name
    return {idle: KEEPALIVE_S, socket.TCP_KEEPINTVL: KEEPALIVE_AGAIN_S, socket.TCP_KEEPCNT: KEEPALIVE_TRIES}


def _reply(connection: Connection) -> Any:
    try:
        return connection.read_response()
    except ResponseError as refusal:
        return refusal


def _is_quiet(connection: Connection) -> bool:
    """Tell whether it is open and nothing has come that was not asked for."""
    try:
        return not connection.can_read()
    except (RedisError, OSError):
        return False
