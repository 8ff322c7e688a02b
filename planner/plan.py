"""A plan: every figure of every approach, the resource that is full first, and its change with the nodes."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from planner import formulas
from planner.constants import Constants
from planner.expression import Expression
from planner.formulas import PLANNED, Terms
from planner.growth import Growth, Way
from planner.limits import Limit, limits
from planner.load import Load
from service.approaches import ApproachFacts

FIGURES = (
    *(formulas.requests_s, formulas.logins_s, formulas.refreshes_s, formulas.logouts_s),
    *(formulas.store_ops_s, formulas.live_sessions, formulas.store_bytes, formulas.store_shards),
    *(formulas.node_bytes, formulas.token_cores, formulas.node_cores, formulas.busy_threads),
    *(formulas.db_writes_s, formulas.db_bytes, formulas.wire_bytes_s, formulas.refused_percent),
)
# Intermediate formulas. Each uses only those after it.
HELPERS = (
    *(formulas.request_us, formulas.login_us, formulas.logout_us, formulas.logout_cpu_us, formulas.look_up_wait_us),
    *(formulas.ends_a_visit, formulas.late_share, formulas.visits_s, formulas.visit_s, formulas.gap_s),
    *(formulas.shard_ops_s, formulas.shard_bytes),
)
NAME = re.compile(r"[a-z]\w+")
NODE_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class ApproachPlan:
    """One approach under a load. `helpers`: intermediate formulas of the figures and limits.

    `like`: the approach whose constants count, which is another one if this one was not measured.
    """

    approach: str
    like: str
    figures: dict[str, Expression]
    helpers: dict[str, Expression]
    limits: list[Limit]

    @property
    def needs_sticky(self) -> bool:
        """Whether it works only if the balancer leads each browser back to its node."""
        return self.figures["refused_percent"].value > 0

    @property
    def first(self) -> Limit:
        """Return the resource that is full first."""
        return self.limits[0]


def plan(load: Load, constants: Constants, approaches: Sequence[ApproachFacts] = PLANNED) -> list[ApproachPlan]:
    """Compute the plan of every approach."""
    return [_of(Terms(facts, load, constants)) for facts in approaches]


def _of(terms: Terms) -> ApproachPlan:
    figures = {figure.name: figure for figure in (formula(terms) for formula in FIGURES)}
    weighed = limits(terms)
    shown = [*figures.values(), *(limit.breaks_at for limit in weighed)]
    helpers = [*(limit.there for limit in weighed), *(helper(terms) for helper in HELPERS)]
    return ApproachPlan(terms.facts.name, terms.like.name, figures, _named(shown, helpers), weighed)


def _named(shown: Iterable[Expression], helpers: Iterable[Expression]) -> dict[str, Expression]:
    """Return the helpers that are used in the shown formulas, or in each other."""
    names = {name for expression in shown for name in NAME.findall(expression.text)}
    found = {}
    for helper in helpers:
        if helper.name in names:
            found[helper.name] = helper
            names.update(NAME.findall(helper.text))
    return found


def capacities(
    load: Load, constants: Constants, approaches: Sequence[ApproachFacts] = PLANNED
) -> dict[str, list[tuple[int, Limit]]]:
    """Return for each approach, by number of nodes, which resource is full first and with how many members."""
    return {
        facts.name: [(nodes, limits(Terms(facts, replace(load, nodes=nodes), constants))[0]) for nodes in NODE_COUNTS]
        for facts in approaches
    }


def view(load: Load, plans: list[ApproachPlan], growths: list[Growth]) -> dict[str, Any]:
    """Return a plan as JSON data, with scaling up set against scaling out."""
    return {
        "load": asdict(load),
        "approaches": {one.approach: _view(one) for one in plans},
        "up_or_out": {one.approach: _growth_view(one) for one in growths},
    }


def _growth_view(one: Growth) -> list[dict[str, Any]]:
    return [{"size": step.size, "up": _way_view(step.up), "out": _way_view(step.out)} for step in one.steps]


def _way_view(way: Way) -> dict[str, Any]:
    return {
        "nodes": way.nodes,
        "threads_each": way.threads_each,
        "first": _limit_view(way.first),
        "price": _expression_view(way.price),
        "price_per_1000": _expression_view(way.price_per_1000),
    }


def _view(one: ApproachPlan) -> dict[str, Any]:
    return {
        "figures": {name: _expression_view(figure) for name, figure in one.figures.items()},
        "helpers": {name: _expression_view(helper) for name, helper in one.helpers.items()},
        "breaks": [_limit_view(limit) for limit in one.limits],
    }


def _expression_view(expression: Expression) -> dict[str, Any]:
    return {"value": _finite(expression.value), "formula": expression.text, "worked": expression.worked}


def _limit_view(limit: Limit) -> dict[str, Any]:
    return {
        "resource": limit.resource,
        "needed": _finite(limit.needed.value),
        "there": _finite(limit.there.value),
        "members": _finite(limit.breaks_at.value),
        "over": limit.is_over,
        "formula": limit.breaks_at.text,
        "worked": limit.breaks_at.worked,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
