"""Members: the table, its queries, and the changes that apply to live logins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Boolean, Column, Connection, DateTime, Select, String, Table, insert, select, update

from service.accounts.database import MEMBER_TABLES, Database
from service.accounts.names import MAX_USERNAME, as_compared, new_name, possible_spellings
from service.accounts.passwords import hash_password


@dataclass(frozen=True)
class Member:
    """A person who can log in. A row of `members`.

    The name is the key, in tokens too (`sub`), so that a page can show it without a query. Therefore a name is never
    reused: members are disabled, not deleted.
    """

    username: str
    password_hash: str
    role: str
    disabled: bool
    created_at: datetime

    def view(self) -> dict[str, str]:
        """Return the member as JSON data for clients."""
        return {"id": self.username, "username": self.username, "role": self.role}


# A column for each field above, in the same order.
members = Table(
    "members",
    MEMBER_TABLES,
    Column("username", String(MAX_USERNAME), primary_key=True),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(16), nullable=False, default="user"),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created_at", DateTime, nullable=False, default=lambda: datetime.now(UTC).replace(tzinfo=None)),
)


@dataclass(frozen=True)
class MemberChange:
    """A change of a member: `disabled`, `role` or `password`, with the current role."""

    username: str
    what: Literal["disabled", "role", "password"]
    role: str


class UnknownMember(LookupError):
    """There is no member with this name."""


class NameTaken(ValueError):
    """There is already a member with this name."""


class Members:
    """The members table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, username: str) -> Member | None:
        """Return the member, also a disabled one, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(members).where(members.c.username == username)).one_or_none()
            return None if row is None else Member(*row)

    def find_active(self, username: str) -> Member | None:
        """Return the member if it exists and is not disabled, else None."""
        return _if_active(self.find(username))

    def role_of(self, username: str) -> str | None:
        """Return the member's role; None if the member does not exist or is disabled."""
        member = self.find_active(username)
        return None if member is None else member.role

    def find_as_typed(self, typed: str) -> Member | None:
        """Return the active member whose name was typed in any spelling, or None.

        Two members added by an earlier version may have names that look alike. Then the exact spelling decides.
        """
        with self._database.reading() as connection:
            return _if_active(_meant_by(connection, typed))

    def existing(self, usernames: Iterable[str]) -> set[str]:
        """Return which of these names belong to members."""
        with self._database.reading() as connection:
            return set(connection.scalars(select(members.c.username).where(members.c.username.in_(usernames))))

    def all(self, limit: int) -> list[Member]:
        """Return the first `limit` members by name."""
        with self._database.reading() as connection:
            return _all(connection, select(members).order_by(members.c.username).limit(limit))

    def add(self, username: str, password_hash: str, role: str = "user") -> None:
        """Add a member. Raise `BadName`, or `NameTaken`, also if an older member's name looks the same."""
        name = new_name(username)
        with self._database.writing() as connection:
            if name in map(as_compared, connection.scalars(select(members.c.username))):
                raise NameTaken(name)
            connection.execute(insert(members).values(username=name, password_hash=password_hash, role=role))

    def add_missing(self, usernames: Iterable[str], password_hash: str, role: str = "user") -> int:
        """Add the missing members, all with the same password hash. Return how many were added."""
        with self._database.writing() as connection:
            there = set(connection.scalars(select(members.c.username)))
            rows = [
                {"username": name, "password_hash": password_hash, "role": role}
                for name in usernames
                if name not in there
            ]
            if rows:
                connection.execute(insert(members), rows)
            return len(rows)

    def disable(self, username: str) -> MemberChange:
        """Disable a member. The caller must apply the returned change to the live logins."""
        return self._change(username, "disabled", disabled=True)

    def set_role(self, username: str, role: str) -> MemberChange:
        """Change a member's role."""
        return self._change(username, "role", role=role)

    def set_password(self, username: str, password: str) -> MemberChange:
        """Change a member's password."""
        return self._change(username, "password", password_hash=hash_password(password))

    def _change(self, username: str, what: Literal["disabled", "role", "password"], **values: object) -> MemberChange:
        with self._database.writing() as connection:
            member = _meant_by(connection, username)
            if member is None:
                raise UnknownMember(username)
            connection.execute(update(members).where(members.c.username == member.username).values(**values))
            role = str(values.get("role", member.role))
            return MemberChange(member.username, what, role)


def _if_active(member: Member | None) -> Member | None:
    return None if member is None or member.disabled else member


def _all(connection: Connection, query: Select[Any]) -> list[Member]:
    return [Member(*row) for row in connection.execute(query)]


def _meant_by(connection: Connection, typed: str) -> Member | None:
    names = possible_spellings(typed)
    found = _all(connection, select(members).where(members.c.username.in_(names)))
    return min(found, key=lambda member: names.index(member.username), default=None)
