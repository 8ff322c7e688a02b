"""Send commands to the store. Failures are raised as our errors, and logged without the command's arguments."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

from redis import RedisError
from redis.exceptions import ResponseError

from .errors import StoreFull, StoreIsReplica, StoreRefuses, StoreUnavailable, WritesPaused, WrongKind
from .store_client import TIMEOUT_S, Argument, StoreClient, connect, why_no_writes

log = logging.getLogger(__name__)


class StoreConnection:
    """Commands to the store at `address()`, which is called when the first command is sent.

    `timeout_s`: a server that does not answer within this many seconds counts as unavailable.
    """

    def __init__(self, address: Callable[[], str], timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._client: StoreClient | None = None
        self._connecting = Lock()
        self._refused: dict[Argument, str] = {}  # command name → refusal: each is logged once while it lasts

    def command(self, *command: Argument) -> Any:
        """Send one command with at most one key, and return its reply. Raise `StoreUnavailable` without a reply."""
        try:
            reply = (self._client or self.client()).execute_command(*command)
        except ResponseError as error:
            raise self._refusal(command[0], error) from None
        except (RedisError, OSError):  # already logged; its text may contain secrets
            raise StoreUnavailable() from None
        if self._refused:
            self._refused.pop(command[0], None)
        return reply

    def client(self) -> StoreClient:
        """Return the client. It is created on first use, so a process that never uses the store needs none."""
        with self._connecting:
            if self._client is None:
                self._client = connect(self._address(), self._timeout_s)
            return self._client

    def _refusal(self, command: Argument, error: ResponseError) -> StoreUnavailable:
        if "WRONGTYPE" in str(error):  # Redis 6 puts the script's name before it
            return WrongKind()
        why = why_no_writes(error)
        said = "out of memory" if why == "OOM" else why or type(error).__name__
        if self._refused.get(command) != said:
            self._refused[command] = said
            log.error("the store refuses a command: %s (%s)", said, command)
        if why == "READONLY":
            return StoreIsReplica()
        return (StoreFull() if why == "OOM" else WritesPaused()) if why else StoreRefuses()
