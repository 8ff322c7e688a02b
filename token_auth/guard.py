"""From a request to the member who sent it, by the tokens that it carries."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from flask import g, request

from accounts.identity import Identity
from errors import (
    AmbiguousCredentials,
    ExpiredToken,
    LoginEnded,
    NoCredentials,
    RefreshInvalid,
    RefreshOfAnotherLogin,
    RefreshReused,
)
from token_auth.credential import AccessToken, RefreshToken, TokenCredential, Tokens
from web.cookies import cookie_name, single_cookie
from web.origin import refuse_cross_origin

REFRESH_HEADER = "X-Refresh-Token"

Carrier = Literal["cookie", "header"]


@dataclass(frozen=True)
class Cookies:
    """What the two cookies are called."""

    access: str
    refresh: str

    @classmethod
    def named(cls, secure: bool) -> Self:
        """Return the names for https, or for plain http."""
        return cls(cookie_name("access", secure), cookie_name("refresh", secure))


@dataclass(frozen=True)
class Presented:
    """The tokens as they came, not yet looked into, and what carried the access token."""

    access: str | None
    refresh: str | None
    carrier: Carrier


@dataclass(frozen=True)
class TokenGuard:
    """Leaves an `Identity` on `g`, and new tokens on `g.renewed` where the four cases call for them; or raises.

    `any_role`: an access token of the role before is good enough. That is so for a member's own logins: to end one must
    not depend on a refresh.
    """

    approach: str
    credential: TokenCredential
    cookies: Cookies
    any_role: bool = False

    def __call__(self) -> None:
        presented = present(self.cookies)
        g.carrier = presented.carrier
        if presented.carrier == "cookie":
            refuse_cross_origin()  # a cookie comes along whoever's page sends the request
        try:
            g.identity = self.identify(presented)
        except LoginEnded:
            g.over = True
            raise

    def identify(self, presented: Presented) -> Identity:
        """Return who sends this request.

        Raise `NoCredentials`, `InvalidToken`, `ExpiredToken`, `RefreshInvalid`, `RefreshReused`, and
        `StoreUnavailable` if a denylist or the member database is needed and does not answer.
        """
        if presented.access is None:
            raise NoCredentials()  # a refresh token alone opens nothing but the refresh
        access = self.credential.verify(presented.access)
        due = access.expired or (access.role_is_old and not self.any_role)
        renewed: Tokens | None = None
        if presented.refresh is not None:
            renewed = self._renew_if_due(access, due, self.credential.verify_refresh(presented.refresh))
        elif due:
            raise ExpiredToken()
        g.renewed = renewed
        role = access.role if renewed is None else renewed.role
        return Identity(access.member_id, access.member_id, role, access.login_id, self.approach)

    def identify_by_access(self) -> Identity:
        """Return who sends this request by its access token alone: nothing is renewed. Raise as `identify` does."""
        return self.identify(replace(present(self.cookies), refresh=None))

    def _renew_if_due(self, access: AccessToken, due: bool, refresh: RefreshToken) -> Tokens | None:
        """Decide the four cases (both tokens are untampered, or we would not be here)."""
        match due, refresh.expired:
            case True, True:
                g.over = True
                raise ExpiredToken()
            case True, False:
                return self._renew(access, refresh)
            case False, True:
                return self._renew_on_strength_of(access, refresh)
            case _:
                return None

    def _renew(self, access: AccessToken, refresh: RefreshToken) -> Tokens:
        try:
            return self.credential.renew(refresh, access.login_id)
        except (RefreshInvalid, RefreshReused) as refusal:
            g.over = not isinstance(refusal, RefreshOfAnotherLogin)
            raise

    def _renew_on_strength_of(self, access: AccessToken, refresh: RefreshToken) -> Tokens | None:
        """Reissue an expired refresh token, but only to the login that it belonged to, and only while that lives.

        The folk version hands a refresh token to whoever holds a valid access token: a stolen access token would
        become a login for ever. Here the expired refresh token has to come along, and be of the same live family.
        """
        try:
            return self.credential.renew(refresh, access.login_id)
        except RefreshInvalid:
            return None  # the access token still opens the page until it expires; nothing is added to it
        except RefreshReused:
            g.over = True
            raise


def present(cookies: Cookies) -> Presented:
    """Read the tokens of a request. Raise `AmbiguousCredentials` if one is sent in two places (RFC 6750 §2)."""
    bearer, access_cookie = bearer_token(), single_cookie(cookies.access)
    header, refresh_cookie = request.headers.get(REFRESH_HEADER), single_cookie(cookies.refresh)
    if (bearer is not None and access_cookie) or (header and refresh_cookie):
        raise AmbiguousCredentials()
    if bearer is not None:
        return Presented(bearer, header, "header")
    return Presented(access_cookie, refresh_cookie or header, "cookie" if access_cookie or refresh_cookie else "header")


def bearer_token() -> str | None:
    """Return the token of `Authorization: Bearer …` (RFC 6750 §2.1), or None. Never read from a URL or a form."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
