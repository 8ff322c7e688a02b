"""Find the resource that is full first. Needs are proportional to the members, so the limit follows by division.

Given: the load's numbers of nodes and store shards, and one member database with one writer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from planner import formulas
from planner.expression import Expression, expression
from planner.formulas import CORES_PER_NODE, SHARE, Terms


@dataclass(frozen=True)
class Limit:
    """A resource: the need, the usable amount, and the most members for which it is enough."""

    resource: str
    needed: Expression
    there: Expression
    breaks_at: Expression
    is_over: bool

    @property
    def share(self) -> float:
        """Return the used share of the usable amount."""
        return self.needed.value / self.there.value


def shard_ops(t: Terms) -> tuple[Expression, Expression]:
    return formulas.store_ops_s(t), formulas.shard_ops_s(t) * t.shards


def shard_memory(t: Terms) -> tuple[Expression, Expression]:
    return formulas.store_bytes(t), formulas.shard_bytes(t) * t.shards


def db_writer(t: Terms) -> tuple[Expression, Expression]:
    return formulas.db_writes_s(t), (SHARE * 1_000_000 / t.db_write_us).called("usable_writes_s")


def node_cpu(t: Terms) -> tuple[Expression, Expression]:
    return formulas.node_cores(t), (SHARE * t.nodes * CORES_PER_NODE).called("usable_cores")


def node_threads(t: Terms) -> tuple[Expression, Expression]:
    return formulas.busy_threads(t), (SHARE * t.nodes * t.threads_per_node).called("usable_threads")


def node_memory(t: Terms) -> tuple[Expression, Expression]:
    return formulas.node_bytes(t), (SHARE * t.node_gib * expression(2**30)).called("usable_node_bytes")


RESOURCES: dict[str, Callable[[Terms], tuple[Expression, Expression]]] = {
    "shard_ops": shard_ops,
    "shard_memory": shard_memory,
    "db_writer": db_writer,
    "node_cpu": node_cpu,
    "node_threads": node_threads,
    "node_memory": node_memory,
}


def limits(t: Terms) -> list[Limit]:
    """Return every resource, in the order in which they become full."""
    listed = [_limit(t, name, *resource(t)) for name, resource in RESOURCES.items()]
    return sorted(listed, key=lambda limit: limit.breaks_at.value)


def _limit(t: Terms, resource: str, needed: Expression, there: Expression) -> Limit:
    breaks_at = (t.members * there / needed).rounded_down().called("breaks_at")
    return Limit(resource, needed, there, breaks_at, is_over=t.load.members > breaks_at.value)
