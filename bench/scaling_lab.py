"""The lab for the small run: started once; its nodes and its round trip to the store are set for each arm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import sleep

from lab.cluster.client import State, send_command
from lab.cluster.embedded_store import free_port

ROOT = Path(__file__).parent.parent
MEASURED_APPROACHES = ("session", "token")  # the measured approaches
SETTLES_S = 1.3  # the balancer tries a failed node again after a second


@dataclass(frozen=True)
class Lab:
    """A running lab: its ports, its control socket and its store."""

    ports: dict[str, int]
    control: Path
    store_url: str

    def arrange(self, nodes: int, round_trip_ms: int) -> None:
        """Let exactly the first `nodes` nodes run, with this round trip to the store."""
        send_command(self.control, "PUT", "/store/round-trip", {"ms": round_trip_ms})
        if self._running() == nodes:
            return
        for number, node in enumerate(self._state()["nodes"]):
            wanted = "running" if number < nodes else "stopped"
            send_command(self.control, "PUT", f"/nodes/{node['name']}", {"state": wanted})
        while self._running() != nodes:
            sleep(0.1)
        sleep(SETTLES_S)

    def log_in(self, approach: str, username: str) -> dict[str, str]:
        """Log in and return the header with the credential."""
        with closing(HTTPConnection("127.0.0.1", self.ports["round_robin"], timeout=10)) as connection:
            credentials = json.dumps({"username": username, "password": "load"})
            connection.request("POST", f"/{approach}/login", credentials, {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise SystemExit(f"no log-in: {body!r}")
            if approach == "session":
                return {"Cookie": str(response.getheader("Set-Cookie")).partition(";")[0]}
            return {"Authorization": f"Bearer {json.loads(body)['access_token']}"}

    def _running(self) -> int:
        return [node["state"] for node in self._state()["nodes"]].count("running")

    def _state(self) -> State:
        return send_command(self.control, "GET", "/state")


@contextmanager
def running_lab(folder: Path, nodes: int) -> Iterator[Lab]:
    """Run a lab with enough nodes, and access tokens that last for the run. End it as Ctrl-C does."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--nodes", str(nodes)]
    environment = {**os.environ, "INSTANCE_DIR": str(folder), "ACCESS_TTL_S": "36000", "REDIS_URL": ""}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        sticky = int(process.stdout.readline().rpartition(":")[2])
        control = Path((folder / "control.path").read_text())
        yield Lab({"round_robin": port, "sticky": sticky}, control, (folder / "store.url").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
