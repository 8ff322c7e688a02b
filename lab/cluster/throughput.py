"""Measure how many pages a second the running nodes serve, to compare scaling up with scaling out.

Each page waits, as for a back end, and computes for a while. Threads wait side by side, but of one node's threads only
one computes at a time (the interpreter lock): so more threads help until one core is full.
"""

from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from lab.cluster.address import Address
from lab.cluster.refused_command import RefusedCommand

WORK_MS, COMPUTE_MS = 10, 2  # a page's time, and how much of it is processor time
PAGE = f"/open/profile?work_ms={WORK_MS}&compute_ms={COMPUTE_MS}"
CLIENTS_PER_THREAD, MOST_CLIENTS = 2, 64  # each thread has its next request waiting
WARM_UP_S, LASTS_S = 0.2, 1.0
PATIENCE_S = 3.0
PAUSE_S = 0.05  # after a failure

Threads = tuple[int, ...]  # of each running node


class Throughput:
    """Sends requests to the balancer for `lasts_s` seconds. It keeps the last reading of each combination of nodes."""

    def __init__(self, balancer: Address, running: Callable[[], Threads], lasts_s: float = LASTS_S) -> None:
        self._balancer = balancer
        self._running = running
        self._lasts_s = lasts_s
        self._starting = Lock()
        self._stop = Event()
        self._measuring: Thread | None = None
        self._discarded = False
        self._readings: dict[Threads, dict[str, Any]] = {}

    def start(self) -> None:
        """Begin to measure the nodes that run now. Raise `RefusedCommand`."""
        nodes = self._running()
        if not nodes:
            raise RefusedCommand(409, "no_node_runs", "no node is running")
        with self._starting:
            if self._is_measuring():
                raise RefusedCommand(409, "measuring", "a measurement is in progress")
            self._measuring = Thread(target=self._measure, args=(nodes,), daemon=True)
            self._measuring.start()

    def end(self) -> None:
        """Send no more requests."""
        self._stop.set()

    def state(self) -> dict[str, Any]:
        """Return the readings in the form of `GET /state`, the fewest threads first.

        `discarded`: the nodes changed during the last measurement, so it has no reading.
        """
        readings = sorted(self._readings.items(), key=lambda item: (sum(item[0]), len(item[0])))
        return {
            "measuring": self._is_measuring(),
            "discarded": self._discarded,
            "readings": [{"threads": list(nodes), **reading} for nodes, reading in readings],
        }

    def _is_measuring(self) -> bool:
        return self._measuring is not None and self._measuring.is_alive()

    def _measure(self, nodes: Threads) -> None:
        begins = monotonic() + WARM_UP_S
        ends = begins + self._lasts_s
        clients = [_Client(self._balancer, begins, ends, self._stop) for _ in range(_clients(nodes))]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self._discarded = self._running() != nodes
        if not self._discarded:
            served = sum(client.served for client in clients)
            failed = sum(client.failed for client in clients)
            self._readings[nodes] = {"rps": round(served / self._lasts_s, 1), "failed": failed}


def _clients(nodes: Threads) -> int:
    return min(CLIENTS_PER_THREAD * sum(nodes), MOST_CLIENTS)


class _Client(Thread):
    """Requests the page again and again on one connection, and counts the answers of the measured time."""

    def __init__(self, balancer: Address, begins: float, ends: float, stop: Event) -> None:
        super().__init__(daemon=True)
        self._balancer = balancer
        self._begins, self._ends = begins, ends
        self._stop_asked = stop
        self.served = self.failed = 0

    def run(self) -> None:
        with closing(HTTPConnection(self._balancer.from_here, self._balancer.port, timeout=PATIENCE_S)) as connection:
            while monotonic() < self._ends and not self._stop_asked.is_set():
                is_served = self._ask(connection)
                if self._begins <= monotonic() < self._ends:
                    self.served += is_served
                    self.failed += not is_served
                if not is_served:
                    self._stop_asked.wait(PAUSE_S)

    def _ask(self, connection: HTTPConnection) -> bool:
        try:
            connection.request("GET", PAGE, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status == 200
        except (OSError, HTTPException):
            connection.close()  # the next request connects again
            return False
