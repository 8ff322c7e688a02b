"""UNSAFE, DO NOT COPY: `/folk`, which issues a refresh token for any valid access token."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint, Response, current_app, g, jsonify, make_response, request

from lab.naive_server.tokens import ACCESS_S, NAIVE_TABLES, NaiveAccessToken, NaiveTokens
from service.accounts.database import Database
from service.accounts.login import PasswordLogin
from service.errors import ExpiredToken, InvalidToken, NoCredentials
from service.web.fields import read_fields
from token_auth import KeyRing
from token_auth.guard import REFRESH_HEADER, bearer_token

ACCESS_HEADER = "X-Access-Token"


@dataclass(frozen=True)
class Entry:
    """An admitted member, and the response headers with new tokens."""

    username: str
    renewed: dict[str, str] = field(default_factory=dict)


def naive_server_blueprint(
    key_ring: KeyRing, database: Database, password_login: PasswordLogin, now: Callable[[], float]
) -> Blueprint:
    """Return the naive server. It creates its own table."""
    database.create_tables(NAIVE_TABLES)
    tokens = NaiveTokens(key_ring, database, now)
    naive = Blueprint("naive_server", __name__, url_prefix="/folk")
    naive.before_request(_expect_bearer)

    @naive.post("/login")
    def login() -> Response:
        """Check name and password, and issue the first two tokens."""
        username = password_login.authenticate(read_fields()).username
        issued = {"access_token": tokens.issue_access(username), "refresh_token": tokens.issue_refresh(username)}
        return jsonify({**issued, "token_type": "Bearer", "expires_in": ACCESS_S})

    @naive.get("/profile")
    def profile() -> Response:
        """Show the member, and add the new tokens."""
        entry = _let_in(tokens)
        response = jsonify(member={"username": entry.username}, approach="folk", node=current_app.config["NODE_NAME"])
        response.headers.extend(entry.renewed)
        return response

    @naive.post("/logout")
    def logout() -> Response:
        """Delete the refresh token of this request, as the lecture notes describe."""
        _genuine_access(tokens)
        tokens.forget(request.headers.get(REFRESH_HEADER))
        return make_response("", 204)

    return naive


def _let_in(tokens: NaiveTokens) -> Entry:
    """Decide the four cases as the naive version does. Raise `NoCredentials`, `InvalidToken` or `ExpiredToken`."""
    access = _genuine_access(tokens)
    refresh_is_theirs = tokens.owner(request.headers.get(REFRESH_HEADER)) == access.username
    match access.expired, refresh_is_theirs:
        case True, False:
            raise ExpiredToken()
        case True, True:
            return Entry(access.username, {ACCESS_HEADER: tokens.issue_access(access.username)})
        case False, False:
            # THE HOLE: an access token is exchanged for a token that lives longer. The login's own refresh token is not
            # required, and the end of the login is not checked. So a stolen access token becomes a permanent login.
            return Entry(access.username, {REFRESH_HEADER: tokens.issue_refresh(access.username)})
        case _:
            return Entry(access.username)


def _genuine_access(tokens: NaiveTokens) -> NaiveAccessToken:
    token = bearer_token(request.environ)
    if token is None:
        raise NoCredentials()
    access = tokens.read_access(token)
    if access is None:
        raise InvalidToken()
    return access


def _expect_bearer() -> None:
    """Add the `WWW-Authenticate: Bearer` challenge to refusals (RFC 6750 §3)."""
    g.bearer_realm = True
