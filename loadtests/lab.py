"""A temporary lab: `python app.py` on a free port, in its own folder, which is removed afterwards."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from lab.cluster.client import State, send_command
from lab.cluster.embedded_store import free_port
from lab.cluster.process import ROOT
from loadtests.approaches import described_at
from service.approaches import ApproachFacts
from service.config import Config
from service.terminal import _

READY_WITHIN_S = 60.0
FOLLOWS_WITHIN_S = 30.0
PATIENCE_S = 15.0
SETTLED = ("running", "stopped", "killed", "hanging")
# Settings in the environment are for other labs, so they are unset: an experiment sets what it measures.
SETTINGS = tuple(setting.name.upper() for setting in fields(Config))


class LabFailed(Exception):
    """The lab did not start, or did not execute a command. The message contains the lab's output."""


class Lab:
    """Starts a lab with `nodes` nodes and the given settings, by environment name."""

    def __init__(self, folder: Path, nodes: int = 1, **settings: str) -> None:
        self.folder = folder
        self.nodes = nodes
        self._port = free_port()
        self._log = folder / "lab.log"
        self._settings = settings

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        how = ["--nodes", str(self.nodes)] if self.nodes > 1 else ["--direct"]
        command = [sys.executable, "app.py", "--port", str(self._port), *how]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(  # under a process guard: it always ends with this process
                [sys.executable, "-m", "lab.cluster.process_guard", "lab", *command],
                cwd=ROOT,
                env={**kept, "INSTANCE_DIR": str(self.folder), "LAB": "1", **self._settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None  # asked for above
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until_ready(self) -> Self:
        """Wait until it answers. Raise `LabFailed`."""
        deadline = monotonic() + READY_WITHIN_S
        listeners = 1 if self.nodes == 1 else 2
        while len(self._listeners()) < listeners:
            if self._process.poll() is not None or monotonic() > deadline:
                raise LabFailed(
                    _("the lab did not start: %(said)s", said=self._log.read_text(errors="replace").strip())
                )
            sleep(0.02)
        return self

    @property
    def url(self) -> str:
        """Its URL: of the only node, or of the balancer's round robin port."""
        return self._listeners()[0]

    @property
    def sticky_url(self) -> str:
        """The URL of the balancer's sticky port."""
        return self._listeners()[1]

    def approaches(self) -> list[ApproachFacts]:
        """Return its approaches, as it describes them. Raise `LabFailed`."""
        try:
            return described_at(self.url)
        except (OSError, ValueError, LookupError) as error:
            raise LabFailed(f"the lab does not describe its approaches: {error!r}") from None

    @property
    def store_url(self) -> str:
        """The address of its store, with password."""
        return self._settings.get("REDIS_URL") or (self.folder / "store.url").read_text()

    @property
    def store_prefix(self) -> str:
        """The prefix of its keys in the store."""
        return self._settings.get("STORE_PREFIX") or Config.store_prefix

    @property
    def database_url(self) -> str:
        """The address of its member database."""
        return f"sqlite:///{self.folder / 'lab.db'}"

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> State:
        """Send a command to its supervisor, and wait until it has taken effect. Raise `LabFailed`."""
        socket = Path((self.folder / "control.path").read_text())
        state = send_command(socket, method, path, dict(body) if body else None)
        deadline = monotonic() + FOLLOWS_WITHIN_S
        while not all(part["state"] in SETTLED for part in (*state["nodes"], state["store"])):
            if monotonic() > deadline:
                raise LabFailed(
                    _(
                        "the lab did not finish within %(seconds)s s: %(order)s",
                        seconds=f"{FOLLOWS_WITHIN_S:.0f}",
                        order=f"{method} {path}",
                    )
                )
            sleep(0.05)
            state = send_command(socket, "GET", "/state")
        return state

    def send_command(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a command without waiting for its effect."""
        send_command(Path((self.folder / "control.path").read_text()), method, path, dict(body) if body else None)

    @property
    def node_pid(self) -> int:
        """The process id of its first node."""
        return int(self.control("GET", "/state")["nodes"][0]["pid"])

    def sign_by(self, algorithm: str) -> None:
        """Let its only node sign tokens with a new key of this algorithm. Raise `LabFailed` if it refuses."""
        request = Request(  # noqa: S310  # our own lab
            f"{self.url}/lab/keys",
            json.dumps({"algorithm": algorithm}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            urlopen(request, timeout=FOLLOWS_WITHIN_S).close()  # noqa: S310
        except OSError as error:
            raise LabFailed(
                _("the node does not sign by %(algorithm)s: %(why)s", algorithm=algorithm, why=error)
            ) from None

    def set_round_trip(self, milliseconds: float) -> None:
        """Delay the store's replies."""
        self.control("PUT", "/store/round-trip", {"ms": milliseconds})

    def _listeners(self) -> list[str]:
        said = self._log.read_text(errors="replace")
        return re.findall(r"^lab \| (?:Ready|Sticky): (\S+)$", said, re.MULTILINE)
