"""Scaling up against scaling out: one machine that is several times as large, or as many machines, and the price.

Given: the load's node as the first size. A larger machine has that many times the threads and the memory of a node, and
runs one node: several nodes on it would be scaling out. Store, member database and balancer cost the same either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.constants import Constants
from planner.expression import Expression, power
from planner.formulas import PLANNED, Terms
from planner.limits import Limit, limits
from planner.load import Load
from service.approaches import ApproachFacts

DOUBLINGS = range(7)  # sizes 1 to 64
GROWS_WITH_THE_NODE = ("node_threads", "node_memory")


@dataclass(frozen=True)
class Way:
    """A way to have machines of some size: what is full first, the price, and the price of a thousand members."""

    nodes: int
    threads_each: int
    first: Limit
    price: Expression
    price_per_1000: Expression


@dataclass(frozen=True)
class Step:
    """One size, both ways."""

    size: int
    up: Way
    out: Way


@dataclass(frozen=True)
class Growth:
    """All sizes of an approach. `flat_from`: the first size at which a larger node would not hold more members."""

    approach: str
    steps: list[Step]
    flat_from: Step | None


def growth(load: Load, constants: Constants, approaches: Sequence[ApproachFacts] = PLANNED) -> list[Growth]:
    """Compute every size of every approach."""
    return [_of(facts, load, constants) for facts in approaches]


def _of(facts: ApproachFacts, load: Load, constants: Constants) -> Growth:
    steps = [_step(facts, load, constants, doublings) for doublings in DOUBLINGS]
    flat = (step for step in steps if step.up.first.resource not in GROWS_WITH_THE_NODE)
    return Growth(facts.name, steps, next(flat, None))


def _step(facts: ApproachFacts, load: Load, constants: Constants, doublings: int) -> Step:
    size = 2**doublings
    larger = replace(load, nodes=1, threads_per_node=size * load.threads_per_node, node_gib=size * load.node_gib)
    up, out = Terms(facts, larger, constants), Terms(facts, replace(load, nodes=size), constants)
    return Step(size, _way(up, up_price(up, doublings)), _way(out, out_price(out)))


def up_price(t: Terms, doublings: int) -> Expression:
    """The price of one machine after so many doublings: each costs `doubling_percent` of the machine before it."""
    return (t.machine_price * power(t.doubling_percent / 100, doublings)).called("up_price")


def out_price(t: Terms) -> Expression:
    """The price of as many small machines as there are nodes."""
    return (t.machine_price * t.nodes).called("out_price")


def _way(terms: Terms, price: Expression) -> Way:
    first = limits(terms)[0]
    per_1000 = (price * 1000 / first.breaks_at).called("price_per_1000")
    return Way(terms.load.nodes, terms.load.threads_per_node, first, price, per_1000)
