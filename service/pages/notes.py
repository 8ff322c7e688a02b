"""A member's own notes, the protected data."""

from datetime import UTC, datetime

from flask_babel import lazy_gettext
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.accounts.database import Base, Database
from service.accounts.public_members import is_shared_member
from service.errors import NoCredentials

MAX_TEXT = 1000
NEWEST = 50
KEPT = 1000  # per member; for a public member only as many as a page shows


class Note(Base):
    """One note of one member."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.username"), index=True)
    text: Mapped[str] = mapped_column(String(MAX_TEXT))
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None, microsecond=0))

    def view(self) -> dict[str, str | int]:
        """Return the note as JSON data for clients."""
        return {"id": self.id, "text": self.text, "created_at": f"{self.created_at.isoformat()}+00:00"}


class Notes:
    """The notes table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, member_id: str) -> list[Note]:
        """Return the member's newest notes, newest first."""
        mine = select(Note).where(Note.member_id == member_id).order_by(Note.id.desc()).limit(NEWEST)
        with self._database.reading() as session:
            return list(session.scalars(mine))

    def add(self, member_id: str, text: str) -> Note:
        """Add a note and return it. The oldest one is deleted if there are too many.

        Raise `NoCredentials` if the member of the login does not exist.
        """
        try:
            with self._database.writing() as session:
                note = Note(member_id=member_id, text=text)
                session.add(note)
                session.flush()
                _keep_newest(session, member_id, NEWEST if is_shared_member(member_id) else KEPT)
                return note
        except IntegrityError:
            raise NoCredentials(lazy_gettext("The member of this login is not known here.")) from None


def _keep_newest(session: Session, member_id: str, kept: int) -> None:
    mine = select(Note.id).where(Note.member_id == member_id).order_by(Note.id.desc())
    newest_to_go = mine.offset(kept).limit(1).scalar_subquery()
    session.execute(delete(Note).where(Note.member_id == member_id, Note.id <= newest_to_go))
