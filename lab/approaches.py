"""`GET /lab/approaches`: the table of approaches as JSON, for programs that stand outside (load tests, benches)."""

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify

from lab.controls import Guard
from service.approaches import ApproachFacts
from service.config import Config


def approaches_blueprint(approaches: Sequence[ApproachFacts], config: Config) -> Blueprint:
    """Return the route. `approaches`: those that are mounted, in the order in which pages show them."""
    described = Blueprint("described", __name__)
    described.before_request(Guard.of(config))

    @described.get("/lab/approaches")
    def table() -> Response:
        """Return what each approach is: see `service.approaches.ApproachFacts`."""
        return jsonify(approaches=[facts.view() for facts in approaches])

    return described
