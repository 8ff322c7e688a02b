"""Find the member who sent a request, by the tokens in its headers or cookies."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, Self

from flask import g, request

from service.accounts.identity import Identity
from service.config import Config
from service.errors import AmbiguousCredentials, BearerError
from service.web.cookies import Cookie, credential_cookie, single_cookie
from service.web.origin import refuse_cross_origin
from token_auth.blueprint.credential import MemberCredential
from token_auth.credential import Login
from token_auth.guard import bearer_token, refresh_token

SentIn = Literal["cookie", "header"]


@dataclass(frozen=True)
class Cookies:
    """The cookies of the two tokens.

    Both live as long as a refresh token: an expired access token, sent with it, is the second of the four cases.
    """

    access: Cookie
    refresh: Cookie

    @classmethod
    def of(cls, approach: str, config: Config) -> Self:
        """Return the cookies of an approach with these settings."""
        cookie = partial(
            credential_cookie, path=f"/{approach}", secure=config.secure_cookies, max_age_s=config.refresh_ttl_s
        )
        return cls(cookie("access"), cookie("refresh"))


class SentTokens(NamedTuple):
    """The received tokens, not yet verified, and where the access token came from (header or cookie)."""

    access: str | None
    refresh: str | None
    carrier: SentIn


@dataclass(frozen=True)
class TokenBlueprintGuard:
    """Set `g.identity`, or raise. Renewed tokens for the response are left on `g` for `TokenRoutes.carry`.

    `any_role`: also accept an access token with the member's previous role. A member's own logins use it: ending a
    login must not need a refresh first.
    """

    approach: str
    credential: MemberCredential
    cookies: Cookies
    any_role: bool = False

    def __call__(self) -> None:
        access, refresh, carrier = read_tokens(self.cookies)
        if carrier == "cookie":
            refuse_cross_origin()  # a browser adds the cookie to any site's request
        try:
            login, renewed = self.credential.admit(access, refresh, self.any_role)
        except BearerError as refusal:
            g.carrier, g.over = carrier, refusal.over
            raise
        if renewed is not None:
            g.carrier, g.renewed = carrier, renewed
        g.identity = self._identity(login)

    def identify(self) -> Identity:
        """Return who sends this request, by its access token alone. Renew nothing.

        Raise `NoCredentials`, `InvalidToken`, `ExpiredToken`, and `StoreUnavailable` if a denylist does not answer.
        """
        login, _ = self.credential.admit(read_tokens(self.cookies).access, None, self.any_role)
        return self._identity(login)

    def _identity(self, login: Login) -> Identity:
        return Identity(username=login.user_id, role=login.role, login_id=login.login_id, approach=self.approach)


def read_tokens(cookies: Cookies) -> SentTokens:
    """Read the tokens of a request. Raise `AmbiguousCredentials` if one is sent in two places (RFC 6750 §2)."""
    environ = request.environ
    bearer, header = bearer_token(environ), refresh_token(environ)
    if "HTTP_COOKIE" not in environ:
        return SentTokens(bearer, header, "header")
    access_cookie, refresh_cookie = single_cookie(cookies.access.name), single_cookie(cookies.refresh.name)
    if (bearer is not None and access_cookie) or (header and refresh_cookie):
        raise AmbiguousCredentials()
    if bearer is not None:
        return SentTokens(bearer, header, "header")
    return SentTokens(
        access_cookie, refresh_cookie or header, "cookie" if access_cookie or refresh_cookie else "header"
    )
