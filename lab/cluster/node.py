"""One node: a Granian server running the lab's app, where the world reaches it or only the balancer does."""

import json
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from lab.cluster.address import Address
from lab.cluster.preloaded import Preloaded
from lab.cluster.process import Process
from lab.cluster.unix_http import UnixConnection

# Two threads for one node: while one waits, for a store that hangs or a password to be hashed, the other serves. More
# of them fight for the interpreter lock.
NODE_THREADS = 2
BACKLOG = 1024
MAX_HEADER_BYTES = 64 * 1024
HEALTH_WITHIN_S = 0.3


@dataclass(frozen=True)
class Node:
    """A node's name, where it listens (an address or a socket file), its process's environment, its application.

    With `preloaded`, which has imported the application, it starts in a fraction of the time.
    """

    name: str
    listens_on: Address | Path
    environment: Mapping[str, str]
    application: str = "app:create_app"
    preloaded: Preloaded | None = None

    def launch(self) -> Process:
        """Start its process, and do not wait until it answers."""
        if isinstance(self.listens_on, Path):
            self.listens_on.unlink(missing_ok=True)  # as a killed one leaves it
            where = ["--uds", str(self.listens_on)]
        else:
            where = ["--host", self.listens_on.ip, "--port", str(self.listens_on.port)]
        arguments = [
            *(self.application, "--factory", "--interface", "wsgi", *where),
            *("--workers", "1", "--blocking-threads", str(NODE_THREADS), "--backlog", str(BACKLOG), "--http", "1"),
            *("--http1-buffer-size", str(MAX_HEADER_BYTES), "--log-level", "warning", "--no-ws"),
            *("--process-name", f"session-or-token {self.name}"),
        ]
        env = {**self.environment, "NODE_NAME": self.name}
        process_guard = self.preloaded.start(self.name, arguments, env) if self.preloaded else None
        return Process(self.name, [sys.executable, "-m", "granian", *arguments], env, process_guard)

    def answers(self) -> bool:
        """Tell whether the process answers; its store may be down."""
        return self.health() is not None

    def health(self) -> dict[str, Any] | None:
        """Return what the node says of itself at `/healthz`, or None if it does not answer."""
        with closing(self._connection()) as connection, suppress(OSError, HTTPException, ValueError):
            connection.request("GET", "/healthz")
            said = json.loads(connection.getresponse().read())
            return said if isinstance(said, dict) else None
        return None

    def _connection(self) -> HTTPConnection:
        if isinstance(self.listens_on, Path):
            return UnixConnection(self.listens_on, HEALTH_WITHIN_S)
        return HTTPConnection(self.listens_on.from_here, self.listens_on.port, timeout=HEALTH_WITHIN_S)
