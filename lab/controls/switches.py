"""Forward commands from the browser to the lab's supervisor, after the guard's check."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, jsonify, make_response
from flask_babel import gettext, lazy_gettext
from werkzeug.exceptions import BadRequest

from lab.cluster.client import NoSupervisor, send_command
from lab.cluster.refused_command import RefusedCommand
from lab.controls.guard import Guard
from lab.errors import RefusedBySupervisor, SupervisorUnavailable
from service.web.fields import read_fields

MAKES = ("/nodes", "/load-run", "/throughput")

# The supervisor's refusals as a page tells them. Its other texts are those of the terminal.
REFUSALS = {
    "too_many_nodes": lazy_gettext("The lab already has the largest possible number of nodes."),
    "no_balancer": lazy_gettext("This lab has one node and no balancer."),
    "unknown_node": lazy_gettext("There is no node with this name."),
    "not_ours": lazy_gettext("This store was not started by the lab, so the lab does not control it."),
    "not_running": lazy_gettext("The store must be running for this."),
    "needs_own_store": lazy_gettext(
        "This load test breaks or fills its store, so it can only run in a lab with its own store."
    ),
    "no_node_runs": lazy_gettext("No node is running."),
    "measuring": lazy_gettext("A measurement is in progress. It takes about a second."),
    "run_in_progress": lazy_gettext("A load test is already running. Only one can run at a time."),
    "no_run": lazy_gettext("No load test is running."),
}


@dataclass(frozen=True)
class Switches:
    """Commands to the supervisor on `socket`, for clients that `guard` admits."""

    guard: Guard
    socket: Path

    def press(self, method: str, path: str, *names: str) -> Response:
        """Send a command with these fields of the request's body, and answer with the resulting state.

        Raise `CodeNeeded`, `WrongCode`, `RateLimited`, `RefusedBySupervisor`, `SupervisorUnavailable`, or 400 for a
        field.
        """
        self.guard.admit()
        state = self.send_command(method, path, plain_fields(names))
        return make_response(jsonify(state), 201 if method == "POST" and path in MAKES else 200)

    def state(self) -> dict[str, Any]:
        """Return the state of every process. Raise `SupervisorUnavailable`."""
        return self.send_command("GET", "/state")

    def send_command(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a command and return the resulting state. Raise `RefusedBySupervisor` or `SupervisorUnavailable`."""
        try:
            return send_command(self.socket, method, path, body or None)
        except RefusedCommand as refused:
            said = REFUSALS.get(refused.code) or gettext(refused.text, **refused.values)
            raise RefusedBySupervisor(refused.status, refused.code, said) from None
        except NoSupervisor:
            raise SupervisorUnavailable() from None


def plain_fields(names: tuple[str, ...]) -> dict[str, Any]:
    """Return these fields of the body. Each must be a string, a number or a boolean."""
    fields = read_fields()
    for name in names:
        if not isinstance(fields.get(name), str | int | float):
            raise BadRequest(gettext("%(name)s is missing.", name=name))
    return {name: fields[name] for name in names}
