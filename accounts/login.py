"""What every log-in has in common, however the login is remembered afterwards."""

from dataclasses import dataclass

from flask import Response, request
from flask_babel import lazy_gettext

from accounts.attempts import Attempts
from accounts.demo import is_public
from accounts.members import MAX_PASSWORD, MAX_USERNAME, Member, Members
from accounts.passwords import matches
from errors import InvalidCredentials
from web.fields import Fields, text_field
from web.negotiation import page
from web.origin import refuse_cross_origin

NAME_OR_PASSWORD = lazy_gettext("The name or the password is wrong.")


@dataclass(frozen=True)
class Door:
    """Checks names and passwords."""

    members: Members
    attempts: Attempts
    public_passwords: bool  # whether what the lab says aloud opens a door: in a lab only

    def authenticate(self, fields: Fields) -> Member:
        """Return the active member whose `username` and `password` were sent.

        An unknown name, a wrong password and a disabled member answer alike, in the same time; so do, outside a
        lab, the members that a lab has left in the database with the passwords that it says aloud.
        Raise `InvalidCredentials`, `RateLimited`, 400 for a bad field, or 403 for another site's form: a log-in
        needs no cookie, but it sets one, and a forged one would log a visitor in as somebody else.
        """
        refuse_cross_origin()
        username = text_field(fields, "username", MAX_USERNAME)
        password = text_field(fields, "password", MAX_PASSWORD)
        address = request.remote_addr or ""
        self.attempts.refuse_if_exhausted(username, address)
        member = self.members.find_active(username)
        fits = matches(member.password_hash if member else None, password)
        if member is None or not fits or (is_public(username, password) and not self.public_passwords):
            self.attempts.count_failure(username, address)
            raise InvalidCredentials(NAME_OR_PASSWORD)
        return member


def login_form(approach: str) -> Response:
    """Show the form; a program learns the names of its fields."""
    return page("auth/login.html", {"approach": approach, "fields": ["username", "password"]})
