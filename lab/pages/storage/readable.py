"""UNSAFE TO COPY: `/storage/readable`, a login whose two cookies scripts can read, because HttpOnly is missing.

The cookies are sent to `/storage` and below it only, so that no other page of the lab receives them.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from flask import Blueprint, Response, g, make_response, request

from lab.pages.storage.place import place_blueprint
from service.accounts.login import PasswordLogin
from service.errors import CredentialError
from service.pages import Notes
from service.web.cookies import Cookie, credential_cookie
from service.web.fields import read_fields
from service.web.headers import VARIES
from service.web.negotiation import json_response
from service.web.origin import refuse_cross_origin
from token_auth.blueprint.credential import MemberCredential
from token_auth.blueprint.guard import Cookies, TokenBlueprintGuard, read_tokens
from token_auth.credential import Pair

NAME = "readable"
PREFIX = "/storage/readable"
COOKIE_PATH = "/storage"  # where the page's own scripts run: a script sees the cookies of its page's path


@dataclass(frozen=True)
class Readable:
    """The views. Its tokens are those of `/token`: what a script steals here opens that too."""

    tokens: MemberCredential
    password_login: PasswordLogin
    cookies: Cookies

    def login(self) -> Response:
        """Check name and password, and issue two tokens in cookies that scripts can read."""
        member = self.password_login.authenticate(read_fields())
        with suppress(CredentialError):  # the cookies that are replaced may name no login
            self._end()
        lifetimes = self.tokens.lifetimes
        issued = self.tokens.issue_for(member, lifetimes.access_s, lifetimes.refresh_s)
        return self._set(json_response({"member": member.view()}), issued)

    def logout(self) -> Response:
        """End the login, and delete the cookies."""
        refuse_cross_origin()
        self._end()
        return self.cookies.refresh.delete(self.cookies.access.delete(make_response("", 204)))

    def carry(self, response: Response) -> Response:
        """Add renewed tokens to the response."""
        request.environ[VARIES] = "Cookie, Authorization"
        renewed: Pair | None = g.get("renewed")
        return response if renewed is None else self._set(response, renewed)

    def _end(self) -> None:
        sent = read_tokens(self.cookies)
        self.tokens.revoke(sent.access, sent.refresh)

    def _set(self, response: Response, tokens: Pair) -> Response:
        self.cookies.access.set(response, tokens.access)
        return self.cookies.refresh.set(response, tokens.refresh)


def readable_blueprint(
    tokens: MemberCredential, password_login: PasswordLogin, secure: bool, notes: Notes
) -> Blueprint:
    """Return the place."""
    readable = Readable(tokens, password_login, readable_cookies(secure))
    guard = TokenBlueprintGuard(NAME, tokens, readable.cookies)
    place = place_blueprint(NAME, PREFIX, guard, notes)
    place.add_url_rule("/login", view_func=readable.login, methods=["POST"])
    place.add_url_rule("/logout", view_func=readable.logout, methods=["POST"])
    place.after_request(readable.carry)
    return place


def readable_cookies(secure: bool) -> Cookies:
    """Return the two cookies."""
    return Cookies(_readable("access", secure), _readable("refresh", secure))


def _readable(name: str, secure: bool) -> Cookie:
    return replace(credential_cookie(f"readable_{name}", COOKIE_PATH, secure), http_only=False)
