"""Views that use `flask.session` as an application would, beside the lab's own pages."""

from time import sleep
from typing import Any

from flask import Flask, abort, current_app, jsonify, request, session

from tests.support.visitor import BY_SESSION


def add_views(app: Flask) -> Flask:
    """Put them below every prefix that keeps sessions, before the app's first request."""
    for prefix in BY_SESSION:
        app.add_url_rule(f"/{prefix}/_show", f"{prefix}_show", show)
        app.add_url_rule(f"/{prefix}/_write", f"{prefix}_write", write, methods=["POST"])
        app.add_url_rule(f"/{prefix}/_use/<verbs>", f"{prefix}_use", use, methods=["POST"])
    return app


def show() -> Any:
    """Read the session, slowly if the request says so."""
    _work()
    return jsonify(dict(session))


def write() -> Any:
    """Change fields of the session, slowly if the request says so."""
    if not session:
        abort(401)
    seen = dict(session)
    _work()
    session.update(request.get_json())
    return jsonify(seen)


def use(verbs: str) -> Any:
    """Do to the session what `verbs` says, in order: `clear,regenerate`. Answer whether it was live before."""
    was_live = bool(session)
    known = {
        "clear": session.clear,
        "regenerate": lambda: current_app.session_interface.regenerate(session),
        "write": lambda: session.update(late="late"),
        "pop": lambda: session.pop("colour"),
    }
    for verb in verbs.split(","):
        known[verb]()
    return jsonify(was_live=was_live)


def _work() -> None:
    sleep(request.args.get("us", 0, int) / 1_000_000)
