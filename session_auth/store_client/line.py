"""One connection to a server: send commands, receive their replies.

redis-py opens the connection and sends HELLO. Commands then skip redis-py's layers and use hiredis directly (redis-py
also uses it to pack and parse), with two system calls: one to send, one to receive. A Python socket with a timeout
needs two more, because it polls before each call. Here the kernel applies the timeout where it can (`SO_RCVTIMEO`).
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

KEEPALIVE_S, KEEPALIVE_AGAIN_S, KEEPALIVE_TRIES = 15, 5, 3  # firewalls drop connections that are idle for 30 s or more
CHUNK = 64 * 1024

UNFINISHED = object()

Argument = str | bytes | int
Command = tuple[Argument, ...]
Greeting = Callable[[Connection], None]


class Line:
    """An open connection. `pid`: the process that opened it. `since`: when it was last used (monotonic seconds)."""

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
        """Send all commands at once and return their replies. An error reply is returned as an exception object.

        Raise `redis.TimeoutError` if a reply is missing after the timeout, or another `redis.RedisError`.
        """
        try:
            self.since = monotonic()
            self.socket.sendall(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]  # any length
            self._receive()
            replies = [self._reply() for _ in commands]
        except (TimeoutError, BlockingIOError) as silence:
            self.close()  # the next caller must not receive a late reply
            raise refused.TimeoutError("no reply in time") from silence
        except OSError as failure:
            self.close()
            raise refused.ConnectionError("the connection broke") from failure
        except BaseException:
            self.close()
            raise
        if self._reader.has_data():
            self.close()
            raise refused.InvalidResponse("more replies than commands")
        return replies

    def is_quiet(self) -> bool:
        """Return whether the connection is open and has no unread data."""
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
        if isinstance(reply, refused.ConnectionError):  # it concerns the connection, not the command
            raise reply
        return reply

    def _receive_more(self) -> None:
        """Receive more data within the rest of the timeout."""
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
    """Return TCP keepalive options, so that firewalls do not drop idle connections."""
    idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE  # type: ignore[attr-defined]  # macOS's name
    return {idle: KEEPALIVE_S, socket.TCP_KEEPINTVL: KEEPALIVE_AGAIN_S, socket.TCP_KEEPCNT: KEEPALIVE_TRIES}


def _system_stops_waiting(sock: socket.socket, timeout_s: float) -> bool:
    """Set the kernel's timeouts on this socket. Return False if that does not work: with TLS, and on other systems."""
    if isinstance(sock, ssl.SSLSocket) or sys.platform not in ("linux", "darwin"):
        return False
    microseconds = max(1, round(timeout_s * 1e6))  # 0 would mean no timeout
    timeval = struct.pack("ll", *divmod(microseconds, 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
    return True


def _poll(sock: socket.socket) -> "select.poll | None":
    """Return a poll object for incoming data; None where only redis-py can check for it."""
    if isinstance(sock, ssl.SSLSocket) or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll
