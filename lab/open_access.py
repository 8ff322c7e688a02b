"""The approach without a guard: every request is the guest's. It is the baseline for measuring the others."""

from flask import Response, g

from service.accounts.identity import Identity
from service.accounts.login import PasswordLogin, login_form
from service.accounts.public_members import GUEST
from service.approach import Approach, ended, logins_page, mine_or_404
from service.approaches import OPEN
from service.web.fields import read_fields
from service.web.negotiation import done
from service.web.origin import refuse_cross_origin

NAME = OPEN.name
IDENTITY = Identity(username=GUEST, role="user", login_id="", approach=NAME)


class OpenRoutes:
    """The views of an approach without logins."""

    def __init__(self, password_login: PasswordLogin) -> None:
        self._password_login = password_login

    def login_form(self) -> Response:
        """Show the form."""
        return login_form(NAME)

    def login(self) -> Response:
        """Check name and password, and store nothing."""
        member = self._password_login.authenticate(read_fields())
        return done({"member": member.view()}, 200, then=f"{NAME}.protected.pages.profile")

    def logout(self) -> Response:
        """End nothing: there is no login."""
        refuse_cross_origin()
        return done(None, 204, then=f"{NAME}.login_form")

    def logins(self) -> Response:
        """Show an empty list: there are no logins."""
        return logins_page(lambda _first, _most: [])

    def end_login(self, login_id: str) -> Response:
        """Answer 404: there are no logins."""
        mine_or_404(False)
        return ended(login_id)

    def end_all(self) -> Response:
        """End nothing: there is no login."""
        return ended(g.identity.login_id)


def open_approach(password_login: PasswordLogin) -> Approach:
    """Return the approach. The guest must be a member."""
    return Approach(OPEN, OpenRoutes(password_login), guard, lambda: IDENTITY)


def guard() -> None:
    """Let every request in as the guest. Other sites' requests are refused: a note that they send would be stored."""
    refuse_cross_origin()
    g.identity = IDENTITY
