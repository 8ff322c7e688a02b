"""The supervisor of the lab's processes: nodes, balancer and store."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from lab.cluster.address import MOST_NODES, Address, CannotStart
from lab.cluster.balancer import Balancer
from lab.cluster.loadtest import Loadtest
from lab.cluster.node import THREADS, Node
from lab.cluster.preloaded import Preloaded
from lab.cluster.process_stats import ProcessStats
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.store import Store
from lab.cluster.supervised import Supervised, Wanted
from lab.cluster.throughput import Threads, Throughput
from service.terminal import _

MOST_SOCKET_PATH = 100  # bytes; systems allow 104 to 108


@dataclass(frozen=True)
class Listeners:
    """The public addresses: two ports of the balancer, or the address of the only node."""

    round_robin: Address
    sticky: Address | None = None


class Supervisor:
    """Starts all processes except the store when it is created, and ends them with `stop()`.

    Commands may come from any thread and do not wait for processes: `state()` returns their progress. Commands raise
    `RefusedCommand`.
    """

    def __init__(
        self,
        listeners: Listeners,
        store: Store,
        loadtest: Loadtest,
        folder: Path,
        environment: Mapping[str, str],
        nodes: int,
        preloaded: Preloaded | None = None,
    ) -> None:
        self.listeners = listeners
        self._store = store
        self._loadtest = loadtest
        self._folder = folder
        self._environment = environment
        self._preloaded = preloaded
        self._process_stats = ProcessStats()
        self._throughput = Throughput(listeners.round_robin, self._running_threads)
        self._commands = Lock()
        self._nodes: dict[str, tuple[Node, Supervised]] = {}
        for _node in range(nodes):
            self._add_node()
        self._balancer = self._new_balancer(listeners.sticky) if listeners.sticky else None
        self._balancing: Supervised | None = None

    # -- supervision

    def look(self) -> None:
        """Check all processes, and restart those that ended by themselves. Called periodically."""
        with self._commands:
            self._store.look()
            self._loadtest.look()
            for part in self._parts():
                part.look()

    def is_ready(self) -> bool:
        """Return whether all processes answer. Raise `CannotStart` if one has ended.

        The balancer starts after the nodes answer. Until then its port is closed.
        """
        for part in self._parts():
            if part.has_ended:
                raise CannotStart(
                    _(
                        "%(name)s ended while it started (exit code %(code)s); its last lines are above",
                        name=part.name,
                        code=part.process.exit_code,
                    )
                )
        if not all(node.answers() for node, _ in self._nodes.values()):
            return False
        if self._balancer and self._balancing is None:
            self._balancing = Supervised("balancer", self._balancer.launch, self.listeners.round_robin.is_open)
        return self.listeners.round_robin.is_ready()

    def stop(self) -> None:
        """End the balancer, which answers the requests in flight, and then all nodes together."""
        with self._commands, ExitStack() as ends:
            self._loadtest.end()
            self._throughput.end()
            if self._balancer:
                self._balancer.stop()
            for _, part in self._nodes.values():
                part.process.end()
                ends.callback(part.process.stop)

    # -- commands

    def state(self) -> dict[str, Any]:
        """Return every process in the form of `GET /state`."""
        with self._commands:
            nodes = list(self._nodes.values())
        balancer = self._balancing
        return {  # without the lock: a node or a store that hangs would block all commands
            "doors": {
                "round_robin": self.listeners.round_robin.url,
                "sticky": self.listeners.sticky.url if self.listeners.sticky else None,
            },
            "balancer": balancer and {"name": "balancer", "state": balancer.state, **self._process_stats.of(balancer)},
            "nodes": [self._node_state(node, part) for node, part in nodes],
            "store": self._store.state(self._process_stats),
            "load_run": self._loadtest.state(),
            "throughput": self._throughput.state(),
        }

    def add_node(self) -> None:
        """Start one more node and add it to the balancer."""
        with self._commands:
            if self._balancer is None:
                raise RefusedCommand(409, "no_balancer", "this lab has one node and no balancer")
            if len(self._nodes) == MOST_NODES:
                raise RefusedCommand(
                    409, "too_many_nodes", "the lab has %(count)s nodes, which is its limit", count=MOST_NODES
                )
            self._add_node()
            self._balancer.serve(self._sockets(), at_once=self._balancing is not None and self._balancing.is_ready)

    def want_node(self, name: str, wanted: Wanted) -> None:
        """Bring a node into the state `wanted`."""
        with self._commands:
            self._find_node(name)[1].want(wanted)

    def set_threads(self, name: str, threads: int) -> None:
        """Restart a node with this number of threads. A node that has it already is not restarted."""
        if threads not in THREADS:
            raise RefusedCommand(
                400, "bad_request", "threads must be one of %(numbers)s", numbers=", ".join(map(str, THREADS))
            )
        with self._commands:
            node, part = self._find_node(name)
            if node.threads != threads:
                resized = replace(node, threads=threads)
                part.restart(resized.launch)
                self._nodes[name] = (resized, part)

    def want_store(self, wanted: Wanted) -> None:
        """Bring the store into the state `wanted`."""
        with self._commands:
            self._store.want(wanted)

    def restart_store(self) -> None:
        """End the store gracefully, and start it again with its data."""
        with self._commands:
            self._store.restart()

    def empty_store(self) -> None:
        """Delete all data of the store."""
        with self._commands:
            self._store.empty()

    def fill_store(self, full: bool) -> None:
        """Let the store refuse every write, or accept writes again."""
        with self._commands:
            self._store.set_full(full)

    def set_round_trip(self, milliseconds: float) -> None:
        """Delay every reply of the store."""
        with self._commands:
            self._store.set_round_trip(milliseconds)

    def start_loadtest(self, experiment: str, quick: bool) -> None:
        """Start a load test. Raise `RefusedCommand` if one is running."""
        with self._commands:
            self._loadtest.start(experiment, quick)

    def stop_loadtest(self) -> None:
        """Stop the load test. Its measurements are kept."""
        with self._commands:
            self._loadtest.stop()

    def measure_throughput(self) -> None:
        """Measure for a moment how many pages a second the running nodes serve. `state()` has the readings."""
        with self._commands:
            self._loadtest.refuse_while_running()
            self._throughput.start()

    # -- shared steps

    def _parts(self) -> list[Supervised]:
        nodes = [part for _, part in self._nodes.values()]
        return [*nodes, self._balancing] if self._balancing else nodes

    def _running_threads(self) -> Threads:
        return tuple(sorted(node.threads for node, part in list(self._nodes.values()) if part.state == "running"))

    def _find_node(self, name: str) -> tuple[Node, Supervised]:
        if name not in self._nodes:
            raise RefusedCommand(
                404, "unknown_node", "no node has this name; the nodes are %(names)s", names=", ".join(self._nodes)
            )
        return self._nodes[name]

    def _add_node(self) -> None:
        if self.listeners.sticky is None:
            node = self._node(self._environment["NODE_NAME"], self.listeners.round_robin)
        else:
            name = f"node-{len(self._nodes) + 1}"
            node = self._node(name, self._folder / f"{name}.socket")
        self._nodes[node.name] = (node, Supervised(node.name, node.launch, node.answers))

    def _node(self, name: str, listens_on: Address | Path) -> Node:
        return Node(name, listens_on, self._environment, preloaded=self._preloaded)

    def _new_balancer(self, sticky: Address) -> Balancer:
        folder = self._folder / "balancer"
        folder.mkdir()
        proxies = int(self._environment["TRUSTED_PROXIES"]) - 1  # the nodes' number includes this balancer
        return Balancer(folder, self.listeners.round_robin, sticky, self._sockets(), proxies)

    def _sockets(self) -> list[Path]:
        return [node.listens_on for node, _ in self._nodes.values() if isinstance(node.listens_on, Path)]

    def _node_state(self, node: Node, part: Supervised) -> dict[str, Any]:
        health = node.health() if part.state == "running" else None
        return {
            "name": node.name,
            "state": part.state,
            "threads": node.threads,
            "restarts": part.restarts,
            "requests": (health or {}).get("requests"),
            **self._process_stats.of(part),
        }


def refuse_long_path(folder: Path) -> None:
    """Raise `CannotStart` if the path of a socket file in `folder` would be too long for the system."""
    if len(str(folder / f"node-{MOST_NODES}.socket").encode()) > MOST_SOCKET_PATH:
        too_long = _("%(path)s is too long for the paths of socket files; set TMPDIR to a shorter one", path=folder)
        raise CannotStart(f"TMPDIR: {too_long}")
