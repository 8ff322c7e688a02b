"""A fleet too large to simulate whole: one node of it event by event, what all nodes share in closed form.

A sampled simulation. Nodes are alike and share nothing but the store and the member database, so one stands for all: it
gets its share of a stream that arrives at random, which is a little rougher than a balancer deals it out. Log-ins,
refreshes and log-outs are in the stream; what is told is how long the pages among them take. The store's shards take
their share of all operations, and the member database has one writer; what is waited there is the mean of an M/D/1
queue (Pollaczek-Khinchine).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner import formulas
from planner.expression import Expression
from planner.formulas import BY_TOKEN, IN_STORE, Terms
from planner.limits import db_writer, limits, shard_ops
from planner.simulation import Fleet, SimulatedRequest, Simulation

REQUESTS, WARM_UP, SEED = 6000, 500, 1


@dataclass(frozen=True)
class Prospect:
    """How an approach fares with its fleet: what is over its limit, or how long pages take."""

    approach: str
    overloaded: str | None = None
    p50_us: float = 0.0
    p99_us: float = 0.0


def prospect(terms: Terms) -> Prospect:
    """Simulate one node under its share of the load. A fleet that the plan calls over its limit is not simulated."""
    first = limits(terms)[0]
    if first.is_over:
        return Prospect(terms.approach, first.resource)
    kinds = kinds_of(terms)
    one = Fleet(1, terms.load.threads_per_node, cores=1)
    rate_s = sum(rate_s for rate_s, _ in kinds) / terms.load.nodes
    outcome = Simulation(one, _mixed(kinds)).open_stream(rate_s, REQUESTS)
    return Prospect(terms.approach, None, outcome.percentile_us(0.5, WARM_UP), outcome.percentile_us(0.99, WARM_UP))


def kinds_of(terms: Terms) -> list[tuple[float, SimulatedRequest]]:
    """Return what the whole fleet is asked in a second, and what each of it takes: pages first."""
    store_us, writer_us = _store_wait_us(terms), _writer_wait_us(terms)
    at_logout_us = formulas.LOGOUT_STORE_OPS * store_us + writer_us
    request = _request(formulas.request_us(terms), terms.request_cpu_us, store_us)
    logout = _aside(formulas.logout_us(terms), formulas.logout_cpu_us(terms), at_logout_us)
    return [
        (formulas.requests_s(terms).value, request),
        (formulas.logins_s(terms).value, _aside(formulas.login_us(terms), terms.login_cpu_us, writer_us)),
        (formulas.refreshes_s(terms).value, _aside(terms.refresh_cpu_us, terms.refresh_cpu_us, writer_us)),
        (formulas.logouts_s(terms).value, logout),
    ]


def md1_wait_us(service_us: float, use: float) -> float:
    """Return the mean wait of an M/D/1 queue whose server is busy for this share of the time."""
    return service_us * use / (2 * (1 - use))


def _store_wait_us(terms: Terms) -> float:
    """Return what a look-up waits for its turn."""
    needed, usable = shard_ops(terms)
    use = needed.value / usable.value * formulas.SHARE.value
    return md1_wait_us(terms.constants.store_command_us, use) if terms.approach in IN_STORE else 0.0


def _writer_wait_us(terms: Terms) -> float:
    """Return what a write of the member database waits for its turn."""
    needed, usable = db_writer(terms)
    use = needed.value / usable.value * formulas.SHARE.value
    return md1_wait_us(terms.constants.db_write_us, use) if terms.approach in BY_TOKEN else 0.0


def _request(held_us: Expression, cpu_us: Expression, queue_us: float) -> SimulatedRequest:
    """Return a page: it computes, waits for the rest of the time that it keeps its thread, and computes again."""
    return SimulatedRequest(cpu_us=cpu_us.value, work_us=held_us.value - cpu_us.value + queue_us)


def _aside(held_us: Expression, cpu_us: Expression, queue_us: float) -> SimulatedRequest:
    """Return what is asked beside pages."""
    return replace(_request(held_us, cpu_us, queue_us), counted=False)


def _mixed(kinds: list[tuple[float, SimulatedRequest]]) -> Iterator[SimulatedRequest]:
    chance = random.Random(SEED)  # noqa: S311
    rates, requests = zip(*kinds, strict=True)
    while True:
        yield from chance.choices(requests, rates, k=1000)
