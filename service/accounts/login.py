"""The password check, which is the same for every approach."""

from dataclasses import dataclass

from flask import Response, request
from flask_babel import lazy_gettext

from service.accounts.attempts import Attempts
from service.accounts.members import Member, Members
from service.accounts.names import MAX_USERNAME, as_compared
from service.accounts.password_rules import MAX_PASSWORD
from service.accounts.passwords import as_hashed, matches
from service.accounts.public_members import is_public
from service.errors import InvalidCredentials
from service.web.fields import Fields, text_field
from service.web.negotiation import page
from service.web.origin import refuse_cross_origin

NAME_OR_PASSWORD = lazy_gettext("The name or the password is wrong.")


@dataclass(frozen=True)
class PasswordLogin:
    """Checks names and passwords."""

    members: Members
    attempts: Attempts
    public_passwords: bool  # whether the lab's published passwords are accepted: only in a lab

    def authenticate(self, fields: Fields) -> Member:
        """Return the active member with this `username` and `password`, in any spelling.

        An unknown name, a wrong password and a disabled member give the same answer in the same time. Outside a lab,
        so do members with a password that a lab has published: a lab may have left them in the database.
        Raise `InvalidCredentials`, `RateLimited`, 400 for a bad field, or 403 for another site's form: a forged
        log-in would set a cookie and log the visitor in as another member (login CSRF).
        """
        refuse_cross_origin()
        username = text_field(fields, "username", MAX_USERNAME, counted=as_compared)
        password = text_field(fields, "password", MAX_PASSWORD, counted=as_hashed)
        address = request.remote_addr or ""
        self.attempts.refuse_if_exhausted(username, address)
        member = self.members.find_as_typed(username)
        fits = matches(member.password_hash if member else None, password)
        if member is None or not fits or self._is_published(member, password):
            self.attempts.count_failure(username, address)
            raise InvalidCredentials(NAME_OR_PASSWORD)
        return member

    def _is_published(self, member: Member, password: str) -> bool:
        """Return whether a lab publishes this password, and this is not a lab. The name is compared as stored."""
        return not self.public_passwords and is_public(member.username, as_hashed(password))


def login_form(approach: str) -> Response:
    """Show the form. A program gets the names of its fields."""
    return page("auth/login.html", {"approach": approach, "fields": ["username", "password"]})
