"""Which resource is the first to be full. Needs grow in step with the members, so where they end is a rule of three.

Taken as given: one store shard and one member database with one writer, however many nodes there are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from planner import formulas
from planner.formulas import CORES_PER_NODE, SHARE, Terms
from planner.quantity import Quantity, quantity


@dataclass(frozen=True)
class Limit:
    """A resource: what the load needs of it, what there is, and with how many members the two are equal."""

    resource: str
    needed: Quantity
    there: Quantity
    breaks_at: Quantity

    @property
    def share(self) -> float:
        """Return how much of what may be used is used; above 1 it is over."""
        return self.needed.value / self.there.value


def shard_ops(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.store_ops_s(t), formulas.shard_ops_s(t)


def shard_memory(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.store_bytes(t), formulas.shard_bytes(t)


def db_writer(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.db_writes_s(t), (SHARE * 1_000_000 / t.db_write_us).called("db_writer_s")


def node_cpu(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.node_cores(t), (SHARE * t.nodes * CORES_PER_NODE).called("cores")


def node_threads(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.busy_threads(t), (SHARE * t.nodes * t.threads_per_node).called("threads")


def node_memory(t: Terms) -> tuple[Quantity, Quantity]:
    return formulas.node_bytes(t), (SHARE * t.node_gib * quantity(2**30)).called("node_memory")


RESOURCES: dict[str, Callable[[Terms], tuple[Quantity, Quantity]]] = {
    "shard_ops": shard_ops,
    "shard_memory": shard_memory,
    "db_writer": db_writer,
    "node_cpu": node_cpu,
    "node_threads": node_threads,
    "node_memory": node_memory,
}


def limits(t: Terms) -> list[Limit]:
    """Return every resource, the one that is full first in front."""
    weighed = [(name, *resource(t)) for name, resource in RESOURCES.items()]
    listed = [
        Limit(name, needed, there, (t.members * there / needed).called("breaks_at")) for name, needed, there in weighed
    ]
    return sorted(listed, key=lambda limit: limit.breaks_at.value)
