"""Measure each arm with its servers over HTTP: the server on one core, the client on another."""

import gc
import http.client
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from redis import Redis

from bench.arms.arm import Arm, PythonApp
from bench.cores import Cores, cpu_seconds, own_seconds
from bench.load import Broken, Window, drive, request_bytes
from bench.proving import Unproved, prove
from bench.servers import Server, ask, has_gunicorn, prepare, servers_of

WARM_UP_S = 0.3
UNDISTURBED = 0.9  # a busy server's smallest share of its core if no other programs used it
Say = Callable[[str], None]


@dataclass(frozen=True)
class MeasuredWindow:
    """One window, in microseconds. `node_cpu_us` and `store_cpu_us`: processor time per request."""

    arm: str
    server: str
    connections: int
    round: int
    requests: int
    failures: int
    rps: float
    p50_us: float
    p99_us: float
    node_cpu_us: float
    store_cpu_us: float
    node_share: float  # of its core; less than 1 at 16 connections if other programs used it
    client_share: float
    store_share: float
    retaken: int = 0


@dataclass(frozen=True)
class Plan:
    """The plan of a run: times, connections, cores, and a function that reports what is left out."""

    store: Redis
    cores: Cores
    connections: Sequence[int]
    seconds: float
    retakes: int
    say: Say


def measure(arms: Sequence[Arm], plan: Plan, rounds: int, order: random.Random) -> list[dict[str, Any]]:
    """Return one dictionary per window. In each round every server is restarted, in random order."""
    if rounds and not has_gunicorn():
        plan.say("left out over HTTP: gunicorn is not installed; `make bench` installs it")
    by_server = _by_server(arms, plan.say) if rounds else {}
    for app in {server.app for server in by_server}:
        prepare(app)
    windows: list[MeasuredWindow] = []
    gc.collect()
    gc.disable()  # a pause of the client must not count for the server
    for number in range(rounds):
        for server in order.sample(list(by_server), len(by_server)):
            windows += _of_server(server, by_server[server], plan, number)
        plan.say(f"over HTTP: round {number + 1} of {rounds}")
    gc.enable()
    return [asdict(window) for window in windows]


def _of_server(server: Server, arms: list[Arm], plan: Plan, number: int) -> list[MeasuredWindow]:
    """Measure the arms of one server. Remove arms that cannot be measured from `arms`."""
    windows: list[MeasuredWindow] = []
    if not arms:
        return windows
    try:
        with server.running(plan.cores.server) as (port, pid):
            for arm in list(arms):
                try:
                    windows += _of_arm(arm, server, port, pid, plan, number)
                except (Broken, Unproved, OSError, http.client.HTTPException) as why:
                    arms.remove(arm)
                    plan.say(f"left out under {server.kind}: {_told(arm, why)}")
    except Unproved as why:
        plan.say(f"left out under {server.kind}: {', '.join(arm.name for arm in arms)}: {why}")
        arms.clear()
    return windows


def _told(arm: Arm, why: Exception) -> str:
    return str(why) if isinstance(why, Unproved) else f"{arm.name}: {why}"


def _by_server(arms: Sequence[Arm], say: Say) -> dict[Server, list[Arm]]:
    """Return the servers with their arms, without those whose packages are missing."""
    found: dict[Server, list[Arm]] = {}
    for arm in arms:
        if isinstance(arm.app, PythonApp) and (name := arm.app.missing()):
            say(f"left out over HTTP: {arm.name}: {name} is not installed; `make bench` installs it")
            continue
        for server in servers_of(arm):
            found.setdefault(server, []).append(arm)
    return found


def _of_arm(arm: Arm, server: Server, port: int, pid: int, plan: Plan, number: int) -> list[MeasuredWindow]:
    """Measure an arm after its guard was checked. Repeat a window in which other programs used the server's core."""
    carried = prove(arm, partial(ask, port))
    request, expected = request_bytes(port, arm.page, carried), f'"{arm.member["id"]}"'.encode()

    def once(connections: int) -> MeasuredWindow:
        marks: list[tuple[float, float, float]] = []

        def mark() -> None:
            marks.append((cpu_seconds(pid), _store_seconds(plan.store), own_seconds()))

        window = drive(port, request, expected, connections, WARM_UP_S, plan.seconds, mark)
        used = [after - before for before, after in zip(*marks, strict=True)]
        return _measured(arm, server, connections, number, window, used)

    taken = []
    for connections in plan.connections:
        tries = [once(connections)]
        while connections > 1 and tries[-1].node_share < UNDISTURBED and len(tries) <= plan.retakes:
            tries.append(once(connections))
        least_disturbed = max(tries, key=lambda window: window.node_share)
        taken.append(replace(least_disturbed, retaken=len(tries) - 1))
    return taken


def _measured(arm: Arm, server: Server, count: int, number: int, window: Window, used: list[float]) -> MeasuredWindow:
    answered = max(1, len(window.latencies_ns) + window.failures)
    node_s, store_s, own_s = used
    shares = (node_s, own_s, store_s)
    return MeasuredWindow(
        *(arm.name, server.kind, count, number, len(window.latencies_ns), window.failures),
        *(round(window.rps, 1), round(window.percentile_us(0.5), 1), round(window.percentile_us(0.99), 1)),
        *(round(node_s * 1e6 / answered, 1), round(store_s * 1e6 / answered, 2)),
        *(round(used_s / window.seconds, 3) for used_s in shares),
    )


def _store_seconds(store: Redis) -> float:
    cpu: dict[str, Any] = store.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])
