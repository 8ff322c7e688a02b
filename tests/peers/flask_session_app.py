"""A site with Flask-Session over Redis, set up as its documentation does: `SESSION_TYPE` and `SESSION_REDIS`.

https://flask-session.readthedocs.io/en/latest/config.html. The key prefix is the test's own; all else is as it comes.
"""

from typing import Any

from flask import Flask, abort, current_app, jsonify, request, session
from flask_session import Session
from redis import Redis

from tests.peers.slow_views import add_slow_views


def flask_session_app(client: Redis, prefix: str, **settings: object) -> Flask:
    """Return the site; `settings` are its documentation's."""
    app = Flask("flask_session_app")
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client, SESSION_KEY_PREFIX=f"{prefix}session:", **settings)
    Session(app)
    app.add_url_rule("/", view_func=public)
    app.add_url_rule("/basket", view_func=basket, methods=["POST"])
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/login/regenerate", view_func=login_with_a_new_id, methods=["POST"])
    app.add_url_rule("/login/clear", view_func=login_from_nothing, methods=["POST"])
    app.add_url_rule("/profile", view_func=profile)
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    return add_slow_views(app, "")


def public() -> str:
    """Show a page that has nothing to do with sessions."""
    return "Welcome"


def basket() -> Any:
    """Keep something for a visitor who has not logged in."""
    session["basket"] = "a book"
    return jsonify(kept=True)


def login() -> Any:
    """Log in as Flask's own documentation does."""
    session["username"] = request.get_json()["username"]
    return jsonify(username=session["username"])


def login_with_a_new_id() -> Any:
    """Log in as the page "Security" of Flask-Session's documentation does."""
    answer = login()
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]
    return answer


def login_from_nothing() -> Any:
    """Log in as Flask's tutorial does, `session.clear()` first, with a new id where one would look for it."""
    session.clear()
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]
    return login()


def profile() -> Any:
    """Show who is logged in."""
    return jsonify(username=session["username"]) if "username" in session else abort(401)


def logout() -> Any:
    """Log out as Flask's tutorial does."""
    session.clear()
    return jsonify(logged_out=True)
