"""Measure a small run to check the planner's simulation: `python -m bench.scaling planner/runs/DATE.json`.

A lab of four nodes, members in a closed loop, and a synthetic page that waits, so that a node is limited by its threads
and not by the shared cores. Arms are interleaved in random order within each repeat. An arm's figures are medians over
the repeats.
"""

import argparse
import json
import random
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time, sleep
from typing import Any

from redis import Redis

from bench.scaling_client import Member, ScalingWindow
from bench.scaling_lab import MEASURED_APPROACHES, Lab, running_lab
from bench.scaling_results import ScalingArm, results
from lab.cluster.node import NODE_THREADS

NODES = 4
MEMBERS = 24
FULL_HOUSE = 16  # members that never pause
WORK_MS = 20
PAUSE_MS = 60  # on average: nodes are busy 75 % of the time
WARM_UP_S = 0.5
MOST_RETAKEN = 4


def arms() -> list[ScalingArm]:
    """Return the arms: members with pauses over node counts and round trips, and nodes that are never idle.

    With round robin the members pause. Without pauses queues would move from node to node without ever shrinking, and
    the median would vary widely: 22 ms in one window and 60 ms in the next.
    """
    grid = [_factors(nodes, 6 * nodes, PAUSE_MS, round_trip_ms=ms) for nodes, ms in product((1, 2, NODES), (0, 1, 5))]
    full = [_factors(1, FULL_HOUSE, round_trip_ms=ms) for ms in (0, 5)]
    others = [_factors(NODES, FULL_HOUSE, balancer="sticky"), _factors(NODES, 4), _factors(1, FULL_HOUSE, work_ms=5)]
    return [
        ScalingArm(approach, factors) for approach, factors in product(MEASURED_APPROACHES, [*grid, *full, *others])
    ]


def _factors(nodes: int, users: int, pause_ms: int = 0, **differing: Any) -> dict[str, Any]:
    usual = {"nodes": nodes, "balancer": "round_robin", "round_trip_ms": 0, "work_ms": WORK_MS}
    return {**usual, "users": users, "pause_ms": pause_ms, "threads": NODE_THREADS, **differing}


def main() -> None:
    """Measure every arm and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("file", type=Path, help="where the results go")
    parser.add_argument("--repeats", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each window (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the order of arms (default: %(default)s)")
    options = parser.parse_args()
    started, order = datetime.now(UTC), random.Random(options.seed)
    windows: dict[str, list[ScalingWindow]] = {}
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder), NODES) as lab:
        members = {
            approach: [Member(lab, approach, number) for number in range(MEMBERS)] for approach in MEASURED_APPROACHES
        }
        for _ in range(options.repeats):
            for arm in order.sample(arms(), len(arms())):
                lab.arrange(arm.factors["nodes"], arm.factors["round_trip_ms"])
                window = undisturbed(lab, members[arm.approach], arm, options.seconds)
                windows.setdefault(arm.name, []).append(window)
                print(f"{arm.name:48} {window.rps:8.1f}/s", file=sys.stderr)
    options.file.write_text(json.dumps(results(started, options, arms(), windows), indent=1) + "\n")


def undisturbed(lab: Lab, members: list[Member], arm: ScalingArm, seconds: float) -> ScalingWindow:
    """Measure, and repeat a few times at most if a request failed: a shared machine has slow moments."""
    window, retaken = measure(lab, members[: arm.factors["users"]], arm, seconds), 0
    while window.failures and retaken < MOST_RETAKEN:
        window, retaken = measure(lab, members[: arm.factors["users"]], arm, seconds), retaken + 1
    return replace(window, retaken=retaken)


def measure(lab: Lab, members: list[Member], arm: ScalingArm, seconds: float) -> ScalingWindow:
    """Let all members send requests. Count the answers after the warm-up."""
    ended, answers = Event(), [[] for _ in members]
    path, port = f"profile?work_ms={arm.factors['work_ms']}", lab.ports[arm.factors["balancer"]]
    threads = [
        Thread(target=member.keep_asking, args=(port, path, arm.factors["pause_ms"] / 1000, ended, taken))
        for member, taken in zip(members, answers, strict=True)
    ]
    for thread in threads:
        thread.start()
    sleep(WARM_UP_S)
    with Redis.from_url(lab.store_url) as store:
        commands, busy, began = _commands(store), process_time(), perf_counter()
        sleep(seconds)
        ended_at, busy, commands = perf_counter(), process_time() - busy, _commands(store) - commands - 1
    ended.set()
    for thread in threads:
        thread.join()
    counted = [answer for taken in answers for answer in taken if began < answer.ended_at <= ended_at]
    return ScalingWindow(counted, ended_at - began, commands, busy / (ended_at - began))


def _commands(store: Redis) -> int:
    return int(store.info("stats")["total_commands_processed"])


if __name__ == "__main__":
    main()
