"""Measure memory, start, end and recovery of the lab's processes: `python -m bench.cluster [ROUNDS]`.

Each round starts the lab with two nodes. It kills a node, suspends the store and kills it, while one client requests a
session's page again and again. Then it starts the lab with four nodes. Medians and ranges are printed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from json import dumps
from pathlib import Path
from time import perf_counter, sleep

import psutil

from lab.cluster.client import send_command
from lab.cluster.embedded_store import free_port

ROOT = Path(__file__).parent.parent
MIB = 1024 * 1024
Note = Callable[[str, float], None]


def main(rounds: int) -> None:
    """Run the rounds and print a table."""
    figures: dict[str, list[float]] = {}
    note: Note = lambda name, value: figures.setdefault(name, []).append(value)  # noqa: E731
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            measure_two_nodes(Path(folder), note)
            measure_four_nodes(Path(folder), note)
    for name, values in figures.items():
        print(f"{name:44} {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})")


def measure_two_nodes(folder: Path, note: Note) -> None:
    """Record the times of start and end, and the effects of a lost node and store on a client."""
    with running_lab(folder, 2, note) as (port, control):
        cookie = log_in(port)
        since = perf_counter()
        send_command(control, "PUT", "/nodes/node-1", {"state": "killed"})
        note("node killed: requests lost", sum(ask(port, cookie)[0] != 200 for _ in range(200)))
        send_command(control, "PUT", "/nodes/node-1", {"state": "running"})
        wait(lambda: send_command(control, "GET", "/state")["nodes"][0]["state"] == "running")
        note("node killed: until it is back, s", perf_counter() - since)
        for fault in ("hanging", "killed"):
            send_command(control, "PUT", "/store", {"state": fault})
            slowest = 0.0
            for _ in range(20):
                status, took_s = ask(port, cookie)
                assert status == 503
                slowest = max(slowest, took_s)
                sleep(0.05)
            note(f"store {fault}: slowest 503, s", slowest)
            send_command(control, "PUT", "/store", {"state": "running"})
            wait(lambda: send_command(control, "GET", "/state")["store"]["pid"] is not None)
            since = perf_counter()
            wait(lambda: [ask(port, cookie)[0] for _ in range(4)] == [200] * 4)
            note(f"store {fault}: until both nodes know, s", perf_counter() - since)


def measure_four_nodes(folder: Path, note: Note) -> None:
    """Record the times for four nodes."""
    with running_lab(folder, 4, note):
        pass


@contextmanager
def running_lab(folder: Path, nodes: int, note: Note) -> Iterator[tuple[int, Path]]:
    """Run a lab. Return its port and its control socket."""
    port, began = free_port(), perf_counter()
    command = [sys.executable, "app.py", "--port", str(port), "--nodes", str(nodes)]
    environment = {**os.environ, "INSTANCE_DIR": str(folder)}
    lab = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert lab.stdout is not None
    lab.stdout.readline()
    note(f"{nodes} nodes: ready, s", perf_counter() - began)
    processes = [psutil.Process(lab.pid), *psutil.Process(lab.pid).children(recursive=True)]
    note(f"{nodes} nodes: memory of all processes, MiB", sum(map(proportional_bytes, processes)) / MIB)
    yield port, Path((folder / "control.path").read_text())
    began = perf_counter()
    lab.terminate()
    lab.wait()
    note(f"{nodes} nodes: ended, s", perf_counter() - began)
    note(f"{nodes} nodes: processes left", sum(process.is_running() for process in processes))


def proportional_bytes(process: psutil.Process) -> int:
    """Return a process's memory: on Linux with shared pages divided among their processes (PSS)."""
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", memory.rss))


def log_in(port: int) -> str:
    """Log in by session. Return the cookie."""
    connection = HTTPConnection("127.0.0.1", port)
    credentials = dumps({"username": "alice", "password": "wonderland"})
    connection.request("POST", "/session/login", credentials, {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    return str(response.getheader("Set-Cookie")).split(";")[0]


def ask(port: int, cookie: str) -> tuple[int, float]:
    """Request the session's page once. Return status and seconds."""
    connection, began = HTTPConnection("127.0.0.1", port), perf_counter()
    connection.request("GET", "/session/profile", headers={"Cookie": cookie})
    status = connection.getresponse().status
    connection.close()
    return status, perf_counter() - began


def wait(condition: Callable[[], bool]) -> None:
    """Wait until `condition` is true."""
    while not condition():
        sleep(0.01)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
