"""Simulate requests through balancer, nodes and store, event by event. Times are microseconds.

A node has a few threads with one interpreter lock, and shares the machine's cores with the other nodes. The store is
one thread behind a round trip. Random choices use a seed, so runs are reproducible.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Literal

from planner.events import Agenda, Process, WaitingLine

# A computing thread yields to another thread of its process after 5 ms: `sys.getswitchinterval()`.
SWITCH_US = 5000.0

Balancer = Literal["round_robin", "sticky"]


@dataclass(frozen=True)
class SimulatedRequest:
    """The times of one request. `store_us`: the look-up as the node measures it. `store_command_us`: the store's part.

    While a page waits (`work_us`) and during a look-up, the thread is occupied but the interpreter lock is free.
    `outside_us`: the time outside the node: client, balancer, and the server's reading and writing. A request that is
    not `counted` only loads the system; its time is not in the outcome.
    """

    cpu_us: float
    work_us: float = 0.0
    store_us: float = 0.0
    store_command_us: float = 0.0
    outside_us: float = 0.0
    counted: bool = True


@dataclass(frozen=True)
class Fleet:
    """The machines. `cores`: for all nodes together, or None if each node has its own."""

    nodes: int
    threads: int = 2
    balancer: Balancer = "round_robin"
    cores: int | None = None


@dataclass
class SimulatedOutcome:
    """The outcome: when each request ended, and how long it took."""

    ended_us: list[float] = field(default_factory=list)
    took_us: list[float] = field(default_factory=list)

    def rps(self, warm_up: int) -> float:
        """Return requests per second after the first `warm_up` requests."""
        counted = self.ended_us[warm_up:]
        return 1e6 * (len(counted) - 1) / (counted[-1] - counted[0])

    def percentile_us(self, share: float, warm_up: int = 0) -> float:
        """Return the percentile by nearest rank."""
        taken = sorted(self.took_us[warm_up:])
        return taken[min(len(taken) - 1, int(share * len(taken)))]


class Simulation:
    """One fleet and its requests, driven by members in a closed loop or by an open stream."""

    def __init__(self, fleet: Fleet, requests: Iterator[SimulatedRequest]) -> None:
        self._agenda = Agenda()
        self._fleet, self._requests = fleet, requests
        self._threads = [WaitingLine(self._agenda, fleet.threads) for _ in range(fleet.nodes)]
        self._locks = [WaitingLine(self._agenda, 1) for _ in range(fleet.nodes)]
        self._cores = WaitingLine(self._agenda, fleet.cores) if fleet.cores and fleet.cores < fleet.nodes else None
        self._store = WaitingLine(self._agenda, 1)
        self._turn = count()
        self._served = 0
        self.outcome = SimulatedOutcome()

    def closed_loop(self, members: int, requests: int, pause_us: float = 0.0, seed: int = 1) -> SimulatedOutcome:
        """Let members send requests, with random pauses of this mean, until `requests` are done."""
        chance = random.Random(seed)  # noqa: S311
        pause = partial(chance.expovariate, 1 / pause_us) if pause_us else float
        for member in range(members):
            self._agenda.start(self._ask_again_and_again(member, pause))
        return self._run(requests)

    def open_stream(self, rate_s: float, requests: int, seed: int = 1) -> SimulatedOutcome:
        """Let requests arrive at random times (Poisson), independent of the answers."""
        self._agenda.start(self._arrive(rate_s / 1e6, random.Random(seed)))  # noqa: S311
        return self._run(requests)

    def _run(self, requests: int) -> SimulatedOutcome:
        while self._served < requests:
            self._agenda.step()
        return self.outcome

    def _ask_again_and_again(self, member: int, pause: Callable[[], float]) -> Process:
        while True:
            yield pause()
            yield from self._serve(member)

    def _arrive(self, rate_us: float, chance: random.Random) -> Process:
        for number in count():
            yield chance.expovariate(rate_us)
            self._agenda.start(self._serve(number))

    def _serve(self, member: int) -> Process:
        began, request = self._agenda.now, next(self._requests)
        if request.outside_us:
            yield request.outside_us
        node = (member if self._fleet.balancer == "sticky" else next(self._turn)) % self._fleet.nodes
        yield self._threads[node]
        yield from self._compute(node, request.cpu_us / 2)
        if request.store_us:
            yield from self._look_up(request)
        if request.work_us:
            yield request.work_us
        yield from self._compute(node, request.cpu_us / 2)
        self._threads[node].leave()
        self._served += 1
        if request.counted:
            self.outcome.ended_us.append(self._agenda.now)
            self.outcome.took_us.append(self._agenda.now - began)

    def _compute(self, node: int, cpu_us: float) -> Process:
        """Compute, and yield the interpreter lock after each switch interval."""
        while cpu_us > 0:
            taken_us = min(cpu_us, SWITCH_US)
            yield self._locks[node]
            if self._cores:
                yield self._cores
            yield taken_us
            if self._cores:
                self._cores.leave()
            self._locks[node].leave()
            cpu_us -= taken_us

    def _look_up(self, request: SimulatedRequest) -> Process:
        away_us = request.store_us - request.store_command_us
        if away_us > 0:
            yield away_us
        if request.store_command_us:
            yield self._store
            yield request.store_command_us
            self._store.leave()
