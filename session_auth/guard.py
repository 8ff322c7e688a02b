"""From a request to the login that sent it, by the session that its cookie names; read once a request, and only if
asked for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask import current_app, request

from .credential import Login, Session, SessionCredential
from .errors import CookieSentTwice, ForeignOrigin, NoCredentials, RoleTooLow

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
APPLICATION = "data"  # the record's field that holds the application's own


@dataclass(slots=True)
class Visit:
    """One request's session: the id that came, what it found, the application's data, and the cookie to send back.

    `cookie`: a new id, or empty for one to be deleted.
    """

    sid: str | None
    session: Session | None = None
    data: dict[str, Any] | None = None
    cookie: str | None = None


@dataclass(frozen=True)
class SessionGuard:
    """Says who sends a request. The cookie is called `name`, with the prefix that browsers enforce under https."""

    credential: SessionCredential
    name: str
    path: str

    def __call__(self, role: str | None = None) -> Login:
        """Return who sends this request, if they may. Raise what `identify` does, `ForeignOrigin` or `RoleTooLow`."""
        refuse_foreign_origin()
        login = self.identify()
        if role is not None and login.role != role:
            raise RoleTooLow()
        return login

    def identify(self) -> Login:
        """Return who sends this request.

        Raise `NoCredentials`, `CookieSentTwice`, `InvalidSession`, or `StoreUnavailable`.
        """
        return self.credential.login_of(self.credential.verify(self.session()))

    def session(self) -> Session:
        """Return this request's session, live or not. Raise `NoCredentials`, or `StoreUnavailable`."""
        visit = self.visit()
        if visit.sid is None:
            raise NoCredentials()
        if visit.session is None:
            visit.session = self.credential.open(visit.sid)
        return visit.session

    def data(self) -> dict[str, Any]:
        """Return the application's own fields, for this request to change."""
        visit = self.visit()
        if visit.data is None:
            self.credential.verify(self.session())
            visit.data = stored_data(self.session())
        return visit.data

    def visit(self) -> Visit:
        """Return what is known of this request, from its cookie on. Raise `CookieSentTwice`."""
        visit = self.seen()
        if visit is None:
            visit = request.environ[self._place] = Visit(self._sent())
        return visit

    def seen(self) -> Visit | None:
        """Return what is known of this request, if it was asked for."""
        visit: Visit | None = request.environ.get(self._place)
        return visit

    @property
    def cookie(self) -> str:
        """The cookie's whole name: over https a page loaded without TLS, or of a neighbouring name, cannot set it."""
        if not self.secure:
            return self.name
        return f"{'__Host-' if self.path == '/' else '__Secure-'}{self.name}"

    @property
    def secure(self) -> bool:
        """Flask's own switch."""
        return bool(current_app.config["SESSION_COOKIE_SECURE"])

    @property
    def _place(self) -> str:
        return f"session_auth.{self.name}.{self.path}"

    def _sent(self) -> str | None:
        values = request.cookies.getlist(self.cookie)
        if len(values) > 1:  # a site on a neighbouring name can set a second one, which browsers may send first
            request.environ[self._place] = Visit(None, cookie="")  # or no page would be left
            raise CookieSentTwice()
        return values[0] if values else None


def stored_data(session: Session) -> dict[str, Any]:
    """Return the application's fields as they are stored, decoded anew: what a view changes in them shows."""
    fields = msgspec.json.decode(session.stored or b"{}", type=dict[str, Any])
    return own_fields(fields)


def own_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the application's fields among a record's."""
    data = fields.get(APPLICATION)
    return data if isinstance(data, dict) else {}


def refuse_foreign_origin() -> None:
    """Raise `ForeignOrigin` for an unsafe request that a browser sends for another origin's page.

    A browser says so in `Sec-Fetch-Site`, or, if it is old or there is no https, in `Origin`. A client that sends
    neither is no browser, and carries no cookie that it was not given.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    if not is_own:
        raise ForeignOrigin()
