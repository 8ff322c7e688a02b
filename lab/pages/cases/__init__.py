"""`/walkthrough/cases`: the four cases of two tokens, each run for real."""

from flask import Blueprint, Response, make_response, render_template

from lab.controls import Guard
from service.config import Config


def cases_blueprint(config: Config) -> Blueprint:
    """Return the page."""
    cases = Blueprint("cases", __name__)
    cases.before_request(Guard.of(config))

    @cases.get("/walkthrough/cases")
    def page() -> Response:
        """Show the four cases, and the hole in the naive version of the third."""
        return make_response(render_template("walkthrough/cases.html"))

    return cases
