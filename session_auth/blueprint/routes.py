"""Session routes: log in, renew, log out, and a member's own logins."""

from dataclasses import dataclass
from functools import partial

from flask import Response, g

from service.accounts.login import PasswordLogin, login_form
from service.approach import ended, logins_page, mine_or_404
from service.errors import NoCredentials
from service.web.cookies import Cookie, single_cookie
from service.web.fields import read_fields, seconds_field
from service.web.negotiation import done
from service.web.origin import refuse_cross_origin
from session_auth.blueprint.credential import MemberCredential
from session_auth.blueprint.interface import live_session


@dataclass(frozen=True)
class SessionRoutes:
    """The views of one session approach."""

    approach: str
    credential: MemberCredential
    password_login: PasswordLogin
    idle_s: int
    shorter_lifetimes: bool
    cookie: Cookie

    def login_form(self) -> Response:
        """Show the form."""
        return login_form(self.approach)

    def login(self) -> Response:
        """Check name and password and start a session with a new id. The previous session of this browser ends."""
        fields = read_fields()
        previous = live_session().opened  # read it first: if the store is down, the login fails
        member = self.password_login.authenticate(fields)
        idle_s = seconds_field(fields, "session_idle_s", self.idle_s) if self.shorter_lifetimes else self.idle_s
        if previous.record is not None or previous.renewed_by_now is not None:
            self.credential.revoke(previous)  # session fixation, or a thief renewed it
        sid = self.credential.issue_for(member, idle_s)
        response = done({"member": member.view()}, 200, then=f"{self.approach}.protected.pages.profile")
        return self.cookie.set(response, sid)

    def renew(self) -> Response:
        """Give this login a new id. The old id stops working."""
        self.credential.renew(live_session().opened)
        return done({"renewed": True}, 200, then=f"{self.approach}.own.logins")

    def logout(self) -> Response:
        """End this login at once, also for requests in flight. Ending an ended login succeeds."""
        refuse_cross_origin()
        if single_cookie(self.cookie.name) is None:
            raise NoCredentials()
        self.credential.revoke(live_session().opened)
        return self.cookie.delete(done(None, 204, then=f"{self.approach}.login_form"))

    def logins(self) -> Response:
        """Show my live logins."""
        return logins_page(partial(self.credential.live_logins, g.identity.username))

    def end_login(self, login_id: str) -> Response:
        """End one of my logins."""
        mine_or_404(self.credential.end_login(g.identity.username, login_id))
        response = ended(login_id)
        return self.cookie.delete(response) if login_id == g.identity.login_id else response

    def end_all(self) -> Response:
        """End all of my logins, this one included."""
        self.credential.end_all(g.identity.username)
        return self.cookie.delete(ended(g.identity.login_id))
