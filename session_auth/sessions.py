"""Sessions in a Flask app: what an application calls."""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask import Flask, Response, current_app, jsonify, request

from .credential import Lifetimes, Login, SessionCredential
from .errors import InvalidSession, NoCredentials, SessionError
from .guard import APPLICATION, SessionGuard, Visit, own_fields, refuse_foreign_origin, stored_data
from .record import merged
from .store import SessionStore

P = ParamSpec("P")
T = TypeVar("T")
UserId = str | int | UUID


class Sessions:
    """Logins kept in `store`, each named by an id in a cookie.

        sessions = Sessions(RedisSessions("redis://localhost", prefix="app:"), idle_s=1800, absolute_s=43200)
        sessions.init_app(app)

    A login ends `idle_s` seconds after it was used last, or up to a twentieth later, and `absolute_s` seconds after it
    began. `cookie` is sent to `path` and below; with Flask's `SESSION_COOKIE_SECURE` it is `Secure`, and its name has
    the prefix that browsers enforce. A user's oldest login ends when there are more than `most_logins`. `now` returns
    seconds since the epoch.

    Any verb raises `StoreUnavailable` if the store is needed and does not answer. A user's id may be a text, a whole
    number or a UUID, and comes back as the text that it was stored as.
    """

    def __init__(
        self,
        store: SessionStore,
        idle_s: int = 1800,
        absolute_s: int = 43_200,
        *,
        cookie: str = "sid",
        path: str = "/",
        most_logins: int = 50,
        now: Callable[[], float] = time,
    ) -> None:
        if not (isinstance(idle_s, int) and isinstance(absolute_s, int) and 1 <= idle_s <= absolute_s):
            raise ValueError("idle_s and absolute_s take whole seconds, and 1 <= idle_s <= absolute_s")
        self._credential = SessionCredential(store, Lifetimes(idle_s, absolute_s), most_logins, now)
        self._guard = SessionGuard(self._credential, cookie, path)

    def init_app(self, app: Flask) -> None:
        """Join the app: its answers carry the cookie, and a `SessionError` has an answer, unless the app has its own.

        `flask.session` stays what it is.
        """
        if app.config["SESSION_COOKIE_NAME"] == self._guard.name:
            raise ValueError("Flask's own session cookie has this name already")
        app.after_request(self._finish)
        if SessionError not in app.error_handler_spec[None][None]:
            app.register_error_handler(SessionError, _refusal)

    # -- this request's login

    def log_in(self, user_id: UserId, role: str, confirm: Callable[[], object] | None = None) -> Login:
        """Start a login, under an id of its own, and return it; this request's answer sets the cookie.

        Call it once the password was checked. The login that the request came with ends: an attacker may have planted
        it. `confirm` is called as soon as `end_all` and `set_role` would find the login; what it raises takes the login
        back. Look there whether the user was disabled or changed while the password was being checked.
        Raise `ForeignOrigin` for another site's form.
        """
        refuse_foreign_origin()
        user, role = as_text(user_id), _checked(role)  # before anything ends
        visit = self._guard.visit()
        if visit.sid is not None:
            previous = self._guard.session()
            if previous.record is not None or previous.renewed_by_now is not None:
                self._credential.revoke(previous)
        visit.sid = visit.cookie = self._credential.issue(user, role, confirm)
        visit.session = visit.data = None
        return self._guard.identify()

    def current(self) -> Login | None:
        """Return who sends this request, or None. It does not ask which site's page has sent it; `required` does."""
        try:
            return self._guard.identify()
        except (NoCredentials, InvalidSession):
            return None

    def required(self, role: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Return a decorator for views that need a login, of this role if one is named. It stands below `@app.route`.

        The view is not called, and the error raised: `NoCredentials`, `InvalidSession`, `CookieSentTwice`,
        `RoleTooLow`, `StoreUnavailable`, or `ForeignOrigin` for an unsafe request of another site's page.
        """
        if callable(role):
            raise TypeError("write @sessions.required(), with its parentheses")

        def decorator(view: Callable[P, T]) -> Callable[P, T]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                self._guard(role)
                answer: T = current_app.ensure_sync(view)(*args, **kwargs)
                return answer

            return guarded

        return decorator

    @property
    def data(self) -> dict[str, Any]:
        """This login's own dictionary, to read and to change; what JSON can say is kept.

        It is saved at the end of the request, field by field over what others have written meanwhile. One that has
        ended by then stays so. Raise `NoCredentials` or `InvalidSession` if there is no login to keep it.
        """
        return self._guard.data()

    def renew(self) -> None:
        """Give this login a new id, as when its rights grow; the old one is dead. Raise `InvalidSession`."""
        visit, session = self._guard.visit(), self._guard.session()
        visit.sid = visit.cookie = self._credential.renew(session)

    def log_out(self) -> None:
        """End this request's login, for every request in flight; the answer deletes the cookie. None is as good."""
        refuse_foreign_origin()
        visit = self._guard.visit()
        if visit.sid is not None:
            self._credential.revoke(self._guard.session())
            visit.sid, visit.session, visit.data, visit.cookie = None, None, None, ""

    # -- a user's logins

    def list(self, user_id: UserId, first: int = 0, most: int = 50) -> list[Login]:
        """Return at most `most` of the user's live logins, newest first, the `first` newest ones left out."""
        return self._credential.list_logins(as_text(user_id), first, most)

    def end(self, user_id: UserId, login_id: str) -> bool:
        """End one of the user's logins, felt by its next request; tell whether it was live."""
        return self._credential.end_login(as_text(user_id), login_id)

    def end_all(self, user_id: UserId) -> None:
        """End all of the user's logins: after a new password, and when the user is disabled or deleted."""
        self._credential.end_all(as_text(user_id))

    def set_role(self, user_id: UserId, role: str) -> None:
        """Carry a new role to the user's live logins, which feel it on their next request."""
        self._credential.set_role(as_text(user_id), _checked(role))

    # -- the end of a request

    def _finish(self, response: Response) -> Response:
        visit = self._guard.seen()
        if visit is None:
            return response
        try:
            self._save(visit)
        except SessionError as failure:
            response = current_app.make_response(current_app.handle_user_exception(failure))
        response.vary.add("Cookie")
        if visit.sid is not None:
            response.headers.setdefault("Cache-Control", "no-store")
        self._carry(visit, response)
        return response

    def _save(self, visit: Visit) -> None:
        mine, session = visit.data, visit.session
        visit.data = None  # once: after an error Flask comes here again with the error's page
        if mine is None or session is None:
            return
        seen = stored_data(session)
        if mine != seen:
            self._credential.write(session, lambda there: {**there, APPLICATION: merged(seen, mine, own_fields(there))})

    def _carry(self, visit: Visit, response: Response) -> None:
        cookie, path, secure = self._guard.cookie, self._guard.path, self._guard.secure
        if visit.cookie:
            response.set_cookie(cookie, visit.cookie, path=path, httponly=True, samesite="Lax", secure=secure)
        elif visit.cookie == "" or _is_over(visit):
            response.delete_cookie(cookie, path=path, httponly=True, samesite="Lax", secure=secure)


def _is_over(visit: Visit) -> bool:
    """Tell whether to take the cookie of an ended login along.

    Not from a script's request: another tab may have logged in meanwhile, and would lose its new cookie.
    """
    ended = visit.session is not None and visit.session.over
    return ended and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _refusal(error: SessionError) -> Response:
    response = jsonify(code=error.code, detail=str(error))
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _checked(role: str) -> str:
    """Return the role. Raise `TypeError` for one with which the next request would find no login."""
    if not isinstance(role, str):
        raise TypeError(f"a role is a text, not {type(role).__name__}")
    return role


def as_text(user_id: UserId) -> str:
    """Return the text that a user's id is stored as. Raise `TypeError` or `ValueError` for what is none."""
    if isinstance(user_id, bool) or not isinstance(user_id, UserId):
        raise TypeError(f"a user's id is a text, a whole number or a UUID, not {type(user_id).__name__}")
    if user_id == "":
        raise ValueError("a user's id must not be empty")
    return str(user_id)
