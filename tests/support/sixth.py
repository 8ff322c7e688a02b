"""A sixth approach, as small as one can be: a random ticket, looked up in this process's memory.

`create_app(config, more=[add_tickets])` mounts it. No other file of the lab knows of it.
"""

from dataclasses import dataclass, field
from secrets import token_urlsafe
from time import time

from flask import Flask, Response, g, request

from service.accounts.identity import Identity
from service.accounts.login import PasswordLogin, login_form
from service.accounts.members import MemberChange
from service.approach import Approach, ListedLogin, ended, logins_page, mine_or_404
from service.approaches import ApproachFacts
from service.errors import InvalidToken, NoCredentials
from service.web.fields import read_fields
from service.web.negotiation import done

TICKET = ApproachFacts("ticket", "Ticket", carrier="bearer", kept="memory", asks=("memory",))
LIVES_S = 3600


@dataclass
class Held:
    """One login: whose it is, and since when."""

    username: str
    role: str
    login_id: str = field(default_factory=lambda: token_urlsafe(8))
    created_at: float = field(default_factory=time)


class Tickets:
    """The views, the guard and the memory of the approach."""

    def __init__(self, password_login: PasswordLogin) -> None:
        self._password_login = password_login
        self._held: dict[str, Held] = {}

    def identify(self) -> Identity:
        scheme, _, ticket = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise NoCredentials()
        held = self._held.get(ticket)
        if held is None:
            raise InvalidToken()
        return Identity(username=held.username, role=held.role, login_id=held.login_id, approach=TICKET.name)

    def guard(self) -> None:
        g.identity = self.identify()

    def login_form(self) -> Response:
        return login_form(TICKET.name)

    def login(self) -> Response:
        member = self._password_login.authenticate(read_fields())
        ticket = token_urlsafe(32)
        self._held[ticket] = Held(member.username, member.role)
        given = {"member": member.view(), "access_token": ticket, "token_type": "Bearer"}
        return done(given, 200, then=f"{TICKET.name}.protected.pages.profile")

    def logout(self) -> Response:
        self._end(self.identify().login_id)
        return done(None, 204, then=f"{TICKET.name}.login_form")

    def logins(self) -> Response:
        mine = [held for held in self._held.values() if held.username == g.identity.username]
        listed = [ListedLogin(held.login_id, held.created_at, held.created_at + LIVES_S) for held in reversed(mine)]
        return logins_page(lambda first, most: listed[first : first + most])

    def end_login(self, login_id: str) -> Response:
        owners = {held.login_id: held.username for held in self._held.values()}
        mine_or_404(owners.get(login_id) == g.identity.username)
        self._end(login_id)
        return ended(login_id)

    def end_all(self) -> Response:
        self._end_all_of(g.identity.username)
        return ended(g.identity.login_id)

    def member_changed(self, change: MemberChange) -> None:
        if change.what != "role":
            self._end_all_of(change.username)
        for held in self._held.values():
            held.role = change.role if held.username == change.username else held.role

    def _end(self, login_id: str) -> None:
        self._held = {ticket: held for ticket, held in self._held.items() if held.login_id != login_id}

    def _end_all_of(self, username: str) -> None:
        self._held = {ticket: held for ticket, held in self._held.items() if held.username != username}


def add_tickets(_app: Flask, password_login: PasswordLogin) -> Approach:
    """Return the approach."""
    tickets = Tickets(password_login)
    return Approach(TICKET, tickets, tickets.guard, tickets.identify, tickets.member_changed)
