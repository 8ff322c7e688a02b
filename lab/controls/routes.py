"""`/lab/…`: the state of the processes, and the switches for nodes and store."""

from urllib.parse import quote

from flask import Blueprint, Response, jsonify, make_response
from flask_babel import gettext

from lab.controls.switches import Switches, plain_fields
from lab.errors import LastNode
from service.web.fields import read_fields, text_field

MAX_CODE = 100


def controls_blueprint(switches: Switches) -> Blueprint:
    """Return the controls' routes."""
    guard, press = switches.guard, switches.press
    controls = Blueprint("controls", __name__)
    controls.before_request(guard)

    @controls.get("/lab/code")
    def known_code() -> Response:
        """Return whether this browser may use the controls. The page itself is outside the cookie's path."""
        return jsonify(may_press=guard.may_press())

    @controls.post("/lab/code")
    def enter_code() -> Response:
        """Check the instructor code, and set a cookie with the proof."""
        proof = guard.enter(text_field(read_fields(), "code", MAX_CODE))
        return guard.cookie.set(make_response("", 204), proof)

    @controls.get("/lab/state")
    def state() -> Response:
        """Return the state of every process."""
        return jsonify(switches.state())

    @controls.post("/lab/nodes")
    def add_node() -> Response:
        """Start one more node."""
        return press("POST", "/nodes")

    @controls.put("/lab/nodes/<name>")
    def want_node(name: str) -> Response:
        """Bring a node into a state, unless it is the last one that can answer this page."""
        guard.admit()
        if plain_fields(("state",))["state"] != "running":
            _refuse_to_end_the_last(switches, name)
        return press("PUT", f"/nodes/{quote(name, safe='')}", "state")

    @controls.put("/lab/nodes/<name>/threads")
    def set_threads(name: str) -> Response:
        """Restart a node with another number of threads. Unlike a stopped node, it comes back by itself."""
        return press("PUT", f"/nodes/{quote(name, safe='')}/threads", "threads")

    controls.add_url_rule("/lab/throughput", "throughput", lambda: press("POST", "/throughput"), methods=["POST"])
    controls.add_url_rule("/lab/store", "want_store", lambda: press("PUT", "/store", "state"), methods=["PUT"])
    controls.add_url_rule(
        "/lab/store/round-trip", "round_trip", lambda: press("PUT", "/store/round-trip", "ms"), methods=["PUT"]
    )
    controls.add_url_rule("/lab/store/full", "full", lambda: press("PUT", "/store/full", "full"), methods=["PUT"])
    controls.add_url_rule("/lab/store/empty", "empty", lambda: press("POST", "/store/empty"), methods=["POST"])
    controls.add_url_rule("/lab/store/restart", "restart", lambda: press("POST", "/store/restart"), methods=["POST"])
    return controls


def _refuse_to_end_the_last(switches: Switches, name: str) -> None:
    """Raise `LastNode` before the last node is stopped: without a node the page could not start one again."""
    running = {node["name"] for node in switches.state()["nodes"] if node["state"] == "running"}
    if running == {name}:
        raise LastNode(
            gettext(
                "No other node is running, so this page would get no answers. Use a terminal: python -m cluster "
                "node stop %(name)s",
                name=name,
            )
        )
