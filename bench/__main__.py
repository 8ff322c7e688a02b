"""Measure the cost of a guarded request, and compare it with common alternatives.

Every server is restarted in each round, and the arms of a round run in random order, so that a slow moment of the
machine may affect any arm. Results go to results/bench/, as JSON with every round, as tables and as charts.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from redis import Redis

from bench import in_process, node_peers, over_http
from bench.arms.arm import FOLDER, STORE_URL, Arm, NodeApp
from bench.arms.table import named
from bench.charts import draw
from bench.cores import Cores, divided
from bench.machine import describe, typed
from bench.report import RESULTS, in_markdown, in_terminal
from lab.cluster.embedded_store import EmbeddedStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write and print; return the exit code."""
    for polite in (signal.SIGINT, signal.SIGTERM):  # a script that starts this with `&` would let it ignore SIGINT
        signal.signal(polite, _interrupt)
    options = _options(arguments)
    started, order = datetime.now(UTC), random.Random(options.seed)
    arms, left_out = _measurable(options)
    with _surroundings() as (store, cores):
        say = _Notes(left_out)
        plan = over_http.Plan(store, cores, options.connections, options.seconds, options.retakes, say)
        http = over_http.measure(arms, plan, options.rounds, order)
        called = in_process.measure(
            [arm for arm in arms if not isinstance(arm.app, NodeApp)],
            *(options.in_process_rounds, options.requests, order, say),
        )
    results = {
        "experiment": "bench",
        "command": typed("bench", arguments),
        "started": started.isoformat(timespec="seconds"),
        "machine": describe(),
        "cores": asdict(cores),
        "options": {**vars(options), "out": None},
        "left_out": left_out,
        "in_process": {"requests": options.requests, **called},
        "http": http,
    }
    folder = options.out or RESULTS / f"{started:%Y-%m-%dT%H-%M-%S}"
    write(folder, results)
    print(in_terminal(results))
    print(f"\nWritten to {folder}", *draw(results, folder))
    return 0


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write a run's data and its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "table.md").write_text(in_markdown(results))


class _Notes:
    """Prints progress on standard error, and stores what is left out."""

    def __init__(self, left_out: list[str]) -> None:
        self._left_out = left_out

    def __call__(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)
        if line.startswith("left out"):
            self._left_out.append(line.removeprefix("left out "))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", default=[], metavar="ARM", help="measure these arms (default: all)")
    add("--connections", nargs="+", type=int, default=[16], metavar="N", help="over HTTP, at once (default: 16)")
    add("--rounds", type=int, default=3, help="over HTTP; 0 measures in-process only (default: %(default)s)")
    add("--seconds", type=float, default=1.0, help="of each window over HTTP (default: %(default)s)")
    add(
        "--retakes", type=int, default=2, help="of a window in which other programs had the core (default: %(default)s)"
    )
    add("--in-process-rounds", type=int, default=60, help="0 measures over HTTP only (default: %(default)s)")
    add("--requests", type=int, default=50, help="in each round in-process (default: %(default)s)")
    add("--seed", type=int, default=1, help="of the order of arms (default: %(default)s)")
    add("--out", type=Path, help="a folder for the results (default: one of results/bench/)")
    options = parser.parse_args(arguments)
    try:
        options.arms = named(tuple(options.only))
    except ValueError as error:
        parser.error(str(error))
    return options


def _measurable(options: argparse.Namespace) -> tuple[list[Arm], list[str]]:
    """Return the arms that can run here, and why others cannot."""
    arms = list(options.arms)
    del options.arms
    of_node = [arm for arm in arms if isinstance(arm.app, NodeApp)]
    why = node_peers.missing(lambda line: print(line, file=sys.stderr)) if of_node and options.rounds else None
    if why is None:
        return arms, []
    said = f"{', '.join(arm.name for arm in of_node)}: {why}"
    print(f"left out: {said}", file=sys.stderr)
    return [arm for arm in arms if arm not in of_node], [said]


@contextmanager
def _surroundings() -> Iterator[tuple[Redis, Cores]]:
    """Provide a store for this run only, and the division of the cores. Clean up afterwards."""
    cores, store = divided(), EmbeddedStore()
    try:
        if cores.client is not None and cores.store is not None and store.process.pid is not None:
            os.sched_setaffinity(store.process.pid, {cores.store})
            os.sched_setaffinity(0, {cores.client})
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, Redis.from_url(store.url) as client:
            os.environ.update({STORE_URL: store.url, FOLDER: folder})
            yield client, cores
    finally:
        store.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Stopped. Nothing was written.", file=sys.stderr)
        sys.exit(130)
