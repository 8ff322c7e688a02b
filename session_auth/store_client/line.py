"""One connection to a server: commands go out on it, and their replies come back.

redis-py connects and greets. What follows is a request's whole way to the store, so it goes past redis-py's layers to
hiredis, which packs and reads for them too, and takes no more system calls than it needs: one to send, one to receive.
A Python socket with a timeout takes two more, for it asks before each of them whether it would have to wait. Here the
system itself stops waiting, where it can.
"""

import os
import select
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import hiredis
from redis import Connection, RedisError
from redis import exceptions as refused
from redis.connection import DefaultParser

KEEPALIVE_S, KEEPALIVE_AGAIN_S, KEEPALIVE_TRIES = 15, 5, 3  # firewalls forget what is silent for half a minute or more
CHUNK = 64 * 1024

UNFINISHED = object()

Argument = str | bytes | int
Command = tuple[Argument, ...]
Greeting = Callable[[Connection], None]


class Line:
    """An open connection. `pid`: the process that opened it. `since`: when it was asked last (monotonic)."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self.pid = os.getpid()
        self.since = 0.0
        self.socket: socket.socket = connection._sock  # type: ignore[assignment]  # it is connected
        self._connection = connection
        self._timeout_s = timeout_s
        self._own_timeout_s = None if _system_stops_waiting(self.socket, timeout_s) else timeout_s
        self.socket.settimeout(self._own_timeout_s)
        self._comes = _poll(self.socket)
        self._reader = hiredis.Reader(
            protocolError=refused.InvalidResponse,
            replyError=DefaultParser.parse_error,
            errors="replace",
            notEnoughData=UNFINISHED,
        )

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go and return their replies, a refusal as the error that it is.

        Raise `redis.TimeoutError` if one is missing after the timeout, or another `redis.RedisError`.
        """
        try:
            self.since = monotonic()
            self.socket.sendall(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]  # any length
            self._receive()
            replies = [self._reply() for _ in commands]
        except (TimeoutError, BlockingIOError) as silence:
            self.close()  # a late reply must not become the next caller's
            raise refused.TimeoutError("no reply in time") from silence
        except OSError as failure:
            self.close()
            raise refused.ConnectionError("the connection broke") from failure
        except BaseException:
            self.close()
            raise
        if self._reader.has_data():
            self.close()
            raise refused.InvalidResponse("more came than was asked for")
        return replies

    def is_quiet(self) -> bool:
        """Tell whether it is open and nothing has come that was not asked for."""
        try:
            return not (self._comes.poll(0) if self._comes else self._connection.can_read())
        except (RedisError, OSError):
            return False

    def close(self) -> None:
        self._connection.disconnect()  # type: ignore[no-untyped-call]

    def _reply(self) -> Any:
        reply = self._reader.gets()
        while reply is UNFINISHED or isinstance(reply, hiredis.PushNotification):
            if reply is UNFINISHED:
                self._receive_more()
            reply = self._reader.gets()
        if isinstance(reply, refused.ConnectionError):  # it says so of the connection, and not of a command
            raise reply
        return reply

    def _receive_more(self) -> None:
        """Receive a further piece in what is left of the time."""
        left_s = self.since + self._timeout_s - monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.socket.settimeout(left_s)
        self._receive()
        self.socket.settimeout(self._own_timeout_s)

    def _receive(self) -> None:
        piece = self.socket.recv(CHUNK)
        if not piece:
            raise refused.ConnectionError("the server has closed the connection")
        self._reader.feed(piece)


def keepalive_options() -> dict[int, int]:
    """Return the socket options that keep a resting connection known to the firewalls on its way."""
    idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE  # type: ignore[attr-defined]  # macOS's name
    return {idle: KEEPALIVE_S, socket.TCP_KEEPINTVL: KEEPALIVE_AGAIN_S, socket.TCP_KEEPCNT: KEEPALIVE_TRIES}


def _system_stops_waiting(sock: socket.socket, timeout_s: float) -> bool:
    """Let the system end each wait on this socket, and tell whether it will. With TLS Python waits for itself."""
    if isinstance(sock, ssl.SSLSocket) or sys.platform not in ("linux", "darwin"):
        return False
    microseconds = max(1, round(timeout_s * 1e6))  # none at all would mean for ever
    timeval = struct.pack("ll", *divmod(microseconds, 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
    return True


def _poll(sock: socket.socket) -> "select.poll | None":
    """Return what tells whether something has come; None where only redis-py can tell."""
    if isinstance(sock, ssl.SSLSocket) or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll
