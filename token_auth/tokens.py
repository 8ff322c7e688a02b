"""Tokens in a Flask app: the public interface."""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import Flask, Response, current_app, jsonify, request

from .claims import NO_TEXT
from .credential import Lifetimes, LiveLogin, Login, Pair, RoleOf, TokenCredential
from .denylist import Denylist, NoDenylist
from .errors import BearerError, ExpiredToken, TokenError
from .guard import TokenGuard, bearer_token
from .key_ring import KeyRing
from .keys import DAY_S
from .store import RefreshTokens
from .tables import LONGEST_USER_ID

P = ParamSpec("P")
T = TypeVar("T")
UserId = str | int | UUID


class Tokens:
    """Token logins: the client holds an access token and a refresh token, signed by `key_ring`.

        tokens = Tokens(KeyRing("keys.json"), RefreshTokens(engine), issuer="https://example.org", role_of=role_of)
        tokens.init_app(app)

    `issuer` is the `iss` of every token. `role_of(user_id)` returns the user's current role, or None for a user who may
    not be logged in (any more). `denylist` is read on every request. Without one, a log-out ends the refresh tokens at
    once, and the access token is valid until it expires.

    An access token lives `access_s` seconds, a refresh token `refresh_s`, and a login ends `absolute_s` seconds after
    it began. A used refresh token can be exchanged again for `grace_s` seconds. A user's oldest login ends when there
    are more than `most_logins`. `now` returns seconds since the epoch.

    Any method raises `StoreUnavailable` if it needs the database and the database does not answer, and the errors of
    `role_of` and the denylist. A user's id is a string, an integer or a UUID, and is returned as a string.
    """

    def __init__(
        self,
        key_ring: KeyRing,
        refresh_tokens: RefreshTokens,
        *,
        issuer: str,
        role_of: RoleOf,
        denylist: Denylist | None = None,
        access_s: int = 300,
        refresh_s: int = 7 * DAY_S,
        absolute_s: int = 30 * DAY_S,
        grace_s: float = 10,
        most_logins: int = 50,
        now: Callable[[], float] = time,
    ) -> None:
        lifetimes = Lifetimes(access_s, refresh_s, absolute_s)
        denied = NoDenylist() if denylist is None else denylist  # `or` would drop an empty denylist
        self._credential = TokenCredential(
            key_ring, refresh_tokens, issuer, role_of, denied, lifetimes, grace_s, most_logins, now
        )
        self._guard = TokenGuard(self._credential, refresh_tokens.name)

    def init_app(self, app: Flask) -> None:
        """Register with the app: answer a `TokenError`, with the challenge of RFC 6750 §3, unless the app does."""
        if TokenError not in app.error_handler_spec[None][None]:
            app.register_error_handler(TokenError, _refusal)

    # -- tokens

    def log_in(self, user_id: UserId) -> Pair:
        """Start a login and return its first two tokens. Call it after the password was checked.

        Raise `UserRefused` if `role_of` returns None. It is called once `end_all` can find the login.
        """
        return self._credential.issue(as_text(user_id))

    def verify(self, access: str) -> Login:
        """Verify an access token and return its login. Raise `InvalidToken`, `LoginEnded` or `ExpiredToken`."""
        found = self._credential.verify(access)
        if found.expired or found.role_is_old:
            raise ExpiredToken()
        return found.login

    def refresh(self, refresh: str, access: str | None = None) -> Pair:
        """Exchange a refresh token for new tokens. An access token, if given, must belong to the same login.

        Raise `RefreshInvalid`, `RefreshExpired`, `RefreshReused`, `RefreshesTooFast`, or `InvalidToken`.
        """
        return self._credential.renew(refresh, access)

    def log_out(self, access: str | None = None, refresh: str | None = None) -> None:
        """End the login of either token, expired or not. Ending an ended login succeeds.

        Raise `NoCredentials`, `InvalidToken` or `RefreshInvalid`.
        """
        self._credential.revoke(access, refresh)

    # -- this request's login

    def current(self) -> Login | None:
        """Return who sends this request, by its access token, or None. In a `required` view: the login found there."""
        access = bearer_token(request.environ)
        try:
            return self._guard.seen() or (None if access is None else self.verify(access))
        except BearerError:
            return None

    def required(self, role: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Return a decorator for views that need a login, and this role if one is given. Put it below `@app.route`.

        The access token is sent as `Authorization: Bearer`, and optionally the refresh token as `X-Refresh-Token`.
        Renewed tokens are in the response's `X-Access-Token` and `X-Refresh-Token`.
        Instead of calling the view it raises `NoCredentials`, `InvalidToken`, `ExpiredToken`, `RefreshInvalid`,
        `RefreshReused`, `RefreshesTooFast`, `RoleTooLow` or `StoreUnavailable`.
        """
        if callable(role):
            raise TypeError("write @tokens.required(), with parentheses")

        def decorator(view: Callable[P, T]) -> Callable[P, T]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                self._guard(role)
                answer: T = current_app.ensure_sync(view)(*args, **kwargs)
                return answer

            return guarded

        return decorator

    # -- a user's logins

    def list(self, user_id: UserId, first: int = 0, most: int = 50) -> list[LiveLogin]:
        """Return at most `most` of the user's live logins, newest first, after skipping the `first` newest."""
        return self._credential.list_logins(as_text(user_id), first, most)

    def end(self, user_id: UserId, login_id: str) -> bool:
        """End one of the user's logins. Return whether it was live."""
        return self._credential.end_login(as_text(user_id), login_id)

    def end_all(self, user_id: UserId) -> None:
        """End all of the user's logins. Call it after a new password, and when the user is disabled or deleted."""
        self._credential.end_all(as_text(user_id))

    def set_role(self, user_id: UserId, role: str) -> None:
        """Apply a new role to the user's live logins. `role_of` must already return it.

        With a denylist it applies from their next request, without one from their next refresh.
        """
        self._credential.set_role(as_text(user_id), role)


def _refusal(error: TokenError) -> Response:
    response = jsonify(code=error.code, detail=str(error))
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status in (401, 403):
        failed = f' error="{error.bearer_error}", error_description="{error.code}"' if error.bearer_error else ""
        response.headers["WWW-Authenticate"] = f"Bearer{failed}"
    return response


def as_text(user_id: UserId) -> str:
    """Return a user's id as the stored string. Raise `TypeError` for another type, `ValueError` for a bad string."""
    if isinstance(user_id, bool) or not isinstance(user_id, UserId):
        raise TypeError(f"user_id must be a string, an integer or a UUID, not {type(user_id).__name__}")
    text = str(user_id)
    if not 1 <= len(text) <= LONGEST_USER_ID or NO_TEXT.search(text):
        raise ValueError(f"user_id must have 1 to {LONGEST_USER_ID} characters, without NUL and lone surrogates")
    return text
