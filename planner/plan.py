"""A plan: every figure of every approach, where each breaks first, and how that changes with the nodes."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from planner import formulas
from planner.constants import Constants
from planner.formulas import APPROACHES, Terms
from planner.limits import Limit, limits
from planner.load import Load
from planner.quantity import Quantity

FIGURES = (
    *(formulas.requests_s, formulas.logins_s, formulas.refreshes_s),
    *(formulas.store_ops_s, formulas.live_sessions, formulas.store_bytes, formulas.store_shards),
    *(formulas.node_bytes, formulas.token_cores, formulas.node_cores, formulas.busy_threads),
    *(formulas.db_writes_s, formulas.db_bytes, formulas.wire_bytes_s),
)
NODE_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class ApproachPlan:
    """One approach under a load."""

    approach: str
    figures: dict[str, Quantity]
    limits: list[Limit]

    @property
    def first(self) -> Limit:
        """Return the resource that is full first."""
        return self.limits[0]


def plan(load: Load, constants: Constants) -> list[ApproachPlan]:
    """Reckon every approach."""
    return [_of(Terms(approach, load, constants)) for approach in APPROACHES]


def _of(terms: Terms) -> ApproachPlan:
    figures = {figure.name: figure for figure in (formula(terms) for formula in FIGURES)}
    return ApproachPlan(terms.approach, figures, limits(terms))


def capacities(load: Load, constants: Constants) -> dict[str, list[tuple[int, Limit]]]:
    """Return for each approach, over the number of nodes, which resource is full first and with how many members."""
    return {
        approach: [(nodes, limits(Terms(approach, replace(load, nodes=nodes), constants))[0]) for nodes in NODE_COUNTS]
        for approach in APPROACHES
    }


def view(load: Load, plans: list[ApproachPlan]) -> dict[str, Any]:
    """Return a plan as programs read it."""
    return {"load": asdict(load), "approaches": {one.approach: _view(one) for one in plans}}


def _view(one: ApproachPlan) -> dict[str, Any]:
    figures = {
        name: {"value": _finite(q.value), "formula": q.text, "worked": q.worked} for name, q in one.figures.items()
    }
    return {"figures": figures, "breaks": [_limit_view(limit) for limit in one.limits]}


def _limit_view(limit: Limit) -> dict[str, Any]:
    return {
        "resource": limit.resource,
        "needed": _finite(limit.needed.value),
        "there": _finite(limit.there.value),
        "members": _finite(limit.breaks_at.value),
        "formula": limit.breaks_at.text,
        "worked": limit.breaks_at.worked,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
