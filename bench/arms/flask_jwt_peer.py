"""Flask-JWT-Extended: a bearer token, and the same with a blocklist in Redis, as in its documentation."""

import os
from typing import Any

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, jwt_required
from redis import Redis

from bench.arms.arm import STORE_URL, profile


def create() -> Flask:
    """Guard the page with a token. The member comes from its claims, without a query."""
    return _app()[0]


def with_blocklist() -> Flask:
    """The same, with a look-up in Redis on each request whether the token was revoked."""
    app, manager = _app()
    redis = Redis.from_url(os.environ[STORE_URL], decode_responses=True)

    @manager.token_in_blocklist_loader
    def is_revoked(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        return redis.get(claims["jti"]) is not None

    return app


def _app() -> tuple[Flask, JWTManager]:
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = "for this benchmark only, and 32 bytes at least"
    manager = JWTManager(app)

    @app.post("/login")
    def log_in() -> Any:
        token = create_access_token(request.get_json()["username"], additional_claims={"role": "user"})
        return jsonify(access_token=token)

    @app.get("/profile")
    @jwt_required()
    def show() -> Any:
        claims = get_jwt()
        return jsonify(profile("token", {"id": claims["sub"], "username": claims["sub"], "role": claims["role"]}))

    return app, manager
