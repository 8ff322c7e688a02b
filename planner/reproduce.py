"""Check the simulation against measured runs: simulate each arm from the run's readings, and compare the results.

Nothing is fitted per arm. The planner's own run provides one constant of its machine, `outside_us`, from one arm: the
one with the fewest members, who never wait for each other. All its other arms are predictions, and so are all arms of
the load test `scale-out`, which provides no constant.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.constants import Constants
from planner.runs import OWN_RUNS, SCALE_OUT, results_of
from planner.simulation import Fleet, SimulatedRequest, Simulation

REQUESTS, WARM_UP, SEED = 2400, 400, 1
SIMULATED = Path(__file__).parent / "simulated.json"  # changes only with a run or the model
CONDITIONS = {"nodes", "threads", "users", "work_ms", "pause_ms", "balancer", "round_trip_ms"}
READINGS = ("rps", "p50_us", "app_us_p50", "store_us_p50", "verify_us_p50")

Arm = Mapping[str, Any]


@dataclass(frozen=True)
class Reproduction:
    """One arm of a run: requests per second and median, simulated and measured. `calibrates`: it gave the constant.

    `measured_p50_ci_us`: the 95 % interval of the measured median.
    """

    run: str
    name: str
    approach: str
    conditions: Mapping[str, Any]
    rps: float
    measured_rps: float
    p50_us: float
    measured_p50_us: float
    measured_p50_ci_us: Sequence[float]
    calibrates: bool

    @property
    def off(self) -> tuple[float, float]:
        """Return the relative errors of throughput and median."""
        return self.rps / self.measured_rps - 1, self.p50_us / self.measured_p50_us - 1


class Replay:
    """Simulates the arms of one run: with its machine's cores, and one constant for the time outside a node."""

    def __init__(self, results: Mapping[str, Any], outside_us: float, constants: Constants) -> None:
        self._run, self._cores = results["experiment"], results["machine"]["cores"]
        self._outside_us, self._constants = outside_us, constants

    def compare(self, arm: Arm, calibrates: bool = False) -> Reproduction:
        """Simulate one arm's members, who send the next request after the answer and a pause."""
        under = _conditions(arm)
        fleet = Fleet(under["nodes"], under["threads"], under["balancer"], self._cores)
        requests = self._requests(arm, random.Random(SEED))  # noqa: S311
        outcome = Simulation(fleet, requests).closed_loop(under["users"], REQUESTS, 1000 * under["pause_ms"])
        return Reproduction(
            run=self._run,
            name=arm["name"],
            approach=arm["approach"],
            conditions=under,
            rps=outcome.rps(WARM_UP),
            measured_rps=arm["rps"],
            p50_us=outcome.percentile_us(0.5, WARM_UP),
            measured_p50_us=arm["p50_us"],
            measured_p50_ci_us=arm.get("ci95_p50_us") or [arm["p50_us"], arm["p50_us"]],
            calibrates=calibrates,
        )

    def _requests(self, arm: Arm, chance: random.Random) -> Iterator[SimulatedRequest]:
        """Draw requests from the measured times of the nodes: from their distribution, or their median."""
        work_us = 1000 * _conditions(arm)["work_ms"]
        apps = arm.get("app_us_shares", [arm["app_us_p50"]])
        stores = arm.get("store_us_shares", [arm["store_us_p50"]])
        while True:
            yield SimulatedRequest(
                cpu_us=max(0.0, chance.choice(apps) - work_us) + arm["verify_us_p50"],
                work_us=work_us,
                store_us=chance.choice(stores),
                store_command_us=self._constants.store_command_us,
                outside_us=self._outside_us,
            )


def committed() -> list[Reproduction]:
    """Return the stored simulations of both committed runs: see `python -m planner simulate`."""
    return [Reproduction(**arm) for arm in json.loads(SIMULATED.read_text("utf-8"))]


def simulate_committed(constants: Constants) -> list[Reproduction]:
    """Simulate both committed runs, the planner's own and the load test `scale-out`. Takes ten seconds or more."""
    own = results_of(max(OWN_RUNS.glob("*.json")))
    return [*reproduce(own, constants), *foretell(results_of(SCALE_OUT), constants, outside_us(own))]


def reproduce(results: Mapping[str, Any], constants: Constants) -> list[Reproduction]:
    """Simulate every arm of a run that provides its machine's constant. Raise `ValueError` if data is missing."""
    calibrating = _calibrating(results)
    replay = Replay(results, outside_us(results), constants)
    return [replay.compare(arm, arm is calibrating) for arm in _arms(results)]


def foretell(results: Mapping[str, Any], constants: Constants, outside: float) -> list[Reproduction]:
    """Simulate the closed loops of a run of `scale-out`.

    Arms with refused members are left out, because a refused request is not a page. Raise `ValueError` if no arm has
    enough data.
    """
    replay = Replay(results, outside, constants)
    return [replay.compare(arm) for arm in _arms(results) if not arm["failures"]]


def outside_us(results: Mapping[str, Any]) -> float:
    """Return the time outside a node, from the arm whose members never wait for each other."""
    arm = _calibrating(results)
    return max(0.0, float(arm["p50_us"]) - _inside_us(arm))


def worst(comparisons: list[Reproduction]) -> float:
    """Return the largest relative error."""
    return max(abs(off) for comparison in comparisons for off in comparison.off)


def _arms(results: Mapping[str, Any]) -> list[Arm]:
    arms = [arm for arm in results["arms"] if _tells_enough(arm)]
    if not arms:
        raise ValueError("no arm has nodes, threads, users, work_ms and the times inside")
    return arms


def _tells_enough(arm: Arm) -> bool:
    return _conditions(arm).keys() >= CONDITIONS and all(arm.get(name) is not None for name in READINGS)


def _conditions(arm: Arm) -> Mapping[str, Any]:
    """Return an arm's conditions. In the planner's own run these are its factors."""
    conditions: Mapping[str, Any] = arm.get("conditions") or arm.get("factors", {})
    return conditions


def _calibrating(results: Mapping[str, Any]) -> Arm:
    return min(_arms(results), key=lambda arm: (_conditions(arm)["users"], _inside_us(arm)))


def _inside_us(arm: Arm) -> float:
    return float(arm["app_us_p50"] + arm["store_us_p50"] + arm["verify_us_p50"])
