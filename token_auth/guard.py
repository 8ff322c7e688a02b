"""Find the login that sent a request, by its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask import Response, after_this_request, request

from .credential import AccessToken, Login, Pair, RefreshToken, TokenCredential
from .errors import BothExpired, ExpiredToken, NoCredentials, RefreshInvalid, RoleTooLow

ACCESS_HEADER = "X-Access-Token"  # only in responses
REFRESH_HEADER = "X-Refresh-Token"

Environ = Mapping[str, Any]  # of WSGI
Admitted = tuple[Login, Pair | None]


@dataclass(frozen=True)
class TokenGuard:
    """Finds who sends a request, by `Authorization: Bearer` and an optional `X-Refresh-Token`.

    `name`: the kind of login.
    """

    credential: TokenCredential
    name: str

    def __call__(self, role: str | None = None) -> Login:
        """Return who sends this request. Raise `RoleTooLow`, or what `identify` raises."""
        login = self.identify()
        if role is not None and login.role != role:
            raise RoleTooLow()
        return login

    def identify(self) -> Login:
        """Return who sends this request. Renewed tokens are added to the response. Raise what `admit` raises."""
        environ = request.environ
        login = self.seen()
        if login is None:
            login, renewed = admit(self.credential, bearer_token(environ), refresh_token(environ))
            environ[self._environ_key] = login
            if renewed is not None:  # also on a refusal by the view: the old refresh token is used up
                after_this_request(partial(_carry, renewed))
        return login

    def seen(self) -> Login | None:
        """Return who sends this request, or None if `identify` was not called."""
        login: Login | None = request.environ.get(self._environ_key)
        return login

    @property
    def _environ_key(self) -> str:
        return f"token_auth.{self.name}"


def admit(credential: TokenCredential, access: str | None, refresh: str | None, any_role: bool = False) -> Admitted:
    """Return who sends these two tokens, and the new tokens if one of the four cases requires a renewal.

    `any_role`: also accept an access token with the user's previous role.
    Raise `NoCredentials`, `InvalidToken`, `ExpiredToken`, `RefreshInvalid`, `RefreshReused` or `RefreshesTooFast`, and
    any error of the denylist, the database or `role_of`.
    """
    if access is None:
        raise NoCredentials()  # a refresh token alone only serves to refresh
    found = credential.verify(access)
    due = found.expired or (found.role_is_old and not any_role)
    renewed: Pair | None = None
    if refresh is not None:
        renewed = _renew_if_due(credential, found, due, credential.verify_refresh(refresh))
    elif due:
        raise ExpiredToken()
    login = found.login
    return (login if renewed is None else replace(login, role=renewed.role)), renewed


def _renew_if_due(credential: TokenCredential, access: AccessToken, due: bool, refresh: RefreshToken) -> Pair | None:
    """Decide the four cases. Both tokens have been verified."""
    match due, refresh.expired:
        case True, True:
            raise BothExpired()
        case True, False:
            return credential.exchange(refresh, access.login.login_id)
        case False, True:
            return _replace_expired(credential, access, refresh)
        case _:
            return None


def _replace_expired(credential: TokenCredential, access: AccessToken, refresh: RefreshToken) -> Pair | None:
    """Replace an expired refresh token, but only for its own login, and only while that login is live.

    The naive version issues a refresh token for any valid access token, so a stolen access token becomes a permanent
    login. Here the expired refresh token must be sent too, and belong to the same live family.
    """
    try:
        return credential.exchange(refresh, access.login.login_id)
    except RefreshInvalid:
        return None  # the access token stays valid until it expires; issue no new token


def bearer_token(environ: Environ) -> str | None:
    """Return the token of `Authorization: Bearer …` (RFC 6750 §2.1), or None. URLs and forms are never read."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refresh_token(environ: Environ) -> str | None:
    """Return the token of `X-Refresh-Token`, or None."""
    token: str | None = environ.get("HTTP_X_REFRESH_TOKEN")
    return token


def _carry(renewed: Pair, response: Response) -> Response:
    response.headers[ACCESS_HEADER], response.headers[REFRESH_HEADER] = renewed.access, renewed.refresh
    response.headers["Cache-Control"] = "no-store"
    return response
