"""Format a run as `results.json`: medians over repeats, and reasons against publishing it."""

import argparse
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median
from typing import Any

from bench.scaling_client import ScalingWindow
from loadtests.machine import describe

BUSY_GENERATOR = 0.85
MACHINE = ("cores", "memory_gib", "processor", "system", "python")


@dataclass(frozen=True)
class ScalingArm:
    """An approach with the conditions of its measurement."""

    approach: str
    factors: dict[str, Any]

    @property
    def name(self) -> str:
        return " · ".join(map(str, (self.approach, *self.factors.values())))


def results(
    started: datetime,
    options: argparse.Namespace,
    arms: Sequence[ScalingArm],
    windows: Mapping[str, Sequence[ScalingWindow]],
) -> dict[str, Any]:
    """Return the run in the format of every experiment's `results.json`."""
    order = random.Random(options.seed)
    measured = [arm_result(arm, windows[arm.name], order) for arm in arms]
    busiest = max(window.generator for taken in windows.values() for window in taken)
    failed = sum(arm["failures"] for arm in measured)
    retaken = sum(window.retaken for taken in windows.values() for window in taken)
    reasons = [f"the generator's core was {busiest:.0%} busy"] if busiest > BUSY_GENERATOR else []
    reasons += [f"{failed} requests failed"] if failed else []
    return {
        "experiment": "planner-scaling",
        "command": f"python -m bench.scaling {options.file}",
        "started": started.isoformat(timespec="seconds"),
        "machine": machine(),
        "options": {"repeats": options.repeats, "seconds": options.seconds, "seed": options.seed},
        "publishable": not reasons,
        "reasons": reasons,
        "arms": measured,
        "checks": [
            {"name": "generator", "ok": busiest <= BUSY_GENERATOR, "detail": f"{busiest:.0%} of a core at most"},
            {"name": "failures", "ok": failed == 0, "detail": f"{failed} requests failed"},
            {
                "name": "disturbed",
                "ok": True,
                "detail": f"{retaken} of {sum(map(len, windows.values()))} windows retaken",
            },
        ],
    }


def arm_result(arm: ScalingArm, windows: Sequence[ScalingWindow], order: random.Random) -> dict[str, Any]:
    """Return an arm's medians over its repeats."""
    over = lambda figure: round(median(figure(window) for window in windows), 1)  # noqa: E731
    medians = [window.percentile_us(0.50) for window in windows]
    return {
        "name": arm.name,
        "approach": arm.approach,
        "factors": arm.factors,
        "requests": sum(len(window.answers) for window in windows),
        "failures": sum(window.failures for window in windows),
        "rps": over(lambda window: window.rps),
        "p50_us": round(median(medians), 1),
        "p95_us": over(lambda window: window.percentile_us(0.95)),
        "p99_us": over(lambda window: window.percentile_us(0.99)),
        "ci95_p50_us": bootstrap(medians, order),
        **{
            f"{part}_us_p50": over(lambda window, part=part: window.part_us(part))
            for part in ("store", "verify", "app")
        },
        **{f"{part}_us_shares": shares(windows, part) for part in ("store", "app")},
        "store_commands_per_request": round(fmean(window.commands_per_request for window in windows), 3),
        "generator": round(max(window.generator for window in windows), 3),
    }


def shares(windows: Sequence[ScalingWindow], part: str) -> list[float]:
    """Return each share's median over the repeats."""
    return [round(median(same), 1) for same in zip(*(window.shares_us(part) for window in windows), strict=True)]


def bootstrap(medians: list[float], order: random.Random, draws: int = 2000) -> tuple[float, float]:
    """Return the 95 % interval of the median over repeats."""
    drawn = sorted(median(order.choices(medians, k=len(medians))) for _ in range(draws))
    return round(drawn[int(0.025 * draws)], 1), round(drawn[int(0.975 * draws) - 1], 1)


def machine() -> dict[str, Any]:
    """Return the description of the machine."""
    said = describe()
    return {name: said[name] for name in MACHINE} | {"scheduling": _scheduling()}


def _scheduling() -> str:
    """Return whether this process ran with real-time priority, as with `chrt -r`."""
    realtime = hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR)
    return "real-time" if realtime else "usual"
