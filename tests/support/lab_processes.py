"""The lab as it is started by hand, with all the processes it starts, and other commands typed beside it."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from lab.cluster.client import send_command
from lab.cluster.node import NODE_THREADS
from tests.support.aftermath import aftermath
from tests.support.ports import free_port
from tests.support.seeded import copy_seeds
from tests.support.stopwatch import GIVE_UP_S as SOON_S
from tests.support.stopwatch import eventually

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    """One line of the system's process table."""

    pid: int
    parent: int
    command: str


def process_table() -> list[Running]:
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,state=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=3) for line in table.stdout.splitlines()]
    return [Running(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def descendants(pid: int) -> list[Running]:
    """Return what `pid` has started, and what they have started, wherever in the sessions and groups they are."""
    table, found = process_table(), []
    parents = {pid}
    while parents:
        children = [process for process in table if process.parent in parents]
        found += children
        parents = {child.pid for child in children}
    return found


class Lab:
    """`python app.py` in a session of its own, as in a terminal, with an instance folder and a TMPDIR of its own.

    Its members are copied and not seeded (see `tests.support.seeded`), unless it is to find nothing there. It ends
    with `with`, or with `stop()`, or, when the test run itself is killed, at the hands of `tests.support.aftermath`.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        port: int | None = None,
        nodes: int = 1,
        seeded: bool = True,
        program: tuple[str, ...] = ("app.py",),
        **env: str,
    ) -> None:
        self.folder, self.port, self.nodes = folder, port or free_port(), nodes
        self.is_direct = "--direct" in arguments or (nodes == 1 and env.get("LAB") == "0")
        self.instance = folder / "instance"
        self.temp = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))  # short: socket files have short paths
        self.env = {**os.environ, "INSTANCE_DIR": str(self.instance), "TMPDIR": str(self.temp), **env}
        if "REDIS_URL" not in env:
            self.env.pop("REDIS_URL", None)
        if seeded:
            copy_seeds(self.instance)
        with (
            open(folder / f"out-{self.port}", "w") as self.out,
            open(folder / f"err-{self.port}", "w") as self.err,
        ):
            self.process = subprocess.Popen(
                [sys.executable, *program, "--port", str(self.port), "--nodes", str(nodes), *arguments],
                cwd=ROOT,
                env=self.env,
                stdout=self.out,
                stderr=self.err,
                start_new_session=True,
            )
        aftermath().ends(self.process.pid)
        aftermath().removes(self.temp)
        self.started: list[Running] = []

    def __enter__(self) -> "Lab":
        return self.wait_until_ready()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is: the door that takes turns, or the one node itself."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> "Lab":
        lines = 1 if self.is_direct else 2
        eventually(lambda: self.stdout().count("\n") >= lines or self.process.poll() is not None, "Ready, or an end")
        said = self.log()
        assert (self.stdout().splitlines()[:1], self.stderr()) == ([f"Ready: {self.url}"], ""), said
        self.started = descendants(self.process.pid)
        return self

    def stdout(self) -> str:
        return Path(self.out.name).read_text()

    def stderr(self) -> str:
        return Path(self.err.name).read_text()

    def log(self) -> str:
        """Return all that it has said."""
        return self.stdout() + self.stderr()

    def guard_and_command(self, part: str) -> tuple[Running, Running]:
        """Return the two processes of a node, the balancer or the store, as they are now."""
        state = self.control("GET", "/state")
        parts = (*state["nodes"], state["store"], *filter(None, [state["balancer"]]))
        table = {process.pid: process for process in process_table()}
        command = table[next(each["pid"] for each in parts if each["name"] == part)]
        return table[command.parent], command

    def child_of(self, parent: Running) -> Running:
        """Return the last process that `parent` has started."""
        return [process for process in self.started if process.parent == parent.pid][-1]

    def assert_nothing_is_left(self) -> None:
        pids = {process.pid for process in self.started}
        left = lambda: [process for process in process_table() if process.pid in pids]  # noqa: E731
        eventually(lambda: not left(), f"the end of {self.started}")
        eventually(lambda: not list(self.temp.iterdir()), "an empty temporary folder")

    def end_with(self, number: signal.Signals) -> int:
        """Send a signal as a terminal does, to the foreground process group; return the exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(SOON_S)

    def stop(self) -> int:
        code = self.end_with(signal.SIGINT) if self.process.poll() is None else self.process.returncode
        aftermath().forgets(self.process.pid)
        shutil.rmtree(self.temp)
        return code

    def make_whole(self) -> None:
        """Start again what a test has ended, and return once everything runs."""
        state = self.control("GET", "/state")
        ended = [node["name"] for node in state["nodes"] if node["state"] not in ("running", "starting")]
        if state["store"]["state"] != "running":
            self.control("PUT", "/store", {"state": "running"})
        for name in ended:
            self.control("PUT", f"/nodes/{name}", {"state": "running"})
        for scaled in (node["name"] for node in state["nodes"] if node["threads"] != NODE_THREADS):
            self.control("PUT", f"/nodes/{scaled}/threads", {"threads": NODE_THREADS})
        if set(self.states().values()) != {"running"}:
            eventually(lambda: set(self.states().values()) == {"running"}, "everything running")
            eventually(lambda: all(self.is_ready() for _ in range(2 * self.nodes)), "every node ready")

    @property
    def sticky_port(self) -> int:
        """The port of the sticky door."""
        [port] = re.findall(r"^Sticky: http://127.0.0.1:(\d+)$", self.stdout(), re.MULTILINE)
        return int(port)

    def store_url(self) -> str | None:
        file = self.instance / "store.url"
        return file.read_text() if file.exists() else None

    def flask(self, *arguments: str, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        """Run `flask …` beside it; `typed` is its standard input."""
        return self._run("-m", "flask", "--app", "app", *arguments, typed=typed, **env)

    def cluster(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Type `python -m cluster …` in another terminal."""
        return self._run("-m", "cluster", *arguments)

    def control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send a command as the lab's own nodes do, and return the state."""
        socket = Path((self.instance / "control.path").read_text())
        return send_command(socket, method, path, body)

    def is_ready(self) -> bool:
        """Tell whether the lab answers, its store and its database too."""
        with suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/readyz")[0] == 200
        return False

    def states(self) -> dict[str, str]:
        """Return what each process does."""
        state = self.control("GET", "/state")
        return {part["name"]: part["state"] for part in (*state["nodes"], state["store"])}

    def run(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Type `python app.py …` in another terminal, for a lab that cannot start."""
        return self._run("app.py", *arguments, **env)

    def _run(self, *arguments: str, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.env, **env},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=SOON_S,
        )

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, port: int | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=SOON_S)) as connection:
            sent = json.dumps(body).encode() if body is not None else None
            kind = {"Content-Type": "application/json"} if sent else {}
            connection.request(method, path, sent, {**kind, **(headers or {})})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

    def wait_until_forgotten(self) -> None:
        """Return once its store holds nothing: a command is answered before it is carried out."""
        eventually(lambda: self.control("GET", "/state")["store"]["keys"] == 0, "an empty store")

    def begun(self) -> int:
        """Return how many requests its nodes have begun to serve."""
        return sum(node["requests"] or 0 for node in self.control("GET", "/state")["nodes"])

    @contextmanager
    def requests_in_flight(self, times: int = 1) -> Iterator[list[int]]:
        """Have nodes in the middle of slow requests; the list has the statuses of the answers afterwards."""
        statuses: list[int] = []
        ask = lambda: statuses.append(self.request("GET", "/open/profile?work_ms=1000")[0])  # noqa: E731
        before, slow = self.begun(), [Thread(target=ask) for _ in range(times)]
        for each in slow:
            each.start()
        eventually(lambda: self.begun() >= before + times, "requests in flight")
        yield statuses
        for each in slow:
            each.join(SOON_S)

    def log_in(self, approach: str, username: str, password: str) -> dict[str, str]:
        """Log in and return the header that carries the login."""
        credentials = {"username": username, "password": password}
        status, headers, body = self.request("POST", f"/{approach}/login", credentials)
        assert status == 200, body
        if approach in ("session", "memory"):
            return {"Cookie": headers["set-cookie"].split(";")[0]}
        return {"Authorization": f"Bearer {json.loads(body)['access_token']}"}
