"""A site with Flask-JWT-Extended and its refresh tokens, set up as its documentation does ("Explicit Refreshing").

https://flask-jwt-extended.readthedocs.io/en/stable/refreshing_tokens.html
"""

from typing import Any

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
)

SECRET = "for these tests only, and 32 bytes at least"


def jwt_refresh_app() -> Flask:
    """Return the site."""
    app = Flask("jwt_refresh_app")
    app.config["JWT_SECRET_KEY"] = SECRET
    JWTManager(app)
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/refresh", view_func=refresh, methods=["POST"])
    return app


def login() -> Any:
    """Hand out the first two tokens."""
    username = request.get_json()["username"]
    return jsonify(access_token=create_access_token(username), refresh_token=create_refresh_token(username))


@jwt_required(refresh=True)
def refresh() -> Any:
    """Hand out another access token."""
    return jsonify(access_token=create_access_token(get_jwt_identity()))
