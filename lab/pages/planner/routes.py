"""`/planner`: the resources that a load needs. `/planner/simulation`: the simulation next to measurements."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadRequest

from lab.pages.planner.chart import chart, flat
from lab.pages.planner.simulation_chart import median_charts
from planner import words
from planner.constants import Constants, listed, measured, with_run
from planner.fleet import prospect
from planner.formulas import Terms
from planner.growth import growth
from planner.load import INPUTS, Load, as_query, read_load
from planner.plan import capacities, plan, view
from planner.reproduce import committed, worst
from planner.runs import Runs, read_again
from service.approaches import ApproachFacts
from service.web.negotiation import wants_html

EXAMPLES = (
    Load(members=5000, nodes=2),
    Load(members=100_000, nodes=20),
    Load(members=10_000_000, nodes=1000),
)
FIRST_INPUTS = ("members", "nodes", "requests_per_minute", "threads_per_node")  # the others are behind “More inputs”


def planner_blueprint(approaches: Sequence[ApproachFacts], runs: Runs | None = None) -> Blueprint:
    """Return the pages, for the approaches that have logins."""
    planned = [facts for facts in approaches if facts.has_logins]
    runs = runs or Runs()
    pages = Blueprint("planner", __name__)
    pages.app_context_processor(lambda: {"planner": True, "two_nodes": as_query(EXAMPLES[0])})
    pages.context_processor(lambda: {"words": words, "as_query": as_query, "listed": listed})

    @pages.get("/planner")
    def planner() -> Response:
        """Show the plan for the inputs in the query. An error message for a wrong input is above the form."""
        try:
            load, constants = read_load(request.args), _constants(runs)
        except BadRequest as mistake:
            if not wants_html():
                raise
            return _page("planner.html", runs, {"complaint": mistake.description}, 400)
        plans = plan(load, constants, planned)
        labels = {facts.name: facts.label for facts in planned}
        if not wants_html():
            return jsonify(view(load, plans, growth(load, constants, planned)))
        able = capacities(load, constants, planned)
        rows = list(zip(*able.values(), strict=True))
        drawn = {
            "plans": plans,
            "holding": words.listing(
                labels[one.approach] for one in plans if not (one.first.is_over or one.needs_sticky)
            ),
            "sticky": words.listing(
                labels[one.approach] for one in plans if one.needs_sticky and not one.first.is_over
            ),
            "over": words.listing(labels[one.approach] for one in plans if one.first.is_over),
            "flat": words.listing(f"{labels[name]} {words.compact(most)}" for name, most in flat(able).items()),
            "capacities": able,
            "capacity_rows": rows,
            "chart": chart(load, able),
            "growths": growth(load, constants, planned),
            "constants": constants,
            "read_again": read_again(measured()[0]),
        }
        return _page("planner.html", runs, {"load": load, **drawn})

    @pages.get("/planner/simulation")
    def simulation() -> Response:
        """Show the simulations of the committed runs, and simulate one node of the fleet in the query."""
        load = read_load(request.args)
        constants = _constants(runs)
        compared = committed()
        prospects = [prospect(Terms(facts, load, constants)) for facts in planned]
        if not wants_html():
            return jsonify(
                arms=[{**vars(one), "off": one.off} for one in compared], prospects=[vars(one) for one in prospects]
            )
        shown = {"load": load, "compared": compared, "worst": worst(compared), "prospects": prospects}
        return _page("planner/simulation.html", runs, {"charts": median_charts(compared), **shown})

    return pages


def _constants(runs: Runs) -> Constants:
    """Return the measured constants, replaced by those of the run that the query selects."""
    name = request.args.get("run", "")
    return with_run(measured()[0], runs.read(name)) if name else measured()[0]


def _page(template: str, runs: Runs, known: dict[str, Any], status: int = 200) -> Response:
    form = {"inputs": {each.name: each for each in INPUTS}, "first_inputs": FIRST_INPUTS, "has_more": _has_more()}
    about = {"runs": runs.days(), "source": measured()[1], "examples": EXAMPLES, "typed": request.args, **form}
    chosen = {"run": request.args["run"]} if request.args.get("run") else {}
    query = {**as_query(known["load"]), **chosen} if "load" in known else {}
    return make_response(render_template(template, **about, query=query, **known), status)


def _has_more() -> bool:
    """Tell whether the query changes an input that is behind “More inputs”."""
    given = {each.name: request.args.get(each.name) for each in INPUTS if each.name not in FIRST_INPUTS}
    changed = any(given[each.name] not in (None, "", str(each.default)) for each in INPUTS if each.name in given)
    return changed or bool(request.args.get("run"))
