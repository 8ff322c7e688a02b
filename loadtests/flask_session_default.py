"""**Do not copy.** The lab's pages with Flask-Session's default configuration, to measure its cost.

It sends a GET and a SET on every request, restores a logged-out session if a slow request ends late, stores readable
ids, and unpickles data from the store. It runs only for load tests, in a process whose address no other program gets,
with its own prefix, cookie and keys: its sessions are not accepted elsewhere.
"""

from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify, session
from flask_session import Session
from redis import Redis

from lab.trace import Traced
from loadtests.approaches import FLASK_SESSION_DEFAULT as NAME
from service import errors
from service.accounts import Members
from service.accounts.attempts import Attempts
from service.accounts.database import Database
from service.accounts.identity import Identity
from service.accounts.login import PasswordLogin
from service.config import load_config
from service.errors import NoCredentials
from service.home import register_languages
from service.measurement import step
from service.measurement.middleware import Measured
from service.pages import Notes, pages_blueprint
from service.store.connection import StoreCommands
from service.web.fields import read_fields


class TimedRedis(Redis):
    """A client whose commands are timed like the lab's."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        with step("store", str(command[0])):
            return super().execute_command(*command, **options)  # type: ignore[no-untyped-call]


def create_app() -> Flask:
    """Return the app. Raise `RuntimeError` outside a lab."""
    config = load_config()
    if not config.lab or config.redis_url is None:
        raise RuntimeError("only for load tests: needs LAB=1 and REDIS_URL, as loadtests.lab sets them")
    app = Flask(__name__)
    app.config.update(
        SESSION_TYPE="redis",
        SESSION_REDIS=TimedRedis.from_url(config.redis_url),
        SESSION_KEY_PREFIX=f"{config.store_prefix}{NAME}:",
        SESSION_COOKIE_NAME=NAME,
        SESSION_COOKIE_PATH=f"/{NAME}",
        NODE_NAME=config.node_name,
        PUBLIC_ORIGIN=None,
    )
    Session(app)
    register_languages(app)
    errors.register(app)
    database = Database(config.database_url)
    app.extensions["database"] = database
    members = Members(database)
    store = StoreCommands(lambda: str(config.redis_url))
    password_login = PasswordLogin(members, Attempts(store, config.store_prefix), public_passwords=True)
    app.register_blueprint(_approach(password_login, pages_blueprint(Notes(database), members, synthetic_work=True)))
    measured = Measured(app.wsgi_app, config.node_name, refusals_too=True)
    app.wsgi_app = Traced(measured)  # type: ignore[method-assign]
    return app


def _approach(password_login: PasswordLogin, pages: Blueprint) -> Blueprint:
    public = Blueprint(NAME, __name__, url_prefix=f"/{NAME}")
    protected = Blueprint("protected", __name__)

    @public.post("/login")
    def login() -> Response:
        member = password_login.authenticate(read_fields())
        session["member"] = {"username": member.username, "role": member.role}
        return jsonify(member=member.view())

    @protected.before_request
    def guard() -> None:
        member = session.get("member")
        if member is None:
            raise NoCredentials()
        g.identity = Identity(username=member["username"], role=member["role"], login_id="", approach=NAME)

    protected.register_blueprint(pages)
    public.register_blueprint(protected)
    return public
