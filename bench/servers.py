"""Run each arm under its servers: one worker process, with two threads if it has threads, like a node of the lab."""

import http.client
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

from bench.arms.arm import STORE_URL, Arm, LabApp, NodeApp, PythonApp
from bench.arms.ours import instance
from bench.cores import starting_on
from bench.proving import Answer, Unproved
from lab.cluster.embedded_store import free_port
from lab.cluster.node import BACKLOG, NODE_THREADS
from lab.cluster.process import Process

READY_WITHIN_S = 30.0
NODE_FOLDER = Path(__file__).parent / "node"
GRANIAN, GUNICORN, NODE_JS = "Granian", "gunicorn", "Node.js"
# Hide a server's standard output, but show its errors.
QUIET = ("sh", "-c", 'exec "$@" >/dev/null', "sh")


@dataclass(frozen=True)
class Server:
    """An application under one of its servers."""

    app: PythonApp | NodeApp
    kind: str

    def command(self, port: int) -> list[str]:
        """Return the command that starts it."""
        app = self.app
        if isinstance(app, NodeApp):
            return [str(shutil.which("node")), str(NODE_FOLDER / app.script)]
        if self.kind == GUNICORN:
            return _gunicorn(app, port)
        if isinstance(app, LabApp):
            return [sys.executable, "app.py", "--direct", "--port", str(port)]
        return _granian(app, port)

    def environment(self, port: int) -> dict[str, str]:
        """Return its own environment variables."""
        if isinstance(self.app, NodeApp):
            return {"PORT": str(port), "NODE_ENV": "production"}
        if not isinstance(self.app, LabApp):
            return {}
        settings = self.app.settings
        folder = instance(settings["JWT_ALGORITHM"], settings["LAB"] == "1")
        return {**settings, "REDIS_URL": os.environ[STORE_URL], "INSTANCE_DIR": str(folder)}

    @contextmanager
    def running(self, core: int | None) -> Iterator[tuple[int, int]]:
        """Run it on one core. Return its port and process id. Raise `Unproved` if it does not answer."""
        port = free_port()
        with starting_on(core):
            process = Process(self.kind, [*QUIET, *self.command(port)], self.environment(port))
        try:
            _wait(process, port)
            assert process.pid is not None  # it has started: it answers
            yield port, process.pid
        finally:
            process.stop()


def servers_of(arm: Arm) -> list[Server]:
    """Return the installed servers for an arm."""
    kinds = (NODE_JS,) if isinstance(arm.app, NodeApp) else (GRANIAN, GUNICORN) if has_gunicorn() else (GRANIAN,)
    return [Server(arm.app, kind) for kind in kinds]


def has_gunicorn() -> bool:
    """Return whether gunicorn is installed. Granian always is, because the lab needs it."""
    return find_spec("gunicorn") is not None


def prepare(app: PythonApp | NodeApp) -> None:
    """Create databases and keys once, before the servers that share them start."""
    if isinstance(app, LabApp):
        module, _, name = app.factory.partition(":")
        getattr(import_module(module), name)().extensions["database"].engine.dispose()


def _granian(app: PythonApp, port: int) -> list[str]:
    threads = ("--blocking-threads", str(NODE_THREADS)) if app.interface == "wsgi" else ()
    where = ("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws", "--backlog", str(BACKLOG))
    how = ("--interface", app.interface, "--factory", "--workers", "1", *threads, "--log-level", "warning")
    return [sys.executable, "-m", "granian", app.factory, *how, *where]


def _gunicorn(app: PythonApp, port: int) -> list[str]:
    kind = ("gthread", "--threads", str(NODE_THREADS)) if app.interface == "wsgi" else ("asgi",)
    how = ("--workers", "1", "--worker-class", *kind, "--log-level", "warning", "--no-control-socket")
    return [sys.executable, "-m", "gunicorn", *how, "--bind", f"127.0.0.1:{port}", f"{app.factory}()"]


def _wait(process: Process, port: int) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while not _answers(port):
        if process.exit_code is not None or monotonic() > deadline:
            raise Unproved("the server does not start")
        sleep(0.05)


def _answers(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException):
        ask(port, "GET", "/", {}, b"")
        return True
    return False


def ask(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send one request on a new connection. Raise `OSError` or `HTTPException`."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN_S)) as connection:
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
