"""Sessions in a Flask app: the public interface."""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask import Flask, Response, current_app, jsonify, request

from .credential import Lifetimes, Login, SessionCredential
from .errors import InvalidSession, NoCredentials, SessionError
from .guard import APPLICATION, SessionGuard, Visit, own_fields, refuse_cross_origin, stored_data
from .record import merged
from .store import SessionStore

P = ParamSpec("P")
T = TypeVar("T")
UserId = str | int | UUID


class Sessions:
    """Server-side sessions in `store`. The cookie holds the session id.

        sessions = Sessions(RedisSessions("redis://localhost", prefix="app:"), idle_s=1800, absolute_s=43200)
        sessions.init_app(app)

    A login ends `idle_s` seconds after its last use (up to 5 % later), and `absolute_s` seconds after it began. The
    cookie named `cookie` is sent to `path` and below; with Flask's `SESSION_COOKIE_SECURE` it is `Secure`, and its
    name gets the `__Host-` or `__Secure-` prefix. A user's oldest login ends when there are more than `most_logins`.
    `now` returns seconds since the epoch.

    Any method raises `StoreUnavailable` if it needs the store and the store does not answer. A user's id is a string,
    an integer or a UUID, and is returned as a string.
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
            raise ValueError("idle_s and absolute_s must be whole seconds, and 1 <= idle_s <= absolute_s")
        self._credential = SessionCredential(store, Lifetimes(idle_s, absolute_s), most_logins, now)
        self._guard = SessionGuard(self._credential, cookie, path)

    def init_app(self, app: Flask) -> None:
        """Register with the app: set the cookie on responses, and answer a `SessionError` unless the app does.

        `flask.session` stays unchanged.
        """
        if app.config["SESSION_COOKIE_NAME"] == self._guard.name:
            raise ValueError("Flask's own session cookie already has this name")
        app.after_request(self._finish)
        if SessionError not in app.error_handler_spec[None][None]:
            app.register_error_handler(SessionError, _refusal)

    # -- this request's login

    def log_in(self, user_id: UserId, role: str, confirm: Callable[[], object] | None = None) -> Login:
        """Start a login with a new id and return it. The response sets the cookie.

        Call it after the password was checked. The login that the request came with ends (session fixation).
        `confirm` is called once `end_all` and `set_role` can find the login: check there whether the user was
        disabled or changed while the password was being checked. If it raises, the login is removed.
        Raise `ForeignOrigin` for another site's form.
        """
        refuse_cross_origin()
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
        """Return who sends this request, or None. It does not check the request's origin; `required` does."""
        try:
            return self._guard.identify()
        except (NoCredentials, InvalidSession):
            return None

    def required(self, role: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Return a decorator for views that need a login, and this role if one is given. Put it below `@app.route`.

        Instead of calling the view it raises `NoCredentials`, `InvalidSession`, `CookieSentTwice`, `RoleTooLow`,
        `StoreUnavailable`, or `ForeignOrigin` for an unsafe request of another site's page.
        """
        if callable(role):
            raise TypeError("write @sessions.required(), with parentheses")

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
        """This login's data: a dictionary of JSON values that views may read and change.

        It is saved at the end of the request. Only changed fields are written, so concurrent requests keep each
        other's changes. Nothing is saved if the login has ended by then. Raise `NoCredentials` or `InvalidSession`
        without a login.
        """
        return self._guard.data()

    def renew(self) -> None:
        """Give this login a new id, e.g. when its rights grow. The old id stops working. Raise `InvalidSession`."""
        visit, session = self._guard.visit(), self._guard.session()
        visit.sid = visit.cookie = self._credential.renew(session)

    def log_out(self) -> None:
        """End this request's login, if any, also for requests in flight. The response deletes the cookie."""
        refuse_cross_origin()
        visit = self._guard.visit()
        if visit.sid is not None:
            self._credential.revoke(self._guard.session())
            visit.sid, visit.session, visit.data, visit.cookie = None, None, None, ""

    # -- a user's logins

    def list(self, user_id: UserId, first: int = 0, most: int = 50) -> list[Login]:
        """Return at most `most` of the user's live logins, newest first, after skipping the `first` newest."""
        return self._credential.list_logins(as_text(user_id), first, most)

    def end(self, user_id: UserId, login_id: str) -> bool:
        """End one of the user's logins. Its next request is refused. Return whether it was live."""
        return self._credential.end_login(as_text(user_id), login_id)

    def end_all(self, user_id: UserId) -> None:
        """End all of the user's logins. Call it after a new password, and when the user is disabled or deleted."""
        self._credential.end_all(as_text(user_id))

    def set_role(self, user_id: UserId, role: str) -> None:
        """Write a new role into the user's live logins. It applies from their next request."""
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
        visit.data = None  # once: after an error Flask calls this again for the error page
        if mine is None or session is None:
            return
        seen = stored_data(session)
        if mine != seen:
            self._credential.write(session, lambda there: {**there, APPLICATION: merged(seen, mine, own_fields(there))})

    def _carry(self, visit: Visit, response: Response) -> None:
        guard = self._guard
        how: dict[str, Any] = {"path": guard.path, "secure": guard.secure, "httponly": True, "samesite": "Lax"}
        if visit.cookie:
            response.set_cookie(guard.cookie, visit.cookie, **how)
        elif visit.cookie == "" or _is_over(visit):
            response.delete_cookie(guard.cookie, **how)


def _is_over(visit: Visit) -> bool:
    """Return whether to delete the cookie of an ended login.

    Not for a script's request: another tab may have logged in meanwhile, and would lose its new cookie.
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
    """Return the role. Raise `TypeError` if it is not a string: such a record could not be decoded."""
    if not isinstance(role, str):
        raise TypeError(f"role must be a string, not {type(role).__name__}")
    return role


def as_text(user_id: UserId) -> str:
    """Return a user's id as the stored string. Raise `TypeError` for another type, `ValueError` if it is empty."""
    if isinstance(user_id, bool) or not isinstance(user_id, UserId):
        raise TypeError(f"user_id must be a string, an integer or a UUID, not {type(user_id).__name__}")
    if user_id == "":
        raise ValueError("user_id must not be empty")
    return str(user_id)
