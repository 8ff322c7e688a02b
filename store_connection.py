"""The one way to the store: every command timed, and every failure to get a reply one error that pages understand."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

from flask_babel import lazy_gettext
from redis import RedisError
from redis.exceptions import OutOfMemoryError, ResponseError

from errors import StoreUnavailable
from measurement import step
from store_client import Argument, StoreClient, connect

log = logging.getLogger(__name__)

Command = tuple[Argument, ...]


class StoreConnection:
    """Commands to the store at `address()`, which is asked for when the first command is sent."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._client: StoreClient | None = None
        self._connecting = Lock()

    def command(self, *command: Argument) -> Any:
        """Send one command, which has at most one key, and return its reply. Raise `StoreUnavailable` if none comes."""
        return self.described(describe(command), *command)

    def described(self, what: str, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        with step("store", what):
            try:
                return self.client().execute_command(*command)
            except ResponseError as error:
                raise _refusal(error) from None
            except (RedisError, OSError):  # the client has logged it: its text may hold what was sent
                raise StoreUnavailable(DOES_NOT_ANSWER) from None

    def client(self) -> StoreClient:
        """Return the client, connecting lazily: what never touches the store never needs one."""
        with self._connecting:
            if self._client is None:
                self._client = connect(self._address())
            return self._client


def _refusal(error: ResponseError) -> StoreUnavailable:
    if "WRONGTYPE" in str(error):  # Redis 6 puts the script's name before it
        return WrongKind(REFUSES)
    full = isinstance(error, OutOfMemoryError)
    log.error("the store refuses a command: %s", "out of memory" if full else type(error).__name__)
    return StoreUnavailable(IS_FULL if full else REFUSES)


class WrongKind(StoreUnavailable):
    """The key holds something of another type than the command is for. Whoever knows what that means catches it."""


DOES_NOT_ANSWER = lazy_gettext("The session store does not answer. Your login is not lost; try again in a moment.")
IS_FULL = lazy_gettext("The session store is full. Those who are logged in stay so; new log-ins have to wait.")
REFUSES = lazy_gettext("The session store refuses to work. Your login is not lost; try again in a moment.")


def describe(command: Command) -> str:
    """Name a command and its key for the trace: keys hold hashes and ids, never a usable credential."""
    key = command[3:4] if command[0] == "EVAL" else command[1:2]
    return " ".join(str(word) for word in (command[0], *key))
