"""Pages that have read the session, and go on only after something else has happened meanwhile: no luck, no waiting."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, jsonify, session

from tests.support.own_threads import OwnThreads

PATIENCE_S = 60  # of a machine that is busy with other things; nothing is measured by it


def add_slow_views(app: Flask, prefix: str) -> Flask:
    """Put them below the prefix, before the app's first request."""
    app.add_url_rule(f"{prefix}/_slow/read", "slow_read", slow_read)
    app.add_url_rule(f"{prefix}/_slow/write/<field>", "slow_write", slow_write, methods=["POST"])
    app.add_url_rule(f"{prefix}/_fields", "fields", fields)
    return app


def do_meanwhile(app: Flask, happens: Callable[[], object]) -> None:
    """Have something happen while the next slow page is between its reading and its writing."""
    app.extensions["meanwhile"] = happens


def let_it_happen() -> None:
    """Let it happen, whole and in a thread of its own, as another request would."""
    happens = current_app.extensions.pop("meanwhile", None)
    if happens is not None:
        OwnThreads().submit(happens).result(timeout=PATIENCE_S)


def slow_read() -> Any:
    """Read the session, slowly."""
    seen = sorted(session)
    let_it_happen()
    return jsonify(seen)


def slow_write(field: str) -> Any:
    """Read the session and write one field, slowly."""
    seen = sorted(session)
    let_it_happen()
    session[field] = "written"
    return jsonify(seen)


def fields() -> Any:
    """Show which fields the session has."""
    return jsonify(sorted(session))
