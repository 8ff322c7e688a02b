"""The costs of one request, login and record: measured on one machine, or from a selected run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from service.approaches import APPROACHES, ApproachFacts

FILE = Path(__file__).parent / "constants.json"

ByApproach = Mapping[str, float]

OF_KIND = {facts.kind: facts.name for facts in APPROACHES}
# In these runs a request is not delayed; in the others it competes for processors, or waits.
UNDISTURBED = ("lookup-cost", "memory")


@dataclass(frozen=True)
class Constants:
    """Measured costs. `of_run`: the names of those from a selected run; the others are from constants.json."""

    request_cpu_us: ByApproach
    login_cpu_us: ByApproach
    refresh_cpu_us: ByApproach
    login_store_ops: ByApproach
    login_round_trips: ByApproach
    request_wire_bytes: ByApproach
    login_wire_bytes: ByApproach
    refresh_wire_bytes: ByApproach
    store_us: float
    store_command_us: float
    verify_us: float
    sign_us: float
    db_write_us: float
    session_store_bytes: float
    session_node_bytes: float
    denial_store_bytes: float
    login_db_bytes: float
    refresh_db_bytes: float
    of_run: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Source:
    """The source of the constants: date, command and machine."""

    started: str
    command: str
    machine: Mapping[str, Any]


@cache
def measured() -> tuple[Constants, Source]:
    """Return the committed constants and their source."""
    said = json.loads(FILE.read_text("utf-8"))
    return Constants(**said["constants"]), Source(**said["measured"])


def with_run(constants: Constants, results: Mapping[str, Any]) -> Constants:
    """Return the constants, with those replaced that a run has measured too."""
    options = results.get("options")  # the round trip to a store at REDIS_URL is not known
    at_hand = not isinstance(options, Mapping) or options.get("own_store", True)
    arms = results["arms"] if results.get("experiment") in UNDISTURBED and at_hand else []
    readings = {
        "verify_us": _reading(arms, OF_KIND["signature"], "verify_us_p50"),
        "store_us": _reading(_nearest(arms), OF_KIND["store"], "store_us_p50"),
        "session_node_bytes": _bytes_a_login(arms, OF_KIND["memory"]),
        "session_store_bytes": _bytes_a_login(arms, OF_KIND["store"]),
        "login_db_bytes": _bytes_a_login(arms, OF_KIND["signature"]),
    }
    found: dict[str, Any] = {name: value for name, value in readings.items() if value}
    return replace(constants, **found, of_run=frozenset(found))


def measured_as(facts: ApproachFacts, constants: Constants) -> ApproachFacts:
    """Return the approach whose constants count for this one: itself, or else the measured one that is most alike."""
    there = [each for each in (facts, *APPROACHES) if each.name in constants.request_cpu_us and each.has_logins]
    return max(there, key=lambda each: (each.name == facts.name, each.asks == facts.asks, each.kept == facts.kept))


def listed(constants: Constants) -> list[tuple[str, Any]]:
    """Return every constant with its name."""
    return [(each.name, getattr(constants, each.name)) for each in fields(constants) if each.name != "of_run"]


def round_trip_ms(arm: Mapping[str, Any]) -> float:
    """Return the configured round trip to the store of an arm; 0 if it has none."""
    factors = arm.get("factors", {})
    return float(factors.get("round_trip_ms", factors.get("store_round_trip_ms", 0)) or 0)


def _nearest(arms: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the arms without an added round trip: the plan has its own input for that."""
    return [arm for arm in arms if round_trip_ms(arm) == 0]


def _reading(arms: list[Mapping[str, Any]], approach: str, name: str) -> float | None:
    """Return the median over an approach's arms, with HS256, the lab's default."""
    mine = [arm for arm in arms if arm.get("approach") == approach and _algorithm(arm) in (None, "HS256")]
    found = [float(arm[name]) for arm in mine if arm.get(name)]
    return round(median(found), 1) if found else None


def _algorithm(arm: Mapping[str, Any]) -> Any:
    return arm.get("factors", {}).get("algorithm")


def _bytes_a_login(arms: list[Mapping[str, Any]], approach: str) -> float | None:
    """Return the slope from a `memory` run. All arms of an approach have the same."""
    fits = [arm["fit"] for arm in arms if arm.get("approach") == approach and arm.get("fit")]
    return round(float(fits[0]["bytes_a_login"]), 1) if fits else None
