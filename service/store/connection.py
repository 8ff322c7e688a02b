"""The lab's connection to the store: times every command, and raises errors in the reader's language."""

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
    """The connection for sessions. The trace shows each command."""

    def command(self, *command: Argument) -> Any:
        """Send one command and return its reply. Raise the core's `StoreUnavailable` without a reply."""
        with step("store", partial(describe, command)):
            return super().command(*command)

    def described(self, what: What, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        with step("store", what):
            return super().command(*command)


class StoreCommands:
    """Commands to the store at `address()`, which is called when the first command is sent.

    `timed` is the same connection for sessions, with the core's errors.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self.timed = TimedConnection(address)

    def command(self, *command: Argument) -> Any:
        """Send one command with at most one key, and return its reply. Raise `StoreUnavailable` without a reply."""
        return self.described(partial(describe, command), *command)

    def described(self, what: What, *command: Argument) -> Any:
        """Send one command that the trace shows as `what`."""
        try:
            return self.timed.described(what, *command)
        except core.StoreUnavailable as failure:
            raise as_service_error(failure) from None

    def client(self) -> StoreClient:
        """Return the client. It is created on first use."""
        return self.timed.client()


class WrongKind(StoreUnavailable):
    """The key holds a value of another type than the command needs. Callers that expect this catch it."""


DOES_NOT_ANSWER = lazy_gettext("The session store does not answer. Your login is not lost; try again in a moment.")
REFUSES = lazy_gettext("The session store refuses commands. Your login is not lost; try again in a moment.")
WORDS: dict[type[core.StoreUnavailable], LazyString] = {
    core.StoreUnavailable: DOES_NOT_ANSWER,
    core.StoreIsReplica: lazy_gettext(
        "The session store is a read-only copy now. Your login is not lost; try again in a moment."
    ),
    core.StoreRefuses: REFUSES,
    core.WrongKind: REFUSES,
    core.WritesPaused: lazy_gettext(
        "The session store takes no writes. Members stay logged in; log-ins and log-outs have to wait."
    ),
    core.StoreFull: lazy_gettext("The session store is full. Members stay logged in; new log-ins have to wait."),
    core.TooManyWriters: lazy_gettext(
        "This session is being written by too many requests at once; try again in a moment."
    ),
}


def as_service_error(failure: core.StoreUnavailable) -> StoreUnavailable:
    """Return the service's error, with its translated text, for an error of the core."""
    kind = WrongKind if isinstance(failure, core.WrongKind) else StoreUnavailable
    return kind(WORDS.get(type(failure), DOES_NOT_ANSWER))


def describe(command: Command) -> str:
    """Return a command and its key for the trace. Keys contain hashes and ids, never a usable credential."""
    if command[0] == "GETEX":  # also show whether it sets the TTL
        return " ".join(map(str, command))
    key = command[3:4] if command[0] == "EVAL" else command[1:2]
    return " ".join([str(word) for word in (command[0], *key)])
