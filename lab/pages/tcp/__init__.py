"""`/tcp`: a simulated takeover of a TCP connection."""

from flask import Blueprint, Response, make_response, render_template

from lab.pages.tcp.model import play

MOVES = ("blind", "sniffed", "tls")


def tcp_blueprint() -> Blueprint:
    """Return the page."""
    tcp = Blueprint("tcp", __name__)

    @tcp.get("/tcp")
    def page() -> Response:
        """Show the simulation. The results are computed here and drawn by the page."""
        return make_response(render_template("tcp.html", runs={move: play(move) for move in MOVES}))

    return tcp
