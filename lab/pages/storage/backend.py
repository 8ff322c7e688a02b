"""`/backend`: tokens in a session on the server (a backend for frontend, BFF).

The browser gets only an opaque cookie. The session that it names holds both tokens. Each request looks the session up
in the store, and is then judged by its access token, as at `/token`. An expired one is renewed on the server.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, make_response

from lab.pages.storage.place import place_blueprint
from service.accounts.identity import Identity
from service.accounts.login import PasswordLogin
from service.accounts.members import Member
from service.config import Config
from service.errors import BearerError, InvalidSession, NoCredentials, StoreUnavailable
from service.measurement import step
from service.pages import Notes
from service.web.cookies import Cookie, credential_cookie, single_cookie
from service.web.fields import read_fields
from service.web.negotiation import json_response
from service.web.origin import refuse_cross_origin
from session_auth.blueprint import SharedSessions
from session_auth.blueprint.credential import MemberCredential as SessionCredential
from session_auth.credential import Lifetimes, Session
from token_auth.blueprint.credential import MemberCredential as TokenCredential
from token_auth.credential import Pair

NAME = "backend"
FIELD = "tokens"  # of the session's record
ENDS = 6  # characters: tokens begin alike and differ at the end


class Tokens(NamedTuple):
    """The two tokens of a session."""

    access: str
    refresh: str


@dataclass(frozen=True)
class Backend:
    """The views and the guard. `sessions` are of this path alone, `tokens` are those of `/token`."""

    sessions: SessionCredential
    cookie: Cookie
    tokens: TokenCredential
    password_login: PasswordLogin
    idle_s: int

    def login(self) -> Response:
        """Check name and password. Put two new tokens into a new session, and send only the session's id."""
        previous = self._session()  # read it first: if the store is down, the login fails
        member = self.password_login.authenticate(read_fields())
        if previous.record is not None:
            self._end(previous)
        return self.cookie.set(json_response({"member": member.view()}), self._begin(member))

    def logout(self) -> Response:
        """End the session, and the login of its tokens."""
        refuse_cross_origin()
        self._end(self._session_sent())
        return self.cookie.delete(make_response("", 204))

    def holdings(self) -> Response:
        """Return the record in the store, and the ends of the two tokens that are sealed in it."""
        sid = single_cookie(self.cookie.name) or ""
        records = self.sessions.stored_records(sid)
        if not records:  # it ended after the guard had let it in
            raise InvalidSession()
        record = records[0]
        tokens = _opened(sid, record.fields)._asdict()
        ends = {name: f"{token[:ENDS]}…{token[-ENDS:]}" for name, token in tokens.items()}
        return json_response({"record": asdict(record), "tokens": ends})

    def guard(self) -> None:
        """Set `g.identity` from the access token in the session. Renewed tokens go into the session only."""
        refuse_cross_origin()  # a browser adds the cookie to any site's request
        session = self._session_sent()
        self.sessions.verify(session)
        held = _opened(session.sid, session.fields or {})
        login, renewed = self.tokens.admit(held.access, held.refresh)
        if renewed is not None:
            self._keep(session, renewed)
        g.identity = Identity(username=login.user_id, role=login.role, login_id=login.login_id, approach=NAME)

    def _session(self) -> Session:
        """Read the session that the cookie names: one store command, or none if there is no cookie."""
        return self.sessions.open(single_cookie(self.cookie.name) or "")

    def _session_sent(self) -> Session:
        if single_cookie(self.cookie.name) is None:
            raise NoCredentials()
        return self._session()

    def _begin(self, member: Member) -> str:
        """Start the session and its tokens, and return the session's id. Without the store no login is left behind."""
        lifetimes = self.tokens.lifetimes
        sid = self.sessions.issue_for(member, self.idle_s)
        issued = self.tokens.issue_for(member, lifetimes.access_s, lifetimes.refresh_s)
        try:
            self._keep(self.sessions.open(sid), issued)
        except StoreUnavailable:
            self.tokens.revoke(issued.access)
            raise
        return sid

    def _keep(self, session: Session, tokens: Pair) -> None:
        sealed = _sealed(session.sid, tokens)
        self.sessions.write(session, lambda fields: {**fields, FIELD: sealed})

    def _end(self, session: Session) -> None:
        if session.record is not None:
            with suppress(BearerError, InvalidSession):  # of a key that was revoked: it names no login any more
                self.tokens.revoke(_opened(session.sid, session.fields or {}).access)
        self.sessions.revoke(session)


def backend_blueprint(
    config: Config,
    store: SharedSessions,
    tokens: TokenCredential,
    password_login: PasswordLogin,
    notes: Notes,
    now: Callable[[], float],
) -> Blueprint:
    """Return the place. `store` keeps its sessions; `now` returns seconds since the epoch."""
    lifetimes = Lifetimes(config.session_idle_s, config.session_absolute_s)
    members, most_logins = password_login.members, config.logins_per_member
    sessions = SessionCredential(store, members, lifetimes, most_logins, now, in_lab=True)
    cookie = credential_cookie("sid", f"/{NAME}", config.secure_cookies)
    backend = Backend(sessions, cookie, tokens, password_login, config.session_idle_s)
    place = place_blueprint(NAME, f"/{NAME}", backend.guard, notes, {"/holdings": backend.holdings})
    place.add_url_rule("/login", view_func=backend.login, methods=["POST"])
    place.add_url_rule("/logout", view_func=backend.logout, methods=["POST"])
    return place


def _sealed(sid: str, tokens: Pair) -> str:
    from lab.pages.storage.sealed import seal  # noqa: PLC0415  # at the first log-in: see there

    with step("verify", "seal both tokens"):
        return seal(sid, f"{tokens.access} {tokens.refresh}")


def _opened(sid: str, fields: dict[str, Any]) -> Tokens:
    """Return the tokens. Raise `InvalidSession` if they were not sealed for this session."""
    from lab.pages.storage.sealed import unseal  # noqa: PLC0415  # as above

    with step("verify", "open the sealed tokens"):
        text = unseal(sid, str(fields.get(FIELD, "")))
    if text is None:
        raise InvalidSession()
    return Tokens(*text.split(" "))
