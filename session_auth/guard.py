"""Find the login that sent a request, by the session id in its cookie. The store is read at most once per request."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask import current_app, request

from .credential import Login, Session, SessionCredential
from .errors import CookieSentTwice, ForeignOrigin, NoCredentials, RoleTooLow

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
APPLICATION = "data"  # the record's field for the application's data


@dataclass(slots=True)
class Visit:
    """One request's session: the received id, the session read, the application's data, and the cookie to send.

    `cookie`: a new id to set, or "" to delete the cookie.
    """

    sid: str | None
    session: Session | None = None
    data: dict[str, Any] | None = None
    cookie: str | None = None


@dataclass(frozen=True)
class SessionGuard:
    """Finds who sends a request. Over https the cookie's name gets the `__Host-` or `__Secure-` prefix."""

    credential: SessionCredential
    name: str
    path: str

    def __call__(self, role: str | None = None) -> Login:
        """Return who sends this request. Raise `ForeignOrigin`, `RoleTooLow`, or what `identify` raises."""
        refuse_cross_origin()
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
        """Return this request's session, live or ended. Raise `NoCredentials` or `StoreUnavailable`."""
        visit = self.visit()
        if visit.sid is None:
            raise NoCredentials()
        if visit.session is None:
            visit.session = self.credential.open(visit.sid)
        return visit.session

    def data(self) -> dict[str, Any]:
        """Return the application's data, which the view may change."""
        visit = self.visit()
        if visit.data is None:
            self.credential.verify(self.session())
            visit.data = stored_data(self.session())
        return visit.data

    def visit(self) -> Visit:
        """Return this request's `Visit`; create it from the cookie on first use. Raise `CookieSentTwice`."""
        visit = self.seen()
        if visit is None:
            visit = request.environ[self._environ_key] = Visit(self._sent())
        return visit

    def seen(self) -> Visit | None:
        """Return this request's `Visit`, or None if it was not created."""
        visit: Visit | None = request.environ.get(self._environ_key)
        return visit

    @property
    def cookie(self) -> str:
        """The cookie's full name. With the prefix, a plain-http page or a sibling domain cannot set the cookie."""
        if not self.secure:
            return self.name
        return f"{'__Host-' if self.path == '/' else '__Secure-'}{self.name}"

    @property
    def secure(self) -> bool:
        """Flask's `SESSION_COOKIE_SECURE`."""
        return bool(current_app.config["SESSION_COOKIE_SECURE"])

    @property
    def _environ_key(self) -> str:
        return f"session_auth.{self.name}.{self.path}"

    def _sent(self) -> str | None:
        values = request.cookies.getlist(self.cookie)
        if len(values) > 1:  # a sibling domain can set a second cookie, which browsers may send first
            request.environ[self._environ_key] = Visit(None, cookie="")  # delete it, or every page would fail
            raise CookieSentTwice()
        return values[0] if values else None


def stored_data(session: Session) -> dict[str, Any]:
    """Return the application's fields as stored. They are decoded again, to detect a view's changes by comparison."""
    fields = msgspec.json.decode(session.stored or b"{}", type=dict[str, Any])
    return own_fields(fields)


def own_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the application's fields of a record."""
    data = fields.get(APPLICATION)
    return data if isinstance(data, dict) else {}


def refuse_cross_origin() -> None:
    """Raise `ForeignOrigin` for an unsafe request that another origin's page made a browser send.

    Browsers send `Sec-Fetch-Site`; old ones, and all without https, send `Origin`. A client that sends neither
    is not a browser, and does not add cookies on its own.
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
