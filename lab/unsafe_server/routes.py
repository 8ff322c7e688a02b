"""UNSAFE, DO NOT COPY: `/unsafe/<trial>`, the servers that missions attack. Each route belongs to one mission."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from lab.trials import Kept, Trials
from lab.unsafe_server.adopted_session import ADOPTED_SESSION, adopted, alice_opens, log_in, notes_of
from lab.unsafe_server.changing_get import CHANGING_GET, transfer
from lab.unsafe_server.unsigned_token import UNSIGNED_TOKEN, admit
from service.config import Config
from service.errors import InvalidCredentials, InvalidSession, NoCredentials, RoleTooLow
from service.web.cookies import Cookie, credential_cookie, single_cookie
from service.web.fields import read_fields, text_field
from token_auth.guard import bearer_token

MAX_LINK = 500
PAGES = {
    UNSIGNED_TOKEN: ("GET /profile", "GET /admin"),
    ADOPTED_SESSION: ("GET /login", "POST /login", "GET /notes", "POST /mail"),
    CHANGING_GET: ("GET /enter", "GET /transfer", "POST /transfer"),
}


@dataclass(frozen=True)
class Servers:
    """The servers of all tries. `now` returns seconds since the epoch."""

    config: Config
    trials: Trials
    now: Callable[[], float]

    def cookie_of(self, trial_id: str) -> Cookie:
        """Return the cookie of one try. Browsers send it to no other path."""
        return credential_cookie("unsafe", f"/unsafe/{trial_id}", self.config.secure_cookies)

    def session_id(self) -> str | None:
        """Return the value of the request's cookie. All tries use one name."""
        return single_cookie(self.cookie_of("").name)

    def bearer(self, kept: Kept) -> dict[str, str]:
        """Return the member that the request's token names."""
        g.bearer_realm = True  # RFC 6750 §3
        token = bearer_token(request.environ)
        if token is None:
            raise NoCredentials()
        return admit(kept, token, self.now())


def unsafe_server_blueprint(config: Config, trials: Trials, now: Callable[[], float]) -> Blueprint:
    """Return the routes."""
    unsafe = Blueprint("unsafe_server", __name__, url_prefix="/unsafe/<trial_id>")
    servers = Servers(config, trials, now)

    @unsafe.get("")
    def pages(trial_id: str) -> Response:
        """List the pages of this try's server."""
        return jsonify(unsafe="on purpose", pages=PAGES.get(trials.mission_of(trial_id), ()))

    for add_routes in (_add_report, _add_notes, _add_coins):
        add_routes(unsafe, servers)
    return unsafe


def _add_report(unsafe: Blueprint, servers: Servers) -> None:
    """Add the server at which a token decides how it is verified."""

    @unsafe.get("/profile")
    def profile(trial_id: str) -> Response:
        """Show who the token says that its bearer is."""
        return jsonify(member=servers.bearer(servers.trials.find(UNSIGNED_TOKEN, trial_id)))

    @unsafe.get("/admin")
    def admin(trial_id: str) -> Response:
        """Show the report to an admin, or raise 403."""
        kept = servers.trials.find(UNSIGNED_TOKEN, trial_id)
        member = servers.bearer(kept)
        if member["role"] != "admin":
            raise RoleTooLow()
        return jsonify(member=member, report=kept["report"])


def _add_notes(unsafe: Blueprint, servers: Servers) -> None:
    """Add the server at which a link decides the session id."""

    @unsafe.get("/login")
    def login_form(trial_id: str) -> Response:
        """Begin a session, under the id that the link brings if there is one."""
        servers.trials.find(ADOPTED_SESSION, trial_id)
        session_id = adopted(request.args.get("sid"))
        answer = jsonify(fields=["username", "password"], session_id=session_id)
        return servers.cookie_of(trial_id).set(answer, session_id)

    @unsafe.post("/login")
    def login(trial_id: str) -> Response:
        """Log in under the session id of the cookie."""
        fields = read_fields()
        username, password = text_field(fields, "username", 64), text_field(fields, "password", 64)
        session_id = adopted(servers.session_id())
        is_right = servers.trials.change(
            ADOPTED_SESSION, trial_id, lambda kept: log_in(kept, session_id, username, password)
        )
        if not is_right:
            raise InvalidCredentials()
        return servers.cookie_of(trial_id).set(jsonify(member={"username": username}), session_id)

    @unsafe.get("/notes")
    def notes(trial_id: str) -> Response:
        """Show the note of the person who is logged in."""
        kept, session_id = servers.trials.find(ADOPTED_SESSION, trial_id), servers.session_id()
        if session_id is None:
            raise NoCredentials()
        found = notes_of(kept, session_id)
        if found is None:
            raise InvalidSession()
        return jsonify(member={"username": found[0]}, notes=[found[1]])

    @unsafe.post("/mail")
    def mail(trial_id: str) -> Response:
        """Send alice a link, which she opens."""
        link, path = text_field(read_fields(), "link", MAX_LINK), f"/unsafe/{trial_id}/login"
        if not servers.trials.change(ADOPTED_SESSION, trial_id, lambda kept: alice_opens(kept, link, path)):
            raise BadRequest(gettext("Alice opens only links to the log-in page of this server."))
        return jsonify(alice="opened the link and logged in")


def _add_coins(unsafe: Blueprint, servers: Servers) -> None:
    """Add the server at which any site decides what alice sends."""

    @unsafe.get("/enter")
    def enter(trial_id: str) -> Response:
        """Log this browser in as alice."""
        kept = servers.trials.find(CHANGING_GET, trial_id)
        answer = jsonify(member={"username": "alice"}, coins=kept["coins"])
        return servers.cookie_of(trial_id).set(answer, kept["session"])

    @unsafe.route("/transfer", methods=["GET", "POST"])
    def send_coin(trial_id: str) -> Response:
        """Send one of alice's coins to bob."""
        sent = request.method, request.headers.get("Sec-Fetch-Site"), servers.session_id()
        coins = servers.trials.change(CHANGING_GET, trial_id, lambda kept: transfer(kept, *sent))
        if coins is None:
            raise NoCredentials()
        return jsonify(sent_to="bob", coins=coins)
