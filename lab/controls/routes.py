"""The page `/scale-out`, and `/lab/…`: orders that are passed on to the supervisor once the guard has admitted them."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, make_response, render_template
from flask_babel import gettext, lazy_gettext
from werkzeug.exceptions import BadRequest

from lab.cluster.client import NoSupervisor, order
from lab.cluster.orders import Refused
from lab.controls.guard import Guard
from lab.controls.load_tests import add_load_tests
from service.config import Config
from service.errors import LastNode, OrderRefused, SupervisorUnavailable
from service.web.fields import read_fields, text_field

MAX_CODE = 100
MAKES = ("/nodes", "/load-run")

# What the supervisor refuses, in the reader's language; its own words are for a terminal.
REFUSALS = {
    "too_many_nodes": lazy_gettext("There are as many nodes as a lab can have."),
    "no_balancer": lazy_gettext("This lab’s one node was started without a balancer."),
    "unknown_node": lazy_gettext("There is no node of this name."),
    "not_ours": lazy_gettext("This store was not started by the lab, so the lab does not touch it."),
    "not_running": lazy_gettext("The store has to run for this."),
    "needs_own_store": lazy_gettext(
        "This load test breaks or fills its store, so it runs only where the lab has started one of its own."
    ),
    "run_in_progress": lazy_gettext("A load test is running; one at a time."),
    "no_run": lazy_gettext("No load test is running."),
}


def controls_blueprint(config: Config, socket: Path) -> Blueprint:
    """Return the page and its controls, over the supervisor that listens on `socket`."""
    guard = Guard.of(config)
    controls = Blueprint("lab_controls", __name__)
    controls.before_request(guard)

    def press(method: str, path: str, *names: str) -> Response:
        guard.admit()
        return _pass_on(socket, method, path, _plain_fields(names))

    @controls.get("/scale-out")
    def scale_out() -> Response:
        """Show the processes and what each approach makes of them."""
        return make_response(
            render_template("scale_out.html", may_press=guard.may_press(), takes_code=bool(guard.code))
        )

    @controls.get("/lab/code")
    def known_code() -> Response:
        """Say whether this browser may press: the page itself is outside the cookie's path."""
        return jsonify(may_press=guard.may_press())

    @controls.post("/lab/code")
    def enter_code() -> Response:
        """Remember in a cookie that this browser knows the instructor code."""
        proof = guard.enter(text_field(read_fields(), "code", MAX_CODE))
        response = make_response("", 204)
        response.set_cookie(
            guard.cookie, proof, path="/lab", httponly=True, samesite="Strict", secure=config.secure_cookies
        )
        return response

    @controls.get("/lab/state")
    def state() -> Response:
        """Show every process."""
        return _pass_on(socket, "GET", "/state")

    @controls.post("/lab/nodes")
    def add_node() -> Response:
        """Start one more node."""
        return press("POST", "/nodes")

    @controls.put("/lab/nodes/<name>")
    def want_node(name: str) -> Response:
        """Bring a node into a state, unless nobody would be left to answer the page."""
        guard.admit()
        if _plain_fields(("state",))["state"] != "running":
            _refuse_to_end_the_last(socket, name)
        return press("PUT", f"/nodes/{quote(name, safe='')}", "state")

    controls.add_url_rule("/lab/store", "want_store", lambda: press("PUT", "/store", "state"), methods=["PUT"])
    controls.add_url_rule(
        "/lab/store/round-trip", "round_trip", lambda: press("PUT", "/store/round-trip", "ms"), methods=["PUT"]
    )
    controls.add_url_rule("/lab/store/full", "full", lambda: press("PUT", "/store/full", "full"), methods=["PUT"])
    controls.add_url_rule("/lab/store/empty", "empty", lambda: press("POST", "/store/empty"), methods=["POST"])
    controls.add_url_rule("/lab/store/restart", "restart", lambda: press("POST", "/store/restart"), methods=["POST"])
    add_load_tests(controls, guard, press, lambda: _order(socket, "GET", "/state"), config.instance_dir / "loadtests")
    return controls


def _pass_on(socket: Path, method: str, path: str, body: dict[str, Any] | None = None) -> Response:
    """Give the order and answer with the state after it."""
    return make_response(
        jsonify(_order(socket, method, path, body)), 201 if method == "POST" and path in MAKES else 200
    )


def _order(socket: Path, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        return order(socket, method, path, body or None)
    except Refused as refused:
        raise OrderRefused(refused.status, refused.code, REFUSALS.get(refused.code, refused.detail)) from None
    except NoSupervisor:
        raise SupervisorUnavailable() from None


def _refuse_to_end_the_last(socket: Path, name: str) -> None:
    """A page must not saw off the branch that it sits on: without a node nobody would take the order to start one."""
    running = {node["name"] for node in _order(socket, "GET", "/state")["nodes"] if node["state"] == "running"}
    if running == {name}:
        raise LastNode(
            gettext(
                "No other node runs, so nobody would answer here. A terminal can: python -m cluster node stop %(name)s",
                name=name,
            )
        )


def _plain_fields(names: tuple[str, ...]) -> dict[str, Any]:
    """Return these fields of the body, each of them text, a number, true or false."""
    fields = read_fields()
    for name in names:
        if not isinstance(fields.get(name), str | int | float):
            raise BadRequest(gettext("%(name)s is missing.", name=name))
    return {name: fields[name] for name in names}
