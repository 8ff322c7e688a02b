"""Refresh tokens of Flask-JWT-Extended, rotated by hand: each is put on the blocklist when it is used.

The blocklist is its documentation's, in Redis: https://flask-jwt-extended.readthedocs.io/en/stable/blocklist_and_token_revoking.html.
Rotation is not in it: these are the lines that one would write on it.
"""

from typing import Any

from flask import Flask, abort, current_app, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from redis import Redis

from tests.peers.jwt_refresh_app import SECRET, login
from tests.peers.slow_views import let_it_happen


def jwt_rotation_app(client: Redis, prefix: str, first_only: bool = False) -> Flask:
    """Return the site. With `first_only` the blocklist says who was first, and only that caller is answered."""
    app = Flask("jwt_rotation_app")
    app.config["JWT_SECRET_KEY"] = SECRET
    manager = JWTManager(app)
    manager.token_in_blocklist_loader(lambda _header, claims: client.get(prefix + claims["jti"]) is not None)

    def put_on_the_blocklist(jti: str) -> bool:
        lifetime = current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
        return bool(client.set(prefix + jti, "", ex=lifetime, nx=first_only))

    @jwt_required(refresh=True)
    def refresh() -> Any:
        let_it_happen()  # between the look at the blocklist, above, and the entry in it
        if not put_on_the_blocklist(get_jwt()["jti"]):
            abort(401)
        username = get_jwt_identity()
        return jsonify(access_token=create_access_token(username), refresh_token=create_refresh_token(username))

    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/refresh", view_func=refresh, methods=["POST"])
    return app
