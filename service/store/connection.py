"""The lab's way to the store: every command timed, and every failure told in the reader's language."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask_babel import LazyString, lazy_gettext

import session_auth.errors as core
from service.errors import StoreUnavailable
from service.measurement import step
from service.measurement.recorder import What
from session_auth import connection
from session_auth.store_client import Argument, Command, StoreClient


class TimedConnection(connection.StoreConnection):
    """The sessions' connection; the trace shows each command."""

    def command(self, *command: Argument) -> Any:
        """Send one command and return its reply. Raise the sessions' own `StoreUnavailable` if none comes."""
        with step("store", partial(describe, command)):
            return super().command(*command)

    def described(self, what: What, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        with step("store", what):
            return super().command(*command)


class StoreCommands:
    """Commands to the store at `address()`, which is asked for when the first command is sent.

    `timed` is the same connection for sessions, which know their own errors.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self.timed = TimedConnection(address)

    def command(self, *command: Argument) -> Any:
        """Send one command, which has at most one key, and return its reply. Raise `StoreUnavailable` if none comes."""
        return self.described(partial(describe, command), *command)

    def described(self, what: What, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        try:
            return self.timed.described(what, *command)
        except core.StoreUnavailable as failure:
            raise told(failure) from None

    def client(self) -> StoreClient:
        """Return the client, connecting lazily."""
        return self.timed.client()


class WrongKind(StoreUnavailable):
    """The key holds something of another type than the command is for. Whoever knows what that means catches it."""


DOES_NOT_ANSWER = lazy_gettext("The session store does not answer. Your login is not lost; try again in a moment.")
REFUSES = lazy_gettext("The session store refuses to work. Your login is not lost; try again in a moment.")
WORDS: dict[type[core.StoreUnavailable], LazyString] = {
    core.StoreUnavailable: DOES_NOT_ANSWER,
    core.StoreIsReplica: lazy_gettext(
        "The session store is a read-only copy now. Your login is not lost; try again in a moment."
    ),
    core.StoreRefuses: REFUSES,
    core.WrongKind: REFUSES,
    core.WritesPaused: lazy_gettext(
        "The session store takes no writes. Those who are logged in stay so; log-ins and log-outs have to wait."
    ),
    core.StoreFull: lazy_gettext(
        "The session store is full. Those who are logged in stay so; new log-ins have to wait."
    ),
    core.TooManyWriters: lazy_gettext(
        "This session is being written by too many requests at once; try again in a moment."
    ),
}


def told(failure: core.StoreUnavailable) -> StoreUnavailable:
    """Return the lab's error for the sessions' own, with its words."""
    kind = WrongKind if isinstance(failure, core.WrongKind) else StoreUnavailable
    return kind(WORDS[type(failure)])


def describe(command: Command) -> str:
    """Name a command and its key for the trace: keys hold hashes and ids, never a usable credential."""
    if command[0] == "GETEX":  # whether it sets a time to live matters too
        return " ".join(map(str, command))
    key = command[3:4] if command[0] == "EVAL" else command[1:2]
    return " ".join([str(word) for word in (command[0], *key)])
