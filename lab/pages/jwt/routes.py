"""`/jwt`: decode a token, and try to add more claims to it."""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from lab.pages.jwt.allowlist import refusal
from service.accounts.public_members import DEFAULT_LOAD_MEMBERS, LOAD_PASSWORD
from service.web.fields import read_fields
from token_auth.claims import CLAIMS
from token_auth.keys import ACCESS

MOST_CLAIMS = 10


def jwt_blueprint() -> Blueprint:
    """Return the page."""
    jwt = Blueprint("jwt", __name__)

    @jwt.get("/jwt")
    def page() -> Response:
        """Show the page. Its script logs in a random load member, whose logins may be ended at any time."""
        cast = {"members": DEFAULT_LOAD_MEMBERS, "password": LOAD_PASSWORD}
        return make_response(render_template("jwt.html", cast=cast, listed=sorted(CLAIMS[ACCESS])))

    @jwt.post("/jwt/claims")
    def add_claims() -> Response:
        """Try to issue an access token with more claims. The request has only their names."""
        says = refusal(_names(read_fields().get("claims")))
        return jsonify(issued=says is None, says=says)

    return jwt


def _names(value: Any) -> list[str]:
    if isinstance(value, list) and len(value) <= MOST_CLAIMS and all(isinstance(name, str) for name in value):
        return value
    raise BadRequest(gettext("%(name)s is missing.", name="claims"))
