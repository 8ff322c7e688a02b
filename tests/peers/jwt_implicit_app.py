"""A site with Flask-JWT-Extended in cookies, set up as its documentation does ("Implicit Refreshing With Cookies").

https://flask-jwt-extended.readthedocs.io/en/stable/refreshing_tokens.html
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    unset_jwt_cookies,
)
from redis import Redis

from tests.peers.jwt_refresh_app import SECRET

LIFETIME = timedelta(hours=1)
RENEWED_WITHIN = timedelta(minutes=30)


def jwt_implicit_app(blocklist: Redis | None = None, prefix: str = "") -> Flask:
    """Return the site; with its documentation's blocklist, a log-out puts its token on it."""
    app = Flask("jwt_implicit_app")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["cookies"], JWT_ACCESS_TOKEN_EXPIRES=LIFETIME)
    app.config["JWT_COOKIE_SECURE"] = False  # so that the tests need no https
    manager = JWTManager(app)
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/profile", view_func=jwt_required()(profile))
    app.after_request(renew_what_expires)
    if blocklist is None:
        app.add_url_rule("/logout", view_func=logout, methods=["POST"])
        return app

    manager.token_in_blocklist_loader(lambda _header, claims: blocklist.get(prefix + claims["jti"]) is not None)

    @jwt_required()
    def logout_for_good() -> Response:
        blocklist.set(prefix + get_jwt()["jti"], "", ex=LIFETIME)
        return logout()

    app.add_url_rule("/logout", view_func=logout_for_good, methods=["POST"])
    return app


def login() -> Response:
    """Put an access token into a cookie."""
    response = jsonify(logged_in=True)
    set_access_cookies(response, create_access_token(request.get_json()["username"]))
    return response


def profile() -> Any:
    """Show who is logged in."""
    return jsonify(username=get_jwt_identity())


def logout() -> Response:
    """Take the cookie away."""
    response = jsonify(logged_out=True)
    unset_jwt_cookies(response)
    return response


def renew_what_expires(response: Response) -> Response:
    """Replace a token that is about to expire, after any page."""
    try:
        expires_at = get_jwt()["exp"]
    except (RuntimeError, KeyError):  # a page without a token
        return response
    if (datetime.now(UTC) + RENEWED_WITHIN).timestamp() > expires_at:
        set_access_cookies(response, create_access_token(get_jwt_identity()))
    return response
