"""The approach without a guard: everybody is the guest. What the other approaches cost is measured against it."""

from flask import Response, g

from service.accounts.identity import Identity
from service.accounts.login import PasswordLogin, login_form
from service.accounts.public_members import GUEST
from service.approach import Approach, ended, logins_page, mine_or_404
from service.web.fields import read_fields
from service.web.negotiation import done
from service.web.origin import refuse_cross_origin

NAME = "open"
IDENTITY = Identity(GUEST, GUEST, "user", "", NAME)


class OpenRoutes:
    """The views of an approach that remembers nothing."""

    def __init__(self, password_login: PasswordLogin) -> None:
        self._password_login = password_login

    def login_form(self) -> Response:
        """Show the form."""
        return login_form(NAME)

    def login(self) -> Response:
        """Check name and password, and forget them."""
        member = self._password_login.authenticate(read_fields())
        return done({"member": member.view()}, 200, then=f"{NAME}.protected.pages.profile")

    def logout(self) -> Response:
        """End nothing: there is no login."""
        refuse_cross_origin()
        return done(None, 204, then=f"{NAME}.login_form")

    def logins(self) -> Response:
        """Show that there is none."""
        return logins_page(lambda _first, _most: [])

    def end_login(self, login_id: str) -> Response:
        """Find no login to end."""
        mine_or_404(False)
        return ended(login_id)

    def end_all(self) -> Response:
        """End nothing: there is no login."""
        return ended(g.identity.login_id)


def open_approach(password_login: PasswordLogin) -> Approach:
    """Return the approach; it needs the guest among the members."""
    return Approach(NAME, OpenRoutes(password_login), guard, lambda: IDENTITY)


def guard() -> None:
    """Let everybody in as the guest; what another site's page sends would be kept here too."""
    refuse_cross_origin()
    g.identity = IDENTITY
