"""`/jwt`: a token taken apart; `/storage`: where a login is kept; `/tcp`: a connection taken over, in a model."""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from exhibits.allowlist import refusal
from exhibits.storage import elsewhere, storage, witness
from exhibits.tcp_model import play
from service.web.fields import read_fields
from token_auth.claims import CLAIMS, MAX_TOKEN_LENGTH
from token_auth.keys import ACCESS

MOST_CLAIMS = 10
MOVES = ("blind", "sniffed", "tls")


def exhibits_blueprint() -> Blueprint:
    """Return the pages."""
    exhibits = Blueprint("exhibits", __name__)

    @exhibits.get("/jwt")
    def jwt() -> Response:
        """Show the page; the token that it takes apart is not in it."""
        listed = sorted(CLAIMS[ACCESS])
        return make_response(render_template("jwt.html", listed=listed, longest=MAX_TOKEN_LENGTH))

    @exhibits.post("/jwt/claims")
    def add_claims() -> Response:
        """Try to issue an access token with more claims, named here without their values."""
        says = refusal(_names(read_fields().get("claims")))
        return jsonify(issued=says is None, says=says)

    @exhibits.get("/tcp")
    def tcp() -> Response:
        """Show the simulation: what follows from each move is worked out here, and drawn there."""
        return make_response(render_template("tcp.html", runs={move: play(move) for move in MOVES}))

    exhibits.add_url_rule("/storage", view_func=storage)
    exhibits.add_url_rule("/storage/elsewhere", view_func=elsewhere)
    exhibits.add_url_rule("/<any(token, session):approach>/witness", view_func=witness, methods=["GET", "POST"])
    return exhibits


def _names(value: Any) -> list[str]:
    if isinstance(value, list) and len(value) <= MOST_CLAIMS and all(isinstance(name, str) for name in value):
        return value
    raise BadRequest(gettext("%(name)s is missing.", name="claims"))
