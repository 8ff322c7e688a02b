"""From a request to the login that sent it, by the tokens that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask import Response, after_this_request, request

from .credential import AccessToken, Login, Pair, RefreshToken, TokenCredential
from .errors import BothExpired, ExpiredToken, NoCredentials, RefreshInvalid, RoleTooLow

ACCESS_HEADER = "X-Access-Token"  # of an answer only
REFRESH_HEADER = "X-Refresh-Token"

Environ = Mapping[str, Any]  # of WSGI
Admitted = tuple[Login, Pair | None]


@dataclass(frozen=True)
class TokenGuard:
    """Says who sends a request, by `Authorization: Bearer`, and `X-Refresh-Token` if that comes along.

    `name`: of the kind of login.
    """

    credential: TokenCredential
    name: str

    def __call__(self, role: str | None = None) -> Login:
        """Return who sends this request, if they may. Raise what `identify` does, or `RoleTooLow`."""
        login = self.identify()
        if role is not None and login.role != role:
            raise RoleTooLow()
        return login

    def identify(self) -> Login:
        """Return who sends this request; what is renewed goes out with its answer. Raise what `admit` does."""
        environ = request.environ
        login = self.seen()
        if login is None:
            login, renewed = admit(self.credential, bearer_token(environ), refresh_token(environ))
            environ[self._place] = login
            if renewed is not None:  # also where the view refuses: the tokens from before are used
                after_this_request(partial(_carry, renewed))
        return login

    def seen(self) -> Login | None:
        """Return who sends this request, if that was asked for."""
        login: Login | None = request.environ.get(self._place)
        return login

    @property
    def _place(self) -> str:
        return f"token_auth.{self.name}"


def admit(credential: TokenCredential, access: str | None, refresh: str | None, any_role: bool = False) -> Admitted:
    """Return who sends these two tokens, and what the answer has to bring where the four cases call for new ones.

    `any_role`: an access token of the role before is good enough.
    Raise `NoCredentials`, `InvalidToken`, `ExpiredToken`, `RefreshInvalid`, `RefreshReused` or `RefreshesTooFast`; and
    what the denylist, the database or `role_of` raises, if one of them is needed.
    """
    if access is None:
        raise NoCredentials()  # a refresh token alone opens nothing but the refresh
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
    """Decide the four cases (both tokens are untampered, or we would not be here)."""
    match due, refresh.expired:
        case True, True:
            raise BothExpired()
        case True, False:
            return credential.exchange(refresh, access.login.login_id)
        case False, True:
            return _renew_on_strength_of(credential, access, refresh)
        case _:
            return None


def _renew_on_strength_of(credential: TokenCredential, access: AccessToken, refresh: RefreshToken) -> Pair | None:
    """Reissue an expired refresh token, but only to the login that it belonged to, and only while that lives.

    The naive version gives a refresh token for any valid access token: a stolen access token would become a login for
    ever. Here the expired refresh token has to come along, and be of the same live family.
    """
    try:
        return credential.exchange(refresh, access.login.login_id)
    except RefreshInvalid:
        return None  # the access token still opens the page until it expires; nothing is added to it


def bearer_token(environ: Environ) -> str | None:
    """Return the token of `Authorization: Bearer …` (RFC 6750 §2.1), or None. Never read from a URL or a form."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refresh_token(environ: Environ) -> str | None:
    """Return what `X-Refresh-Token` says, or None."""
    token: str | None = environ.get("HTTP_X_REFRESH_TOKEN")
    return token


def _carry(renewed: Pair, response: Response) -> Response:
    response.headers[ACCESS_HEADER], response.headers[REFRESH_HEADER] = renewed.access, renewed.refresh
    response.headers["Cache-Control"] = "no-store"
    return response
