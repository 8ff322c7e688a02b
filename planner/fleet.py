"""Simulate a large fleet: one node event by event, and the shared resources in closed form.

All nodes are alike and share only the store and the member database, so one node represents all. It gets its share of a
random (Poisson) stream, which is a little less even than a balancer's distribution. Log-ins, refreshes and log-outs are
part of the stream; the result is the time of the pages. The store's shards get equal shares of all operations, and the
member database has one writer. The waiting time for both is the mean of an M/D/1 queue (Pollaczek-Khinchine).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner import formulas
from planner.expression import Expression
from planner.formulas import Terms
from planner.limits import db_writer, limits, shard_ops
from planner.simulation import Fleet, SimulatedRequest, Simulation

REQUESTS, WARM_UP, SEED = 6000, 500, 1


@dataclass(frozen=True)
class Prospect:
    """The result for an approach: the overloaded resource, or how long pages take."""

    approach: str
    overloaded: str | None = None
    p50_us: float = 0.0
    p99_us: float = 0.0


def prospect(terms: Terms) -> Prospect:
    """Simulate one node under its share of the load. A fleet over its limit is not simulated."""
    first = limits(terms)[0]
    if first.is_over:
        return Prospect(terms.facts.name, first.resource)
    kinds = kinds_of(terms)
    one = Fleet(1, terms.load.threads_per_node, cores=1)
    rate_s = sum(rate_s for rate_s, _ in kinds) / terms.load.nodes
    outcome = Simulation(one, _mixed(kinds)).open_stream(rate_s, REQUESTS)
    return Prospect(terms.facts.name, None, outcome.percentile_us(0.5, WARM_UP), outcome.percentile_us(0.99, WARM_UP))


def kinds_of(terms: Terms) -> list[tuple[float, SimulatedRequest]]:
    """Return the requests per second of the whole fleet by kind, with the cost of each kind; pages first."""
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
    """Return the mean waiting time in an M/D/1 queue with this utilization."""
    return service_us * use / (2 * (1 - use))


def _store_wait_us(terms: Terms) -> float:
    """Return how long a look-up waits for the store."""
    needed, usable = shard_ops(terms)
    use = needed.value / usable.value * formulas.SHARE.value
    return md1_wait_us(terms.constants.store_command_us, use) if terms.facts.store_reads else 0.0


def _writer_wait_us(terms: Terms) -> float:
    """Return how long a write waits for the member database."""
    needed, usable = db_writer(terms)
    use = needed.value / usable.value * formulas.SHARE.value
    return md1_wait_us(terms.constants.db_write_us, use) if terms.is_refreshed else 0.0


def _request(held_us: Expression, cpu_us: Expression, queue_us: float) -> SimulatedRequest:
    """Return a page request: it computes, waits for the rest of the time in its thread, and computes again."""
    return SimulatedRequest(cpu_us=cpu_us.value, work_us=held_us.value - cpu_us.value + queue_us)


def _aside(held_us: Expression, cpu_us: Expression, queue_us: float) -> SimulatedRequest:
    """Return a request that is not a page."""
    return replace(_request(held_us, cpu_us, queue_us), counted=False)


def _mixed(kinds: list[tuple[float, SimulatedRequest]]) -> Iterator[SimulatedRequest]:
    chance = random.Random(SEED)  # noqa: S311
    rates, requests = zip(*kinds, strict=True)
    while True:
        yield from chance.choices(requests, rates, k=1000)
