"""Token routes: log in, refresh, log out, and a member's own logins."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from flask import Response, g, jsonify, make_response, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from service.accounts.login import PasswordLogin, login_form
from service.approach import ended, logins_page, mine_or_404
from service.errors import AmbiguousCredentials, BearerError, CredentialError, NoCredentials
from service.web.cookies import sent_by_a_script, single_cookie
from service.web.fields import Fields, is_form, read_fields, seconds_field, text_field
from service.web.headers import VARIES
from service.web.negotiation import done
from service.web.origin import refuse_cross_origin
from token_auth.blueprint.credential import MemberCredential
from token_auth.blueprint.guard import Cookies, read_tokens
from token_auth.claims import MAX_TOKEN_LENGTH
from token_auth.credential import Pair
from token_auth.guard import ACCESS_HEADER, REFRESH_HEADER, refresh_token


@dataclass(frozen=True)
class TokenRoutes:
    """The views of one token approach."""

    approach: str
    credential: MemberCredential
    password_login: PasswordLogin
    shorter_lifetimes: bool
    cookies: Cookies

    def login_form(self) -> Response:
        """Show the form."""
        return login_form(self.approach)

    def login(self) -> Response:
        """Check name and password and issue the first two tokens, in the body or in cookies."""
        fields = read_fields()
        in_cookies = _wants_cookies(fields)
        member = self.password_login.authenticate(fields)
        asked = self._asked_lifetimes(fields)
        if in_cookies:
            self._end_previous()
        tokens = self.credential.issue_for(member, *asked)
        if not in_cookies:
            return make_response(jsonify(tokens.view()))
        body = {"member": member.view(), "expires_in": tokens.expires_in}
        return self._set_cookies(done(body, 200, then=f"{self.approach}.protected.pages.profile"), tokens)

    def refresh(self) -> Response:
        """Exchange a refresh token for new tokens, sent the way the old one was: in the body, a header or cookies."""
        refuse_cross_origin()
        sent = read_tokens(self.cookies)
        g.carrier = "cookie" if single_cookie(self.cookies.refresh.name) else "header"
        token = self._sent_refresh_token()
        if token is None:
            raise NoCredentials()
        try:
            tokens = self.credential.renew(token, sent.access)
        except BearerError as refusal:
            g.over = refusal.over
            raise
        if g.carrier == "cookie":
            response = done({"expires_in": tokens.expires_in}, 200, then=f"{self.approach}.protected.pages.profile")
            return self._set_cookies(response, tokens)
        return make_response(jsonify(tokens.view()))

    def logout(self) -> Response:
        """End the login's refresh tokens at once. Its access token ends too if this approach has a denylist.

        Either token proves whose login it is (RFC 7009), also an access token that has expired or has an earlier role.
        Ending an ended login succeeds.
        """
        refuse_cross_origin()
        sent, refresh = read_tokens(self.cookies), self._sent_refresh_token()
        try:
            self.credential.revoke(sent.access, refresh)
        except BearerError:
            g.carrier, g.over = sent.carrier, True  # delete cookies that prove nothing
            raise
        return self._clear_cookies(done(None, 204, then=f"{self.approach}.login_form"))

    def logins(self) -> Response:
        """Show my live logins."""
        return logins_page(partial(self.credential.live_logins, g.identity.username))

    def end_login(self, login_id: str) -> Response:
        """End one of my logins."""
        mine_or_404(self.credential.end_login(g.identity.username, login_id))
        response = ended(login_id)
        return self._clear_cookies(response) if login_id == g.identity.login_id else response

    def end_all(self) -> Response:
        """End all of my logins, this one included."""
        self.credential.end_all(g.identity.username)
        return self._clear_cookies(ended(g.identity.login_id))

    def carry(self, response: Response) -> Response:
        """Add renewed tokens to the response, or delete the cookies of an ended login. Also on error responses."""
        request.environ[VARIES] = "Cookie, Authorization"
        carrier = g.get("carrier")
        if carrier is None:  # nothing to add or delete
            return response
        if carrier == "cookie" and g.get("over") and not sent_by_a_script():
            return self._clear_cookies(response)
        renewed: Pair | None = g.get("renewed")
        if renewed is None:
            return response
        if carrier == "cookie":
            return self._set_cookies(response, renewed)
        response.headers[ACCESS_HEADER], response.headers[REFRESH_HEADER] = renewed.access, renewed.refresh
        return response

    def _sent_refresh_token(self) -> str | None:
        """Return the refresh token or None. It must be sent in one place only, wherever the access token is."""
        in_body = read_fields().get("refresh_token")
        elsewhere = refresh_token(request.environ) or single_cookie(self.cookies.refresh.name)
        if in_body is None:
            return elsewhere or None
        if elsewhere:
            raise AmbiguousCredentials()
        return text_field({"refresh_token": in_body}, "refresh_token", MAX_TOKEN_LENGTH)

    def _end_previous(self) -> None:
        """End the login of the browser's current cookies, before new ones replace them."""
        access, refresh = (request.cookies.get(cookie.name) for cookie in (self.cookies.access, self.cookies.refresh))
        for proof in ((access, None), (None, refresh)):  # either token is enough
            if any(proof):
                with suppress(CredentialError):  # an invalid cookie names no login
                    self.credential.revoke(*proof)
                    return

    def _asked_lifetimes(self, fields: Fields) -> tuple[int, int]:
        lifetimes = self.credential.lifetimes
        if not self.shorter_lifetimes:
            return lifetimes.access_s, lifetimes.refresh_s
        return (
            seconds_field(fields, "access_ttl_s", lifetimes.access_s),
            seconds_field(fields, "refresh_ttl_s", lifetimes.refresh_s),
        )

    def _set_cookies(self, response: Response, tokens: Pair) -> Response:
        self.cookies.access.set(response, tokens.access)
        return self.cookies.refresh.set(response, tokens.refresh)

    def _clear_cookies(self, response: Response) -> Response:
        g.renewed = None
        self.cookies.access.delete(response)
        return self.cookies.refresh.delete(response)


def _wants_cookies(fields: Fields) -> bool:
    transport = fields.get("transport", "cookie" if is_form() else "body")
    if transport not in ("cookie", "body"):
        raise BadRequest(gettext("transport must be cookie or body."))
    return bool(transport == "cookie")
