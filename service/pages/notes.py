"""A member's own notes, the protected data."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import lazy_gettext
from sqlalchemy import Column, Connection, DateTime, ForeignKey, Integer, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from service.accounts.database import MEMBER_TABLES, Database
from service.accounts.members import members
from service.accounts.public_members import is_shared_member
from service.errors import NoCredentials

MAX_TEXT = 1000
NEWEST = 50
KEPT = 1000  # per member; for a public member only as many as a page shows


@dataclass(frozen=True)
class Note:
    """One note of one member. A row of `notes`."""

    id: int
    member_id: str
    text: str
    created_at: datetime

    def view(self) -> dict[str, str | int]:
        """Return the note as JSON data for clients."""
        return {"id": self.id, "text": self.text, "created_at": f"{self.created_at.isoformat()}+00:00"}


# A column for each field above, in the same order.
notes = Table(
    "notes",
    MEMBER_TABLES,
    Column("id", Integer, primary_key=True),
    Column("member_id", ForeignKey(members.c.username), nullable=False, index=True),
    Column("text", String(MAX_TEXT), nullable=False),
    Column("created_at", DateTime, nullable=False),
)


class Notes:
    """The notes table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, member_id: str) -> list[Note]:
        """Return the member's newest notes, newest first."""
        mine = select(notes).where(notes.c.member_id == member_id).order_by(notes.c.id.desc()).limit(NEWEST)
        with self._database.reading() as connection:
            return [Note(*row) for row in connection.execute(mine)]

    def add(self, member_id: str, text: str) -> Note:
        """Add a note and return it. The oldest one is deleted if there are too many.

        Raise `NoCredentials` if the member of the login does not exist.
        """
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        try:
            with self._database.writing() as connection:
                new = insert(notes).values(member_id=member_id, text=text, created_at=now)
                key = connection.execute(new).inserted_primary_key
                assert key is not None
                _keep_newest(connection, member_id, NEWEST if is_shared_member(member_id) else KEPT)
                return Note(key[0], member_id, text, now)
        except IntegrityError:
            raise NoCredentials(lazy_gettext("The member of this login is not known here.")) from None


def _keep_newest(connection: Connection, member_id: str, kept: int) -> None:
    mine = notes.c.member_id == member_id
    newest_first = select(notes.c.id).where(mine).order_by(notes.c.id.desc())
    newest_to_go = newest_first.offset(kept).limit(1).scalar_subquery()
    connection.execute(delete(notes).where(mine, notes.c.id <= newest_to_go))
