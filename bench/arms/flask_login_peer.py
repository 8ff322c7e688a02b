"""Flask-Login over Flask-Session. Its user comes from a dictionary; an application would query its database."""

from typing import Any

from flask import Flask, jsonify, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

from bench.arms.arm import ALICE, profile
from bench.arms.flask_peers import session_default


class User(UserMixin):
    """A member in the form that Flask-Login needs."""

    def __init__(self, member: dict[str, str]) -> None:
        self.id, self.member = member["id"], member


USERS = {"alice": User(ALICE)}


def create() -> Flask:
    """Return the application with Flask-Session, with a page guarded by Flask-Login."""
    app = session_default()
    manager = LoginManager(app)
    manager.user_loader(USERS.get)

    @app.post("/login-manager/login")
    def log_in_by_manager() -> Any:
        login_user(USERS[request.get_json()["username"]])
        return jsonify(ok=True)

    @app.get("/login-manager/profile")
    @login_required
    def show_to_user() -> Any:
        return jsonify(profile("session", current_user.member))

    return app
