"""The supervisor of the lab's processes: nodes, balancer and store."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from lab.cluster.address import MOST_NODES, Address, CannotStart
from lab.cluster.balancer import Balancer
from lab.cluster.load_run import LoadRun
from lab.cluster.node import Node
from lab.cluster.orders import Refused
from lab.cluster.preloaded import Preloaded
from lab.cluster.store import Store
from lab.cluster.supervised import Supervised, Wanted
from lab.cluster.vitals import Vitals

MOST_SOCKET_PATH = 100  # bytes; systems allow 104 to 108


@dataclass(frozen=True)
class Doors:
    """The public addresses: two ports of the balancer, or the address of the only node."""

    round_robin: Address
    sticky: Address | None = None


class Supervisor:
    """Starts all processes except the store when it is created, and ends them with `stop()`.

    Commands may come from any thread and do not wait for processes: `state()` returns their progress. Commands raise
    `Refused`.
    """

    def __init__(
        self,
        doors: Doors,
        store: Store,
        load_run: LoadRun,
        folder: Path,
        environment: Mapping[str, str],
        nodes: int,
        preloaded: Preloaded | None = None,
    ) -> None:
        self.doors = doors
        self._store = store
        self._load_run = load_run
        self._folder = folder
        self._environment = environment
        self._preloaded = preloaded
        self._vitals = Vitals()
        self._orders = Lock()
        self._nodes: dict[str, tuple[Node, Supervised]] = {}
        for _ in range(nodes):
            self._add_node()
        self._balancer = self._new_balancer(doors.sticky) if doors.sticky else None
        self._balancing: Supervised | None = None

    # -- supervision

    def look(self) -> None:
        """Check all processes, and restart those that ended by themselves. Called periodically."""
        with self._orders:
            self._store.look()
            self._load_run.look()
            for part in self._parts():
                part.look()

    def is_ready(self) -> bool:
        """Return whether all processes answer. Raise `CannotStart` if one has ended.

        The balancer starts after the nodes answer. Until then its port is closed.
        """
        for part in self._parts():
            if part.has_ended:
                raise CannotStart(
                    f"{part.name} ended while it started (exit code {part.process.exit_code}); its last lines are above"
                )
        if not all(node.answers() for node, _ in self._nodes.values()):
            return False
        if self._balancer and self._balancing is None:
            self._balancing = Supervised("balancer", self._balancer.launch, self.doors.round_robin.is_open)
        return self.doors.round_robin.is_ready()

    def stop(self) -> None:
        """End the balancer, which answers the requests in flight, and then all nodes together."""
        with self._orders, ExitStack() as ends:
            self._load_run.end()
            if self._balancer:
                self._balancer.stop()
            for _, part in self._nodes.values():
                part.process.end()
                ends.callback(part.process.stop)

    # -- commands

    def state(self) -> dict[str, Any]:
        """Return every process in the form of `GET /state`."""
        with self._orders:
            nodes = list(self._nodes.values())
        balancer = self._balancing
        return {  # without the lock: a node or a store that hangs would block all commands
            "doors": {
                "round_robin": self.doors.round_robin.url,
                "sticky": self.doors.sticky.url if self.doors.sticky else None,
            },
            "balancer": balancer and {"name": "balancer", "state": balancer.state, **self._vitals.of(balancer)},
            "nodes": [self._node_state(node, part) for node, part in nodes],
            "store": self._store.state(self._vitals),
            "load_run": self._load_run.state(),
        }

    def add_node(self) -> None:
        """Start one more node and add it to the balancer."""
        with self._orders:
            if self._balancer is None:
                raise Refused(409, "no_balancer", "this lab has one node and no balancer")
            if len(self._nodes) == MOST_NODES:
                raise Refused(409, "too_many_nodes", f"the lab has {MOST_NODES} nodes, which is its limit")
            self._add_node()
            self._balancer.serve(self._sockets(), at_once=self._balancing is not None and self._balancing.is_ready)

    def want_node(self, name: str, wanted: Wanted) -> None:
        """Bring a node into the state `wanted`."""
        with self._orders:
            if name not in self._nodes:
                raise Refused(404, "unknown_node", f"no node has this name; the nodes are {', '.join(self._nodes)}")
            self._nodes[name][1].want(wanted)

    def want_store(self, wanted: Wanted) -> None:
        """Bring the store into the state `wanted`."""
        with self._orders:
            self._store.want(wanted)

    def restart_store(self) -> None:
        """End the store gracefully, and start it again with its data."""
        with self._orders:
            self._store.restart()

    def empty_store(self) -> None:
        """Delete all data of the store."""
        with self._orders:
            self._store.empty()

    def fill_store(self, full: bool) -> None:
        """Let the store refuse every write, or accept writes again."""
        with self._orders:
            self._store.set_full(full)

    def set_round_trip(self, milliseconds: float) -> None:
        """Delay every reply of the store."""
        with self._orders:
            self._store.set_round_trip(milliseconds)

    def start_load_run(self, experiment: str, quick: bool) -> None:
        """Start a load test. Raise `Refused` if one is running."""
        with self._orders:
            self._load_run.start(experiment, quick)

    def stop_load_run(self) -> None:
        """Stop the load test. Its measurements are kept."""
        with self._orders:
            self._load_run.stop()

    # -- shared steps

    def _parts(self) -> list[Supervised]:
        nodes = [part for _, part in self._nodes.values()]
        return [*nodes, self._balancing] if self._balancing else nodes

    def _add_node(self) -> None:
        if self.doors.sticky is None:
            node = self._node(self._environment["NODE_NAME"], self.doors.round_robin)
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
        return Balancer(folder, self.doors.round_robin, sticky, self._sockets(), proxies)

    def _sockets(self) -> list[Path]:
        return [node.listens_on for node, _ in self._nodes.values() if isinstance(node.listens_on, Path)]

    def _node_state(self, node: Node, part: Supervised) -> dict[str, Any]:
        health = node.health() if part.state == "running" else None
        return {
            "name": node.name,
            "state": part.state,
            "restarts": part.restarts,
            "requests": (health or {}).get("requests"),
            **self._vitals.of(part),
        }


def refuse_long_path(folder: Path) -> None:
    """Raise `CannotStart` if the path of a socket file in `folder` would be too long for the system."""
    if len(str(folder / f"node-{MOST_NODES}.socket").encode()) > MOST_SOCKET_PATH:
        raise CannotStart(f"TMPDIR: {folder} is too long for the paths of socket files; set TMPDIR to a shorter one")
