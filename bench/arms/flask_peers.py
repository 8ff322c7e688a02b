"""Bare Flask, Flask with its own session cookie, and Flask with Flask-Session in Redis."""

import os
from typing import Any

from flask import Flask, jsonify, request, session
from flask_session import Session
from redis import Redis

from bench.arms.arm import GUEST, STORE_URL, profile


def bare() -> Flask:
    """Guard nothing: the baseline of all other arms."""
    app = Flask(__name__)

    @app.get("/profile")
    def show() -> Any:
        return jsonify(profile("bare", GUEST))

    return app


def signed_cookie() -> Flask:
    """Keep the session in a signed cookie, as `flask.session` does without an extension."""
    app = Flask(__name__)
    app.secret_key = "for this benchmark only, and 32 bytes at least"
    return _with_session_views(app)


def session_default() -> Flask:
    """Keep the session in Redis, as Flask-Session's quick start does: its expiry slides, with a write per request."""
    return _flask_session(Flask(__name__))


def session_without_refresh() -> Flask:
    """The same, but a request that only reads does not write, so the expiry does not slide."""
    app = Flask(__name__)
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    return _flask_session(app)


def _flask_session(app: Flask) -> Flask:
    app.config["SESSION_TYPE"] = "redis"
    app.config["SESSION_REDIS"] = Redis.from_url(os.environ[STORE_URL])
    Session(app)
    return _with_session_views(app)


def _with_session_views(app: Flask) -> Flask:
    @app.post("/login")
    def log_in() -> Any:
        session["member"] = {"id": (name := request.get_json()["username"]), "username": name, "role": "user"}
        return jsonify(ok=True)

    @app.get("/profile")
    def show() -> Any:
        if "member" not in session:
            return jsonify(error="log in"), 401
        return jsonify(profile("session", session["member"]))

    return app
