"""The one way to the store: short timeouts, no blind retry, a bounded pool, every command timed.

A store that refuses or hangs costs the first request one timeout; for the next quarter of a second the others are
told at once, so that threads which could serve other pages do not queue behind it.
"""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from flask_babel import lazy_gettext
from redis import BlockingConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.retry import Retry

from errors import StoreUnavailable
from measurement import step

log = logging.getLogger(__name__)

TIMEOUT_S = 0.2  # a command on loopback takes 0.0001 s; a caller is answered within 0.5 s whatever happens
PAUSE_S = 0.25
POOL_SIZE = 32

Argument = str | bytes | int
Command = tuple[Argument, ...]
Reply = TypeVar("Reply")


class StoreConnection:
    """Commands to the store at `address()`, which is asked for when the first command is sent."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._client: Redis | None = None
        self._connecting = Lock()
        self._failing = False
        self._refuse_until = 0.0

    def command(self, *command: Argument) -> Any:
        """Send one command and return its reply. Raise `StoreUnavailable` if none comes."""
        return self.attempt(describe(command), lambda client: client.execute_command(*command))  # type: ignore[no-untyped-call]

    def transaction(self, *commands: Command) -> list[Any]:
        """Send several commands that are carried out together or not at all, and return their replies in order."""

        def send(client: Redis) -> list[Any]:
            pipeline = client.pipeline(transaction=True)
            for command in commands:
                pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            return pipeline.execute()

        return self.attempt(" + ".join(map(describe, commands)), send)

    def attempt(self, what: str, send: Callable[[Redis], Reply]) -> Reply:
        """Time `send`, and turn every failure to get a reply into `StoreUnavailable`."""
        with step("store", what):
            if self._refuses():
                raise StoreUnavailable(DOES_NOT_ANSWER)
            try:
                reply = send(self.client())
            except ResponseError as error:
                self._failing = False  # a refusal is an answer
                raise _refusal(error) from None
            except (RedisError, OSError) as error:
                self._note_silence(error)
                raise StoreUnavailable(DOES_NOT_ANSWER) from None
            self._failing = False
            return reply

    def _note_silence(self, error: Exception) -> None:
        if not self._failing:
            log.error("the store does not answer: %s", type(error).__name__)  # its text may hold an address
        self._failing, self._refuse_until = True, monotonic() + PAUSE_S

    def _refuses(self) -> bool:
        now = monotonic()
        if self._failing and now >= self._refuse_until:
            self._refuse_until = now + PAUSE_S  # this caller tries; the others wait for what it finds
            return False
        return self._failing

    def client(self) -> Redis:
        """Return the client, connecting lazily: what never touches the store never needs one."""
        with self._connecting:
            if self._client is None:
                self._client = impatient_client(self._address())
            return self._client


def _refusal(error: ResponseError) -> StoreUnavailable:
    # In a transaction redis-py puts the command before the store's words, and with it what was to be written.
    said = str(error).rpartition(" caused error: ")[2]
    if said.startswith("WRONGTYPE"):
        return WrongKind(REFUSES)
    full = isinstance(error, OutOfMemoryError)
    log.error("the store refuses a command: %s", "out of memory" if full else said.split(" ")[0])
    return StoreUnavailable(IS_FULL if full else REFUSES)


class WrongKind(StoreUnavailable):
    """The key holds something of another type than the command is for. Whoever knows what that means catches it."""


DOES_NOT_ANSWER = lazy_gettext("The session store does not answer. Your login is not lost; try again in a moment.")
IS_FULL = lazy_gettext("The session store is full. Those who are logged in stay so; new log-ins have to wait.")
REFUSES = lazy_gettext("The session store refuses to work. Your login is not lost; try again in a moment.")


def impatient_client(url: str) -> Redis:
    """Return a client that gives up after `TIMEOUT_S`, never retries, and opens at most `POOL_SIZE` connections."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=POOL_SIZE,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis(connection_pool=pool)


def describe(command: Command) -> str:
    """Name a command and its key for the trace: keys hold hashes and ids, never a usable credential."""
    key = command[3:4] if command[0] == "EVAL" else command[1:2]
    return " ".join(str(word) for word in (command[0], *key))
