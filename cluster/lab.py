"""Start the lab's processes, say when it is ready, and end them all when it ends."""

import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event
from time import monotonic, sleep
from urllib.parse import urlsplit

from cluster.embedded_store import EmbeddedStore, StoreDidNotStart, answers, publish_address, withdraw_address
from cluster.process import Process
from config import Config

READY_WITHIN_S = 20.0
# Threads for one node: enough that pages which need no store are served while others wait for it. More of them fight
# for the interpreter lock and make every approach slower.
NODE_THREADS = 4
BACKLOG = 1024


EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where a browser on this machine finds it


class CannotStart(Exception):
    """The lab cannot start; the text is one line that says why and what helps."""


@dataclass(frozen=True)
class Address:
    """Where the lab listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """As a browser takes it."""
        host = EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def run(config: Config, address: Address) -> int:
    """Run the lab until Ctrl-C or SIGTERM; return the exit code. Raise `CannotStart`."""
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as parts:
        _refuse_taken_port(address)
        redis_url = parts.enter_context(_store(config))
        node = parts.enter_context(_node(address, redis_url, config.node_name))
        _wait_until_ready(address, node, stopped)
        if not stopped.is_set():
            print(f"Ready: {address.url}", flush=True)
        while not stopped.wait(0.2):
            if node.exit_code is not None:
                raise CannotStart(f"{config.node_name} has ended by itself (exit code {node.exit_code})")
    return 0


def _refuse_taken_port(address: Address) -> None:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise CannotStart(
                f"cannot listen on {address.host}:{address.port} ({error.strerror}); choose another with --port"
            ) from None


@contextmanager
def _store(config: Config) -> Iterator[str]:
    if config.redis_url is not None:
        if not answers(config.redis_url):
            where = urlsplit(config.redis_url)  # never with the password that it may hold
            raise CannotStart(f"REDIS_URL: no store answers at {where.hostname}:{where.port or 6379}")
        yield config.redis_url
        return
    try:
        store = EmbeddedStore()
    except (StoreDidNotStart, OSError) as error:
        raise CannotStart(f"{error}; REDIS_URL takes the address of another") from None
    publish_address(store.url)
    try:
        yield store.url
    finally:
        withdraw_address(store.url)
        store.stop()


@contextmanager
def _node(address: Address, redis_url: str, name: str) -> Iterator[Process]:
    command = [
        *(sys.executable, "-m", "granian", "app:create_app", "--factory", "--interface", "wsgi"),
        *("--host", address.host, "--port", str(address.port), "--workers", "1"),
        *("--blocking-threads", str(NODE_THREADS), "--backlog", str(BACKLOG), "--http", "1"),
        *("--log-level", "warning", "--no-ws"),
    ]
    node = Process(command, env={"REDIS_URL": redis_url, "NODE_NAME": name})
    try:
        yield node
    finally:
        node.stop()


def _wait_until_ready(address: Address, node: Process, stopped: Event) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while not stopped.is_set() and not _is_ready(address):
        if node.exit_code is not None:
            raise CannotStart(f"a node ended while it started (exit code {node.exit_code}); its last lines are above")
        if monotonic() > deadline:
            raise CannotStart(f"the lab was not ready within {READY_WITHIN_S:.0f} s")
        sleep(0.05)


def _is_ready(address: Address) -> bool:
    try:
        with urllib.request.urlopen(f"{address.url}/readyz", timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
