"""Each arm behind its servers, on one core, asked over keep-alive connections from another one."""

import gc
import http.client
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from redis import Redis

from bench.arms.arm import Arm, PythonApp
from bench.cores import Cores, cpu_seconds, own_seconds
from bench.load import Broken, Window, drive, request_bytes
from bench.proving import Unproved, prove
from bench.servers import Server, ask, prepare, servers_of

WARM_UP_S = 0.3
Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One window: microseconds; `node_cpu_us` and `store_cpu_us` are processor time by request."""

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
    node_share: float  # of its core; less than all of it, at 16 connections, where other programs had some
    client_share: float
    store_share: float


def measure(
    arms: Sequence[Arm],
    store: Redis,
    cores: Cores,
    connections: Sequence[int],
    rounds: int,
    seconds: float,
    order: random.Random,
    say: Say,
) -> list[dict[str, Any]]:
    """Return one dictionary a window. In each round every server is started anew, in random order.

    `say` hears of each arm that is left out.
    """
    by_server = _by_server(arms, say)
    for app in {server.app for server in by_server}:
        prepare(app)
    windows: list[Measured] = []
    gc.collect()
    gc.freeze()
    gc.disable()  # a pause of the client is none of the server's
    try:
        for number in range(rounds):
            for server in order.sample(list(by_server), len(by_server)):
                try:
                    with server.running(cores.server) as (port, pid):
                        for arm in list(by_server[server]):
                            try:
                                windows += _windows(arm, server, port, pid, store, connections, number, seconds)
                            except (Unproved, Broken, OSError, http.client.HTTPException) as why:
                                by_server[server].remove(arm)
                                say(f"left out under {server.kind}: {_told(arm, why)}")
                except Unproved as why:
                    by_server[server].clear()
                    say(f"left out: {why}")
            by_server = {server: left for server, left in by_server.items() if left}
            say(f"over HTTP: round {number + 1} of {rounds}")
    finally:
        gc.enable()
        gc.unfreeze()
    return [asdict(window) for window in windows]


def _told(arm: Arm, why: Exception) -> str:
    return str(why) if isinstance(why, Unproved) else f"{arm.name}: {why}"


def _by_server(arms: Sequence[Arm], say: Say) -> dict[Server, list[Arm]]:
    """Return the servers with their arms; without those whose packages are not there."""
    found: dict[Server, list[Arm]] = {}
    for arm in arms:
        if isinstance(arm.app, PythonApp) and (name := arm.app.missing()):
            say(f"left out over HTTP: {arm.name}: {name} is not installed; `make bench` installs it")
            continue
        for server in servers_of(arm):
            found.setdefault(server, []).append(arm)
    return found


def _windows(
    arm: Arm, server: Server, port: int, pid: int, store: Redis, connections: Sequence[int], number: int, seconds: float
) -> list[Measured]:
    carried = prove(arm, partial(ask, port))
    request, expected = request_bytes(port, arm.page, carried), f'"{arm.member["id"]}"'.encode()
    taken = []
    for count in connections:
        marks: list[tuple[float, float, float]] = []
        mark = lambda marks=marks: marks.append((cpu_seconds(pid), _store_seconds(store), own_seconds()))  # noqa: E731
        window = drive(port, request, expected, count, WARM_UP_S, seconds, mark)
        used = [after - before for before, after in zip(*marks, strict=True)]
        taken.append(_measured(arm, server, count, number, window, used))
    return taken


def _measured(arm: Arm, server: Server, count: int, number: int, window: Window, used: list[float]) -> Measured:
    answered = max(1, len(window.latencies_ns) + window.failures)
    node_s, store_s, own_s = used
    shares = (node_s, own_s, store_s)
    return Measured(
        *(arm.name, server.kind, count, number, len(window.latencies_ns), window.failures),
        *(round(window.rps, 1), round(window.percentile_us(0.5), 1), round(window.percentile_us(0.99), 1)),
        *(round(node_s * 1e6 / answered, 1), round(store_s * 1e6 / answered, 2)),
        *(round(used_s / window.seconds, 3) for used_s in shares),
    )


def _store_seconds(store: Redis) -> float:
    cpu: dict[str, Any] = store.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])
