"""A fleet too large to simulate whole: one node of it event by event, the store's queue in closed form.

A sampled simulation. Nodes are alike and share nothing but the store, so one stands for all: it gets its share of a
stream that arrives at random, which is a little rougher than a balancer deals it out. The store's shards take their
share of all look-ups; what a look-up waits there is the mean of an M/D/1 queue (Pollaczek-Khinchine).
"""

from dataclasses import dataclass, replace
from itertools import repeat

from planner import formulas
from planner.formulas import IN_STORE, SHARE, Terms
from planner.limits import limits
from planner.simulation import Fleet, Request, Simulation

REQUESTS, WARM_UP = 4000, 500
SHARDED = ("shard_ops", "shard_memory")


@dataclass(frozen=True)
class Prospect:
    """How an approach fares with its fleet: what is over its limit, or how long requests take."""

    approach: str
    overloaded: str | None = None
    p50_us: float = 0.0
    p99_us: float = 0.0


def prospect(terms: Terms) -> Prospect:
    """Simulate one node under its share of the load, the store in as many shards as the plan has."""
    full = _full(terms)
    if full:
        return Prospect(terms.approach, full)
    request = request_of(terms, md1_wait_us(terms.constants.store_command_us, _store_use(terms)))
    one = Fleet(1, terms.load.threads_per_node, cores=1)
    rate_s = formulas.requests_s(terms).value / terms.load.nodes
    outcome = Simulation(one, repeat(request)).open_stream(rate_s, REQUESTS)
    return Prospect(terms.approach, None, outcome.percentile_us(0.5, WARM_UP), outcome.percentile_us(0.99, WARM_UP))


def _full(terms: Terms) -> str | None:
    """Return the first resource that is used up, to the last bit: then queues grow without end. Shards are added."""
    used_up = (limit.resource for limit in limits(terms) if limit.share * SHARE.value >= 1)
    return next((resource for resource in used_up if resource not in SHARDED), None)


def md1_wait_us(service_us: float, use: float) -> float:
    """Return the mean wait of an M/D/1 queue whose server is busy for this share of the time."""
    return service_us * use / (2 * (1 - use))


def request_of(terms: Terms, wait_us: float = 0.0) -> Request:
    """Return one request of this approach."""
    load, constants = terms.load, terms.constants
    request = Request(cpu_us=terms.cpu_beside_store_us.value, work_us=load.work_ms * 1000)
    if terms.approach not in IN_STORE:
        return request
    return replace(request, store_us=constants.store_us + load.round_trip_ms * 1000 + wait_us)


def _store_use(terms: Terms) -> float:
    shards = max(1.0, formulas.store_shards(terms).value)
    return formulas.store_ops_s(terms).value * terms.constants.store_command_us / 1e6 / shards
