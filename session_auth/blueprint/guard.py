"""Find the member who sent a request, by the session id in its cookie."""

from dataclasses import dataclass

from flask import after_this_request, g

from service.accounts.identity import Identity
from service.errors import InvalidSession, NoCredentials
from service.web.cookies import Cookie, sent_by_a_script, single_cookie
from service.web.origin import refuse_cross_origin
from session_auth.blueprint.credential import MemberCredential
from session_auth.blueprint.interface import live_session


@dataclass(frozen=True)
class SessionBlueprintGuard:
    """Set `g.identity`. Raise if there is no cookie, no live session, or the store does not answer."""

    approach: str
    credential: MemberCredential
    cookie: Cookie

    def __call__(self) -> None:
        refuse_cross_origin()  # a browser adds the cookie to any site's request
        try:
            g.identity = self.identify()
        except InvalidSession:
            if live_session().opened.over and not sent_by_a_script():
                after_this_request(self.cookie.delete)  # its login has ended
            raise

    def identify(self) -> Identity:
        """Return who sends this request. Raise `NoCredentials`, `InvalidSession` or `StoreUnavailable`."""
        session = live_session()
        if not session.sent_once and single_cookie(self.cookie.name) is None:
            raise NoCredentials()
        record = self.credential.verify(session.opened)
        return Identity(username=record.user_id, role=record.role, login_id=record.login_id, approach=self.approach)
