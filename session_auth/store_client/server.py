"""One server of a store, with short timeouts, and a pause after it did not answer (a circuit breaker)."""

import logging
import ssl
from collections.abc import Sequence
from time import monotonic
from typing import Any

from redis import Connection, RedisError, SSLConnection
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, ReadOnlyError, ResponseError  # noqa: A004
from redis.retry import Retry

from .address import Host, StoreAddress, name_of
from .connections import Connections, NotAsked
from .line import Command, Greeting, Line, keepalive_options

log = logging.getLogger(__name__)

TIMEOUT_S = 0.2  # a command on loopback takes 0.0001 s; any call ends within 0.5 s
PAUSE_S = 0.25
TRUSTED_S = 0.05  # a connection that was idle longer is checked with PING before a write

# Commands that may be sent again after a lost reply. GETEX writes, but is safe to repeat: the second one only restarts
# the TTL, and does not re-create a record that was deleted in between.
REPEATABLE = frozenset({"CLUSTER", "GET", "GETEX", "HGETALL", "LINDEX", "PING", "PTTL", "SENTINEL"})


ROLE = ("role", b"role")  # field of the reply to HELLO; a sentinel sends none


class Paused(NotAsked):
    """This server did not answer a moment ago."""


class CutOff(ConnectionError):
    """An idle connection broke when it was used. The server may or may not have executed the command."""


def greet(connection: Connection) -> None:
    """Send the server our handshake (HELLO, AUTH, SELECT)."""
    connection.on_connect()  # type: ignore[no-untyped-call]


def greet_a_master(connection: Connection) -> None:
    """Greet, and refuse a replica, also a demoted master: it answers reads, but may lack later writes."""
    greet(connection)
    said = {text(name): text(value) for name, value in connection.handshake_metadata.items() if name in ROLE}
    if said.get("role", "master") != "master":
        raise ReadOnlyError("a replica")


class Server:
    """One server. While it does not answer, calls fail at once; one call every `PAUSE_S` seconds tries it again.

    So threads do not queue for it and can serve other pages, and the other servers of a cluster stay usable.

    Every step (connect, greet, send the command, send it again on a new connection) begins before `begin_until`
    (monotonic seconds) or not at all, and waits at most `timeout_s`.
    """

    def __init__(
        self, host: Host, address: StoreAddress, timeout_s: float, greeting: Greeting = greet, **options: Any
    ) -> None:
        self.host = host
        self._timeout_s = timeout_s
        self._greeting = greeting
        self._failing = False
        self._refuse_until = 0.0
        self._answered_at = 0.0
        self._connections = Connections()
        self._kind = SSLConnection if address.tls else Connection
        self._options = {
            "host": host[0],
            "port": host[1],
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "socket_keepalive_options": keepalive_options(),
            "retry": Retry(NoBackoff(), 0),
            "driver_info": None,  # saves two round trips before the first command
            **options,
        }

    def send(self, command: Command, begin_until: float) -> Any:
        """Send one command and return its reply. Raise an error reply."""
        return _raised_if_refused(self.exchange([command], begin_until, command[0] in REPEATABLE))

    def send_asking(self, command: Command, begin_until: float) -> Any:
        """Send one command after `ASKING`, for a key that is migrating to this server."""
        return _raised_if_refused(self.exchange([("ASKING",), command], begin_until, command[0] in REPEATABLE))

    def exchange(self, commands: Sequence[Command], begin_until: float, may_repeat: bool) -> list[Any]:
        """Send all commands at once and return their replies. An error reply is returned as an exception object.

        With `may_repeat` they are sent once more, on a new connection, if an idle connection fails.
        """
        if self._failing and self._refuses():
            raise Paused(name_of(self.host))
        began_at = monotonic()
        try:
            self._connections.enter(self._timeout_s)
            try:
                replies = self._exchange(commands, begin_until, may_repeat)
            finally:
                self._connections.leave()
        except (ResponseError, NotAsked, CutOff) as error:
            self._failing = self._failing and not isinstance(error, ResponseError)  # an error reply is an answer
            raise
        except (RedisError, OSError) as error:
            if began_at >= self._answered_at:  # else it has answered a later caller meanwhile
                self._note_silence(error)
            raise
        self._failing, self._answered_at = False, monotonic()
        return replies

    def close(self) -> None:
        self._connections.drop()

    def _exchange(self, commands: Sequence[Command], begin_until: float, may_repeat: bool) -> list[Any]:
        rested = self._connections.take()
        if rested is not None and (may_repeat or self._works(rested)):
            try:
                return self._exchange_on(rested, commands)
            except (RedisError, OSError) as error:
                self._give_up_rested()
                if not may_repeat:
                    raise CutOff(name_of(self.host)) from error
        return self._exchange_on(self._connect(begin_until), commands)

    def _exchange_on(self, line: Line, commands: Sequence[Command]) -> list[Any]:
        replies = line.exchange(commands)
        self._connections.put(line)
        for reply in replies:
            if isinstance(reply, ReadOnlyError):
                self._connections.drop()  # demoted to a replica: new connections detect that before any read
        return replies

    def _works(self, rested: Line) -> bool:
        """PING a connection that was idle long, because the next command must not be lost or sent twice."""
        if monotonic() - rested.since <= TRUSTED_S:
            return True
        try:
            rested.exchange([("PING",)])
        except (RedisError, OSError):
            self._give_up_rested()
            return False
        return True

    def _give_up_rested(self) -> None:
        log.info("an idle connection was cut; closing all idle connections: %s", name_of(self.host))
        self._connections.drop()

    def _connect(self, begin_until: float) -> Line:
        def greet_in_time(connection: Connection) -> None:
            refuse_late(begin_until)
            self._greeting(connection)

        refuse_late(begin_until)
        connection: Connection = self._kind(redis_connect_func=greet_in_time, **self._options)
        connection.connect()  # type: ignore[no-untyped-call]
        log.debug("a new connection: %s", name_of(self.host))
        line = Line(connection, self._timeout_s)
        try:
            refuse_late(begin_until)
        except NotAsked:
            self._connections.put(line)  # for the next caller
            raise
        return line

    def _refuses(self) -> bool:
        now = monotonic()
        if now < self._refuse_until:
            return True
        self._refuse_until = now + PAUSE_S  # this caller tries; the others fail at once until it succeeds
        return False

    def _note_silence(self, error: Exception) -> None:
        if not self._failing:
            log.error("the store does not answer: %s: %s", name_of(self.host), reason_of(error))
        pause_s = 0.0 if isinstance(error, AuthenticationError) else PAUSE_S  # the server answered, and quickly
        self._failing, self._refuse_until = True, monotonic() + pause_s


def refuse_late(begin_until: float) -> None:
    """Raise `NotAsked` if it is too late to begin a step."""
    if monotonic() > begin_until:
        raise NotAsked("it took too long")


def reason_of(error: BaseException) -> str:
    """Return the error's type (its text may repeat what was sent), or why the certificate was refused."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def text(reply: str | bytes) -> str:
    return reply.decode() if isinstance(reply, bytes) else reply


def _raised_if_refused(replies: list[Any]) -> Any:
    if isinstance(replies[-1], Exception):
        raise replies[-1]
    return replies[-1]
