"""`/compare`: one action through every approach with logins. The page itself sends the requests."""

from flask import Blueprint, Response, make_response, render_template

from lab.controls import Guard
from service.accounts.public_members import DEFAULT_LOAD_MEMBERS, LOAD_PASSWORD
from service.config import Config


def compare_blueprint(config: Config) -> Blueprint:
    """Return the page."""
    compare = Blueprint("compare", __name__)
    compare.before_request(Guard.of(config))

    @compare.get("/compare")
    def page() -> Response:
        """Show the empty table. The page uses a random load member, because its logins may be ended at any time."""
        cast = {"members": DEFAULT_LOAD_MEMBERS, "password": LOAD_PASSWORD}
        return make_response(render_template("compare.html", cast=cast))

    return compare
