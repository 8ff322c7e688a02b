"""Start the lab's processes, say when it is ready, and end them all when it ends."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

from cluster.address import Address, CannotStart
from cluster.process import Process
from cluster.store import Store, running_store
from config import Config

READY_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1
# Two threads for one node: while one waits, for a store that hangs or a password to be hashed, the other serves. More
# of them fight for the interpreter lock.
NODE_THREADS = 2
BACKLOG = 1024
MAX_HEADER_BYTES = 64 * 1024


class StopRequest:
    """Whether somebody has asked the lab to stop: Ctrl-C, SIGTERM, or the end of its terminal."""

    def __init__(self) -> None:
        self.made = False  # and no Event: its lock may be held by the very thread that a signal interrupts
        signal.signal(signal.SIGINT, self._make)
        signal.signal(signal.SIGTERM, self._make)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(signal.SIGHUP, self._make)

    def _make(self, *_: object) -> None:
        self.made = True


def run(config: Config, address: Address) -> int:
    """Run the lab until Ctrl-C or SIGTERM; return the exit code. Raise `CannotStart` or `BadConfig`."""
    stop = StopRequest()
    address.refuse_if_taken()
    with ExitStack() as parts:
        store = parts.enter_context(running_store(config))
        node = parts.enter_context(_node(address, config, store.url))
        if _becomes_ready(address, node, stop):
            print(f"Ready: {address.url}", flush=True)
            _watch(config.node_name, node, store, stop)
    return 0


def _watch(name: str, node: Process, store: Store, stop: StopRequest) -> None:
    """Return when somebody stops the lab. Raise `CannotStart` when its node has ended.

    Without its store the lab goes on: that the other approaches live on is worth seeing.
    """
    store_was_there = True
    while not stop.made:
        if node.exit_code is not None:
            raise CannotStart(f"{name} has ended by itself (exit code {node.exit_code})")
        if store_was_there and store.has_ended:
            store_was_there = False
            print(
                "app.py: the embedded store has ended by itself: what needs it answers 503; start the lab again",
                file=sys.stderr,
                flush=True,
            )
        sleep(LOOK_EVERY_S)


@contextmanager
def _node(address: Address, config: Config, redis_url: str) -> Iterator[Process]:
    command = [
        *(sys.executable, "-m", "granian", "app:create_app", "--factory", "--interface", "wsgi"),
        *("--host", address.ip, "--port", str(address.port), "--workers", "1"),
        *("--blocking-threads", str(NODE_THREADS), "--backlog", str(BACKLOG), "--http", "1"),
        *("--http1-buffer-size", str(MAX_HEADER_BYTES), "--log-level", "warning", "--no-ws"),
    ]
    node = Process(command, env=_environment(config, redis_url))
    try:
        yield node
    finally:
        node.stop()


def _environment(config: Config, redis_url: str) -> dict[str, str]:
    """Return what a node cannot read as we did: it has another working folder, and perhaps a store that is ours."""
    return {
        "REDIS_URL": redis_url,
        "INSTANCE_DIR": str(config.instance_dir),
        "DATABASE_URL": config.database_url,
        "KEY_RING_FILE": str(config.key_ring_file),
    }


def _becomes_ready(address: Address, node: Process, stop: StopRequest) -> bool:
    """Wait until the lab answers; return whether it does, or was stopped before. Raise `CannotStart`."""
    deadline = monotonic() + READY_WITHIN_S
    while not stop.made and not address.is_ready():
        if node.exit_code is not None:
            raise CannotStart(f"a node ended while it started (exit code {node.exit_code}); its last lines are above")
        if monotonic() > deadline:
            raise CannotStart(f"the lab was not ready within {READY_WITHIN_S:.0f} s")
        sleep(0.05)
    return not stop.made
