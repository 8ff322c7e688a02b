"""Hold the simulation to a measured run: each arm simulated from the run's own readings, beside what was measured.

Nothing is fitted arm by arm. A run gives one constant of its machine, `outside_us`, from one arm: the one with the
fewest members, who never have to wait for each other. All other arms are predictions.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from planner.constants import Constants
from planner.simulation import Fleet, Request, Simulation

REQUESTS, WARM_UP, SEED = 2400, 400, 1
READINGS = ("rps", "p50_us", "app_us_p50", "store_us_p50", "verify_us_p50", "app_us_shares", "store_us_shares")

Arm = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """One arm: simulated and measured requests a second and median, and whether the machine's constant is from it."""

    name: str
    approach: str
    factors: Mapping[str, Any]
    calibrates: bool
    rps: float
    measured_rps: float
    p50_us: float
    measured_p50_us: float

    @property
    def off(self) -> tuple[float, float]:
        """Return by what share throughput and median are off."""
        return self.rps / self.measured_rps - 1, self.p50_us / self.measured_p50_us - 1


def reproduce(results: Mapping[str, Any], constants: Constants) -> list[Comparison]:
    """Simulate every arm of a run. Raise `ValueError` for a run that does not tell enough."""
    arms = [arm for arm in results["arms"] if _tells_enough(arm)]
    if not arms:
        raise ValueError("no arm says nodes, threads, users, work_ms and the times inside")
    calibrating = min(arms, key=lambda arm: (arm["factors"]["users"], _inside_us(arm)))
    outside_us = max(0.0, calibrating["p50_us"] - _inside_us(calibrating))
    cores = results["machine"]["cores"]
    return [_compare(arm, arm is calibrating, outside_us, cores, constants) for arm in arms]


def _tells_enough(arm: Arm) -> bool:
    factors = {"nodes", "threads", "users", "work_ms", "balancer"} <= arm.get("factors", {}).keys()
    return factors and all(arm.get(name) is not None for name in READINGS)


def _inside_us(arm: Arm) -> float:
    return float(arm["app_us_p50"] + arm["store_us_p50"] + arm["verify_us_p50"])


def _compare(arm: Arm, calibrates: bool, outside_us: float, cores: int, constants: Constants) -> Comparison:
    factors = arm["factors"]
    fleet = Fleet(factors["nodes"], factors["threads"], factors["balancer"], cores)
    requests = _requests(arm, outside_us, constants, random.Random(SEED))  # noqa: S311
    outcome = Simulation(fleet, requests).closed_loop(factors["users"], REQUESTS, 1000 * factors.get("pause_ms", 0))
    p50_us = outcome.percentile_us(0.5, WARM_UP)
    return Comparison(
        arm["name"], arm["approach"], factors, calibrates, outcome.rps(WARM_UP), arm["rps"], p50_us, arm["p50_us"]
    )


def _requests(arm: Arm, outside_us: float, constants: Constants, chance: random.Random) -> Iterator[Request]:
    """Draw requests from the distributions of the times that the nodes themselves have measured."""
    work_us = 1000 * arm["factors"]["work_ms"]
    while True:
        yield Request(
            cpu_us=max(0.0, chance.choice(arm["app_us_shares"]) - work_us) + arm["verify_us_p50"],
            work_us=work_us,
            store_us=chance.choice(arm["store_us_shares"]),
            store_command_us=constants.store_command_us,
            outside_us=outside_us,
        )


def worst(comparisons: list[Comparison]) -> float:
    """Return the largest deviation of all."""
    return max(abs(off) for comparison in comparisons for off in comparison.off)
