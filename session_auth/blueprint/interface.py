"""Flask's session interface over the credential: `flask.session` holds the fields of the record.

Differences from Flask-Session: one store command per read; a write only if the session was modified, and by
compare-and-swap; JSON instead of pickle; an unknown id is never adopted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from service.errors import StoreUnavailable
from service.web.cookies import Cookie, cookies_sent
from service.web.headers import VARIES
from session_auth import credential as core
from session_auth.blueprint.credential import MemberCredential
from session_auth.record import merged


class CookieSession(ServerSideSession):
    """`flask.session` of the approach `home`: the session that was `opened`, or the `failure` to open it.

    `sent_once`: the request had exactly one cookie of this name.
    """

    def __init__(
        self,
        home: "CookieSessionInterface",
        sent_once: bool,
        opened: core.Session,
        failure: StoreUnavailable | None = None,
    ) -> None:
        super().__init__(opened.fields, opened.sid)
        self.home = home
        self.sent_once = sent_once
        self._opened = opened
        self.failure = failure

    @property
    def opened(self) -> core.Session:
        """The session that was read. Raise `StoreUnavailable` if it could not be read."""
        if self.failure is not None:
            raise self.failure
        return self._opened


class CookieSessionInterface(ServerSideSessionInterface):
    """The sessions of one approach: its cookie's session is opened and saved by its `credential`."""

    def __init__(self, app: Flask, cookie: Cookie, credential: MemberCredential) -> None:
        super().__init__(app, sid_length=core.ID_BYTES)
        self._cookie = cookie
        self.credential = credential

    def open_session(self, app: Flask, request: Request) -> CookieSession:
        """Read the session that the cookie names."""
        request.environ[VARIES] = "Cookie"
        sent = cookies_sent(request, self._cookie.name)
        sid, sent_once = sent[0] if sent else "", len(sent) == 1  # the guard refuses a cookie that was sent twice
        try:
            return CookieSession(self, sent_once, self.credential.open(sid))
        except StoreUnavailable as failure:  # Flask handles no errors here: the guard raises it
            return CookieSession(self, sent_once, core.Session(sid), failure)

    def save_session(self, app: Flask, session: ServerSideSession, response: Response) -> None:
        """Write the session if the view modified it. An emptied session ends its login. A write starts no login."""
        assert isinstance(session, CookieSession)
        if session.failure is not None:
            return
        opened = session._opened
        if opened.renewed:
            self._cookie.set(response, opened.sid)
        if not session.modified:
            return
        session.modified = False  # once: after an error Flask calls this again for the error page
        if not session:
            self._end_emptied(opened, response)
        elif opened.stored is None:
            raise RuntimeError("start a session with SessionCredential.issue(), not by writing into it")
        else:
            seen, mine = msgspec.json.decode(opened.stored), dict(session)
            self.credential.write(opened, lambda there: merged(seen, mine, there))

    def regenerate(self, session: ServerSideSession) -> None:
        """Give the session a new id (Flask-Session's name for it). A session that was just cleared is ended instead."""
        assert isinstance(session, CookieSession)
        if session:
            session.sid = self.credential.renew(session.opened)
        else:
            self.credential.revoke(session.opened)

    def _end_emptied(self, opened: core.Session, response: Response) -> None:
        if opened.record is not None:
            self.credential.revoke(opened)
        self._cookie.delete(response)

    # Flask-Session requires these three methods. Nothing calls them: open_session and save_session are overridden.

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        raise RuntimeError("only open_session() reads sessions")

    def _delete_session(self, store_id: str) -> None:
        raise RuntimeError("only SessionCredential.revoke() ends sessions")

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        raise RuntimeError("only SessionCredential.write() writes sessions")


@dataclass(frozen=True)
class PrefixSessionInterface(SessionInterface):
    """Opens a session for paths of a session approach. For other paths there is no session and no store command."""

    interfaces: Mapping[str, CookieSessionInterface]

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the session of the approach that the path belongs to; None makes Flask's null session."""
        interface = self.interfaces.get(request.path.split("/", 2)[1])
        return None if interface is None else interface.open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session with the interface that opened it."""
        if isinstance(session, CookieSession):
            session.home.save_session(app, session, response)

    def regenerate(self, session: ServerSideSession) -> None:
        """Give the session a new id (Flask-Session's name for it)."""
        if isinstance(session, CookieSession):
            session.home.regenerate(session)


def live_session() -> CookieSession:
    """Return `flask.session` with its real type. Raise `TypeError` outside the session approaches."""
    current = session._get_current_object()  # type: ignore[attr-defined]  # the proxy hides the type
    if not isinstance(current, CookieSession):
        raise TypeError("there is no session outside the session approaches")
    return current
