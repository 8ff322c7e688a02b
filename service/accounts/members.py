"""Members: the table, its queries, and the changes that apply to live logins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.accounts.database import Base, Database
from service.accounts.names import MAX_USERNAME, as_compared, new_name, possible_spellings
from service.accounts.passwords import hash_password


class Member(Base):
    """A person who can log in.

    The name is the key, in tokens too (`sub`), so that a page can show it without a query. Therefore a name is never
    reused: members are disabled, not deleted.
    """

    __tablename__ = "members"

    username: Mapped[str] = mapped_column(String(MAX_USERNAME), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default="user")
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))

    def view(self) -> dict[str, str]:
        """Return the member as JSON data for clients."""
        return {"id": self.username, "username": self.username, "role": self.role}


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
        with self._database.reading() as session:
            return session.get(Member, username)

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
        with self._database.reading() as session:
            return _if_active(_meant_by(session, typed))

    def existing(self, usernames: Iterable[str]) -> set[str]:
        """Return which of these names belong to members."""
        with self._database.reading() as session:
            return set(session.scalars(select(Member.username).where(Member.username.in_(usernames))))

    def all(self, limit: int) -> list[Member]:
        """Return the first `limit` members by name."""
        with self._database.reading() as session:
            return list(session.scalars(select(Member).order_by(Member.username).limit(limit)))

    def add(self, username: str, password_hash: str, role: str = "user") -> None:
        """Add a member. Raise `BadName`, or `NameTaken`, also if an older member's name looks the same."""
        name = new_name(username)
        with self._database.writing() as session:
            if name in map(as_compared, session.scalars(select(Member.username))):
                raise NameTaken(name)
            session.add(Member(username=name, password_hash=password_hash, role=role))

    def add_missing(self, usernames: Iterable[str], password_hash: str, role: str = "user") -> int:
        """Add the missing members, all with the same password hash. Return how many were added."""
        with self._database.writing() as session:
            there = set(session.scalars(select(Member.username)))
            rows = [
                {"username": name, "password_hash": password_hash, "role": role}
                for name in usernames
                if name not in there
            ]
            if rows:
                session.execute(insert(Member), rows)
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
        with self._database.writing() as session:
            member = _meant_by(session, username)
            if member is None:
                raise UnknownMember(username)
            for column, value in values.items():
                setattr(member, column, value)
            return MemberChange(member.username, what, member.role)


def _if_active(member: Member | None) -> Member | None:
    return None if member is None or member.disabled else member


def _meant_by(session: Session, typed: str) -> Member | None:
    names = possible_spellings(typed)
    found = session.scalars(select(Member).where(Member.username.in_(names)))
    return min(found, key=lambda member: names.index(member.username), default=None)
