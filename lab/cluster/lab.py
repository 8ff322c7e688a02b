"""Start the lab's processes, print when it is ready, and end all of them when it ends."""

import logging
import secrets
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

from lab.cluster.address import Address, CannotStart
from lab.cluster.control import control_api
from lab.cluster.discovery import control_file, discovery_file
from lab.cluster.loadtest import Loadtest
from lab.cluster.preloaded import Preloaded
from lab.cluster.runtime_folder import RuntimeFolder
from lab.cluster.store import running_store
from lab.cluster.supervisor import Listeners, Supervisor, refuse_long_path
from service.config import Config
from service.terminal import _

READY_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # easy to read aloud in a classroom: no I, O, 0 or 1
CODE_LENGTH = 8


class StopRequest:
    """Records a request to stop the lab: Ctrl-C, SIGTERM, or the end of its terminal."""

    def __init__(self) -> None:
        self.made = False  # not an Event: the thread that a signal interrupts may hold its lock
        signal.signal(signal.SIGINT, self._make)
        signal.signal(signal.SIGTERM, self._make)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP
            signal.signal(signal.SIGHUP, self._make)

    def _make(self, *_: object) -> None:
        self.made = True


def run(config: Config, address: Address, nodes: int = 1, lan: bool = False, direct: bool = False) -> int:
    """Run the lab until Ctrl-C or SIGTERM; return the exit code. Raise `CannotStart` or `BadConfig`.

    The address is the balancer's round robin port, and the next free port is the sticky one. With `direct` it is the
    address of the only node. `lan` lets other machines use the lab's controls with a code, which is printed.
    """
    preloaded = Preloaded.where_possible()  # fork first: nodes inherit no thread and nothing else of the supervisor
    # The supervisor logs the state of the store itself.
    logging.getLogger("session_auth.store_client").setLevel(logging.CRITICAL)
    stop = StopRequest()
    address.refuse_if_taken()
    listeners = Listeners(address, None if direct else address.next_free())
    code = (config.instructor_code or _new_code()) if lan and config.lab else None
    with ExitStack() as parts:
        if preloaded:
            parts.callback(preloaded.stop)
        store = parts.enter_context(running_store(config))
        folder = _runtime_folder()
        parts.callback(folder.remove)
        refuse_long_path(folder.path)
        socket = folder.path / "control.socket"
        environment = _environment(config, store.url, socket, code, listeners)
        loadtest = Loadtest(config.instance_dir / "loadtests", own_store=config.redis_url is None)
        supervisor = Supervisor(listeners, store, loadtest, folder.path, environment, nodes, preloaded)
        parts.callback(supervisor.stop)
        if _becomes_ready(supervisor, stop):  # accept no command before that
            parts.enter_context(control_api(supervisor, socket))
            parts.enter_context(discovery_file(str(socket), control_file(config)))
            _announce(listeners, lan, code)
            while not stop.made:
                supervisor.look()
                sleep(LOOK_EVERY_S)
    return 0


def _runtime_folder() -> RuntimeFolder:
    try:
        return RuntimeFolder()
    except OSError as error:
        why = _("a folder cannot be created there (%(why)s)", why=error.strerror)
        raise CannotStart(f"TMPDIR: {why}") from None


def _new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _announce(listeners: Listeners, lan: bool, code: str | None) -> None:
    # Programs wait for these two lines, so they are the same in every language.
    print(f"Ready: {listeners.round_robin.url}", flush=True)
    if listeners.sticky:
        print(f"Sticky: {listeners.sticky.url}", flush=True)
    if lan:
        print(_("On this network: %(url)s", url=listeners.round_robin.lan_url), flush=True)
    if code:
        print(_("Instructor code: %(code)s", code=code), flush=True)


def _environment(
    config: Config, redis_url: str, control: Path, code: str | None, listeners: Listeners
) -> Mapping[str, str]:
    """Return the environment of the nodes: absolute paths, and the addresses of our store and balancer."""
    return {
        "REDIS_URL": redis_url,
        "INSTANCE_DIR": str(config.instance_dir),
        "DATABASE_URL": config.database_url,
        "KEY_RING_FILE": str(config.key_ring_file),
        "NODE_NAME": config.node_name,
        "TRUSTED_PROXIES": str(config.trusted_proxies + (listeners.sticky is not None)),
        "CONTROL_SOCKET": str(control),
        "FRONT_DOOR": listeners.round_robin.url.lower(),
        "INSTRUCTOR_CODE": code or "",
    }


def _becomes_ready(supervisor: Supervisor, stop: StopRequest) -> bool:
    """Wait until the lab is ready. Return False if it was stopped before. Raise `CannotStart`."""
    deadline = monotonic() + READY_WITHIN_S
    while not stop.made and not supervisor.is_ready():
        if monotonic() > deadline:
            raise CannotStart(_("the lab was not ready within %(seconds)s s", seconds=f"{READY_WITHIN_S:.0f}"))
        sleep(0.02)
    return not stop.made
