"""Show where the time of a request goes: `python -m bench.waterfall`.

This is a sampling profiler. About every millisecond (at random, so that it is not in step with the requests) a timer
records which code runs. A layer's time is its share of the samples, times the time of a request without the timer. A
profiler that counts calls would slow the code down, and make many short functions look expensive.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

from bench.arms.arm import FOLDER, STORE_URL, Arm
from bench.arms.table import named
from bench.charts import layout, save
from bench.cores import Stopwatch
from bench.in_process import Apps, Caller
from bench.instructions import BARE, MEASURED
from bench.layers import LAYERS, layer_of
from bench.machine import describe, typed
from bench.proving import prove
from bench.report import RESULTS, Table, as_text
from lab.cluster.embedded_store import EmbeddedStore
from loadtests.hues import colours

PATHS = (BARE, *MEASURED)
LOOK_EVERY_S = (0.0005, 0.0015)
LANGUAGE_COLUMN = {"en": "layer, µs", "ko": "계층, µs"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each path, print a table, and write the data and the charts."""
    options = _options(arguments)
    started = datetime.now(UTC)
    store = EmbeddedStore()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            os.environ.update({STORE_URL: store.url, FOLDER: folder})
            paths = measure(named(PATHS), options.rounds, options.requests)
    finally:
        store.stop()
    results = {
        "experiment": "waterfall",
        "command": typed("bench.waterfall", arguments),
        "started": started.isoformat(timespec="seconds"),
        "machine": describe(),
        "paths": paths,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "waterfall.json").write_text(json.dumps(results, indent=1) + "\n")
    print(as_text(table(results, "en")))
    print(f"\nWritten to {options.out}:", *save(pictures(results), options.out))
    return 0


def measure(arms: Sequence[Arm], rounds: int, requests: int) -> dict[str, dict[str, Any]]:
    """Return by path: microseconds per request without the timer, and the number of samples of each layer."""
    apps = Apps()
    ready = [(arm, caller := apps.caller(arm), prove(arm, caller.ask)) for arm in arms]
    taken: dict[str, list[float]] = {arm.name: [] for arm in arms}
    looks: dict[str, Counter[str]] = {arm.name: Counter() for arm in arms}
    for _ in range(rounds):
        for arm, caller, carried in random.sample(ready, len(ready)):
            taken[arm.name].append(_us(caller, arm, carried, requests))
            with looking(looks[arm.name]):
                caller.repeat(arm.page, carried, requests)
    return {
        arm.name: {"us": round(median(taken[arm.name]), 1), "rounds_us": taken[arm.name], "looks": looks[arm.name]}
        for arm in arms
    }


def _us(caller: Caller, arm: Arm, carried: dict[str, str], requests: int) -> float:
    caller.repeat(arm.page, carried, requests // 10)
    watch = Stopwatch()
    caller.repeat(arm.page, carried, requests)
    return round(watch.us()[0] / requests, 2)


@contextmanager
def looking(found: Counter[str]) -> Iterator[None]:
    """Count the running layer at each timer signal."""

    def look(_number: int, frame: FrameType | None) -> None:
        if frame is not None:
            found[layer_of(frame)] += 1
        signal.setitimer(signal.ITIMER_REAL, random.uniform(*LOOK_EVERY_S))

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_EVERY_S[1])
    try:
        yield
    finally:
        # First, for a signal that has come but is not handled yet would set the timer again, and the next one ended us.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def microseconds(path: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return each layer's time and its sampling uncertainty (twice the standard error)."""
    whole = sum(path["looks"].values())
    shares = {layer: path["looks"].get(layer, 0) / whole for layer in LAYERS}
    return {
        layer: (path["us"] * share, 2 * path["us"] * sqrt(share * (1 - share) / whole))
        for layer, share in shares.items()
    }


def table(results: dict[str, Any], language: str) -> Table:
    """Return a table with one row per layer and one column per path."""
    place = ("en", "ko").index(language)
    each = {name: microseconds(path) for name, path in results["paths"].items()}
    found = [layer for layer in LAYERS if any(told[layer][0] for told in each.values())]
    rows = [[LAYERS[layer][place], *(_cell(*told[layer]) for told in each.values())] for layer in found]
    sums = [("a request", "요청 하나")[place], *(f"{path['us']:.0f}" for path in results["paths"].values())]
    return (LANGUAGE_COLUMN[language], *each), [*rows, sums]


def _cell(us: float, error: float) -> str:
    return f"{us:.0f} ± {max(error, 0.5):.0f}" if us else ""


def pictures(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return one figure per path, by file name."""
    return {f"waterfall-{file_name(name)}.svg": picture(name, path) for name, path in results["paths"].items()}


def file_name(path: str) -> str:
    """Return a path's name for a file name."""
    return path.strip("/").lower().replace(" ", "-")


def picture(name: str, path: dict[str, Any]) -> dict[str, Any]:
    """Draw one path as a waterfall: each layer begins where the previous one ends."""
    told = {layer: us for layer, (us, _) in microseconds(path).items() if us >= 0.5}
    labels = [*(LAYERS[layer][0] for layer in told), f"<b>{name}: a request</b>"]
    named_colours = colours("light")
    [arm] = named((name,))
    bars = {
        "type": "waterfall",
        "orientation": "h",
        "measure": [*("relative" for _ in told), "total"],
        "x": [*told.values(), path["us"]],
        "y": labels,
        "text": [*(f"{us:.0f}" for us in told.values()), f"{path['us']:.0f}"],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": named_colours[arm.approach]}},
        "totals": {"marker": {"color": named_colours["ink"]}},
        "connector": {"line": {"color": named_colours["line-strong"], "width": 1}},
    }
    drawn = layout("µs")
    drawn["yaxis"] = {"automargin": True, "autorange": "reversed"}
    return {"data": [bars], "layout": drawn, "rows": len(labels)}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.waterfall", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30, help="(default: %(default)s)")
    parser.add_argument("--requests", type=int, default=500, help="in each round (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS / "waterfall", help="(default: results/bench/waterfall)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
