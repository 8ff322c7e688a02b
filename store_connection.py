"""The one way to the store: every command timed, and every failure to get a reply one error that pages understand."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

from flask_babel import lazy_gettext
from redis import RedisError
from redis.exceptions import ResponseError

from errors import StoreUnavailable
from measurement import step
from session_auth.store_client import Argument, Command, StoreClient, connect, why_no_writes

log = logging.getLogger(__name__)


class StoreConnection:
    """Commands to the store at `address()`, which is asked for when the first command is sent."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._client: StoreClient | None = None
        self._connecting = Lock()
        self._refused: dict[Argument, str] = {}  # by the command's name: each refusal is logged once, while it lasts

    def command(self, *command: Argument) -> Any:
        """Send one command, which has at most one key, and return its reply. Raise `StoreUnavailable` if none comes."""
        return self.described(describe(command), *command)

    def described(self, what: str, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        with step("store", what):
            try:
                reply = self.client().execute_command(*command)
            except ResponseError as error:
                raise self._refusal(command[0], error) from None
            except (RedisError, OSError):  # the client has logged it: its text may hold what was sent
                raise StoreUnavailable(DOES_NOT_ANSWER) from None
        if self._refused:
            self._refused.pop(command[0], None)
        return reply

    def client(self) -> StoreClient:
        """Return the client, connecting lazily: what never touches the store never needs one."""
        with self._connecting:
            if self._client is None:
                self._client = connect(self._address())
            return self._client

    def _refusal(self, command: Argument, error: ResponseError) -> StoreUnavailable:
        if "WRONGTYPE" in str(error):  # Redis 6 puts the script's name before it
            return WrongKind(REFUSES)
        why = why_no_writes(error)
        said = "out of memory" if why == "OOM" else why or type(error).__name__
        if self._refused.get(command) != said:
            self._refused[command] = said
            log.error("the store refuses a command: %s (%s)", said, command)
        if why == "READONLY":
            return StoreUnavailable(IS_REPLICA)
        return WritesPaused(IS_FULL if why == "OOM" else TAKES_NO_WRITES) if why else StoreUnavailable(REFUSES)


class WrongKind(StoreUnavailable):
    """The key holds something of another type than the command is for. Whoever knows what that means catches it."""


class WritesPaused(StoreUnavailable):
    """The store takes no writes, and still knows all that it has acknowledged: what can do with a read, reads."""


DOES_NOT_ANSWER = lazy_gettext("The session store does not answer. Your login is not lost; try again in a moment.")
IS_FULL = lazy_gettext("The session store is full. Those who are logged in stay so; new log-ins have to wait.")
TAKES_NO_WRITES = lazy_gettext(
    "The session store takes no writes. Those who are logged in stay so; log-ins and log-outs have to wait."
)
IS_REPLICA = lazy_gettext("The session store is a read-only copy now. Your login is not lost; try again in a moment.")
REFUSES = lazy_gettext("The session store refuses to work. Your login is not lost; try again in a moment.")


def describe(command: Command) -> str:
    """Name a command and its key for the trace: keys hold hashes and ids, never a usable credential."""
    key = command[3:4] if command[0] == "EVAL" else command[1:2]
    return " ".join(str(word) for word in (command[0], *key))
