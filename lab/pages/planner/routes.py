"""`/planner`: the resources that a load needs. `/planner/simulation`: the simulation next to measurements."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadRequest

from lab.pages.planner.chart import chart
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
    Load(members=30, nodes=2),
    Load(members=100_000, nodes=20),
    Load(members=10_000_000, nodes=1000),
)


def planner_blueprint(approaches: Sequence[ApproachFacts], runs: Runs | None = None) -> Blueprint:
    """Return the pages, for the approaches that have logins."""
    planned = [facts for facts in approaches if facts.has_logins]
    runs = runs or Runs()
    pages = Blueprint("planner", __name__)
    pages.app_context_processor(lambda: {"planner": True})
    pages.context_processor(lambda: {"words": words, "inputs": INPUTS, "as_query": as_query, "listed": listed})

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
        if not wants_html():
            return jsonify(view(load, plans, growth(load, constants, planned)))
        able = capacities(load, constants, planned)
        rows = list(zip(*able.values(), strict=True))
        drawn = {
            "plans": plans,
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
        return _page("planner/simulation.html", runs, shown)

    return pages


def _constants(runs: Runs) -> Constants:
    """Return the measured constants, replaced by those of the run that the query selects."""
    name = request.args.get("run", "")
    return with_run(measured()[0], runs.read(name)) if name else measured()[0]


def _page(template: str, runs: Runs, known: dict[str, Any], status: int = 200) -> Response:
    about = {"runs": runs.days(), "source": measured()[1], "examples": EXAMPLES, "typed": request.args}
    chosen = {"run": request.args["run"]} if request.args.get("run") else {}
    query = {**as_query(known["load"]), **chosen} if "load" in known else {}
    return make_response(render_template(template, **about, query=query, **known), status)
