"""`/tcp`: a simulated takeover of a TCP connection, and the lab's own traffic, captured."""

from flask import Blueprint, Response, jsonify, make_response, render_template

from lab.controls import Guard
from lab.pages.tcp.capture import VICTIM, Captures
from lab.pages.tcp.model import play
from service.accounts.members import Members
from service.config import Config

MOVES = ("blind", "sniffed", "tls")


def tcp_blueprint(config: Config, members: Members) -> Blueprint:
    """Return the page. Without a balancer there is nothing to capture."""
    tcp = Blueprint("tcp", __name__)
    tcp.before_request(Guard.of(config))
    captures = Captures(config.front_door, members) if config.front_door else None

    @tcp.get("/tcp")
    def page() -> Response:
        """Show the simulation. The results are computed here and drawn by the page."""
        runs = {move: play(move) for move in MOVES}
        return make_response(render_template("tcp.html", runs=runs, victim=captures and VICTIM))

    if captures:

        @tcp.post("/tcp/capture")
        def capture() -> Response:
            """Capture a log-in of the lab's own over http and over TLS. It has ended when it is shown."""
            return jsonify(captures.capture())

    return tcp
