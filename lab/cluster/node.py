"""One node: a Granian server with the lab's app, on a public address or on a socket file for the balancer."""

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

# Two threads per node: while one waits for a hanging store or a password hash, the other serves. More threads would
# only compete for the interpreter lock (GIL).
NODE_THREADS = 2
THREADS = (NODE_THREADS, 4, 8)  # to scale a node up
BACKLOG = 1024
MAX_HEADER_BYTES = 64 * 1024
HEALTH_WITHIN_S = 0.3


@dataclass(frozen=True)
class Node:
    """A node: its name, where it listens (an address or a socket file), its environment, threads and application.

    With `preloaded`, a process that has already imported the application, it starts much faster.
    """

    name: str
    listens_on: Address | Path
    environment: Mapping[str, str]
    threads: int = NODE_THREADS
    application: str = "app:create_app"
    preloaded: Preloaded | None = None

    def launch(self) -> Process:
        """Start its process without waiting until it answers."""
        if isinstance(self.listens_on, Path):
            self.listens_on.unlink(missing_ok=True)  # a killed node leaves its socket file
            where = ["--uds", str(self.listens_on)]
        else:
            where = ["--host", self.listens_on.ip, "--port", str(self.listens_on.port)]
        arguments = [
            *(self.application, "--factory", "--interface", "wsgi", *where),
            *("--workers", "1", "--blocking-threads", str(self.threads), "--backlog", str(BACKLOG), "--http", "1"),
            *("--http1-buffer-size", str(MAX_HEADER_BYTES), "--log-level", "warning", "--no-ws"),
            *("--process-name", f"session-or-token {self.name}"),
        ]
        env = {**self.environment, "NODE_NAME": self.name}
        process_guard = self.preloaded.start(self.name, arguments, env) if self.preloaded else None
        return Process(self.name, [sys.executable, "-m", "granian", *arguments], env, process_guard)

    def answers(self) -> bool:
        """Return whether the process answers, even if its store is down."""
        return self.health() is not None

    def health(self) -> dict[str, Any] | None:
        """Return the node's `/healthz` data, or None if it does not answer."""
        with closing(self._connection()) as connection, suppress(OSError, HTTPException, ValueError):
            connection.request("GET", "/healthz")
            said = json.loads(connection.getresponse().read())
            return said if isinstance(said, dict) else None
        return None

    def _connection(self) -> HTTPConnection:
        if isinstance(self.listens_on, Path):
            return UnixConnection(self.listens_on, HEALTH_WITHIN_S)
        return HTTPConnection(self.listens_on.from_here, self.listens_on.port, timeout=HEALTH_WITHIN_S)
