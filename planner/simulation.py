"""Requests through balancer, nodes and store, event by event (SimPy). Times are microseconds.

A node has a few threads, which share one interpreter lock, and with the other nodes the cores of their machine. The
store is one thread at the end of a round trip. What is random has a seed: the same run comes out again.
"""

import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Literal

import simpy

Events = Generator[simpy.Event, Any, None]
Balancer = Literal["round_robin", "sticky"]


@dataclass(frozen=True)
class Request:
    """What one request takes. `store_us` is the whole look-up as a node sees it, `store_command_us` the store's part.

    While a page waits (`work_us`) and while the store is asked, the thread is taken and the interpreter lock is not.
    `outside_us` is what passes in front of the node: the client, the balancer, the server's own reading and writing.
    """

    cpu_us: float
    work_us: float = 0.0
    store_us: float = 0.0
    store_command_us: float = 0.0
    outside_us: float = 0.0


@dataclass(frozen=True)
class Fleet:
    """The machines: `cores` for all nodes together, or None if each node has its own."""

    nodes: int
    threads: int = 2
    balancer: Balancer = "round_robin"
    cores: int | None = None


@dataclass
class Outcome:
    """What came of it: when each request ended, and how long it took."""

    ended_us: list[float] = field(default_factory=list)
    took_us: list[float] = field(default_factory=list)

    def rps(self, warm_up: int) -> float:
        """Return requests a second once `warm_up` of them are through."""
        counted = self.ended_us[warm_up:]
        return 1e6 * (len(counted) - 1) / (counted[-1] - counted[0])

    def percentile_us(self, share: float, warm_up: int = 0) -> float:
        """Return the percentile by nearest rank."""
        taken = sorted(self.took_us[warm_up:])
        return taken[min(len(taken) - 1, int(share * len(taken)))]


class Simulation:
    """One fleet, and what each of its requests takes; driven by members in a closed loop, or by an open stream."""

    def __init__(self, fleet: Fleet, requests: Iterator[Request]) -> None:
        self._env = simpy.Environment()
        self._fleet, self._requests = fleet, requests
        self._threads = [simpy.Resource(self._env, fleet.threads) for _ in range(fleet.nodes)]
        self._locks = [simpy.Resource(self._env, 1) for _ in range(fleet.nodes)]
        self._cores = simpy.Resource(self._env, fleet.cores) if fleet.cores else None
        self._store = simpy.Resource(self._env, 1)
        self._turn = count()
        self.outcome = Outcome()

    def closed_loop(self, members: int, requests: int, pause_us: float = 0.0, seed: int = 1) -> Outcome:
        """Let members ask, and again after a random pause of this mean, until so many requests are through."""
        chance = random.Random(seed)  # noqa: S311
        pause = partial(chance.expovariate, 1 / pause_us) if pause_us else float
        for member in range(members):
            self._env.process(self._ask_again_and_again(member, pause))
        return self._run(requests)

    def open_stream(self, rate_s: float, requests: int, seed: int = 1) -> Outcome:
        """Let requests arrive at random (Poisson), however long the others take."""
        self._env.process(self._arrive(rate_s / 1e6, random.Random(seed)))  # noqa: S311
        return self._run(requests)

    def _run(self, requests: int) -> Outcome:
        while len(self.outcome.ended_us) < requests:
            self._env.step()
        return self.outcome

    def _ask_again_and_again(self, member: int, pause: Callable[[], float]) -> Events:
        while True:
            yield self._env.timeout(pause())
            yield from self._serve(member)

    def _arrive(self, rate_us: float, chance: random.Random) -> Events:
        for number in count():
            yield self._env.timeout(chance.expovariate(rate_us))
            self._env.process(self._serve(number))

    def _serve(self, member: int) -> Events:
        began, request = self._env.now, next(self._requests)
        yield self._env.timeout(request.outside_us)
        node = (member if self._fleet.balancer == "sticky" else next(self._turn)) % self._fleet.nodes
        with self._threads[node].request() as thread:
            yield thread
            yield from self._compute(node, request.cpu_us / 2)
            if request.store_us:
                yield from self._look_up(request)
            if request.work_us:
                yield self._env.timeout(request.work_us)
            yield from self._compute(node, request.cpu_us / 2)
        self.outcome.ended_us.append(self._env.now)
        self.outcome.took_us.append(self._env.now - began)

    def _compute(self, node: int, cpu_us: float) -> Events:
        with self._locks[node].request() as lock:
            yield lock
            if self._cores is None:
                yield self._env.timeout(cpu_us)
                return
            with self._cores.request() as core:
                yield core
                yield self._env.timeout(cpu_us)

    def _look_up(self, request: Request) -> Events:
        yield self._env.timeout(max(0.0, request.store_us - request.store_command_us))
        with self._store.request() as turn:
            yield turn
            yield self._env.timeout(request.store_command_us)
