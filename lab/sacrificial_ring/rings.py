"""UNSAFE, DO NOT COPY: where sacrificial rings are stored. The secrets are worth nothing, so a table is safe enough."""

import json
from collections.abc import Callable
from dataclasses import asdict
from secrets import token_hex

from flask_babel import gettext
from sqlalchemy import String, Text, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.accounts.database import Database
from service.errors import NotFound
from token_auth.keys import Algorithm, Ring, key_from_file

MOST_RINGS = 500  # a further one deletes the oldest: any visitor can make some
MOST_KEYS = 12
ALGORITHM: Algorithm = "HS256"


class SacrificeBase(DeclarativeBase):
    """The table of the rings. Only a lab creates it."""


class StoredRing(SacrificeBase):
    """One visitor's ring, in the form of a key ring file."""

    __tablename__ = "sacrificial_rings"

    ring_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    keys: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(index=True)


class Rings:
    """The rings of all visitors. `now` returns seconds since the epoch."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def create(self, tokens_live_s: int) -> tuple[str, Ring]:
        """Store a new ring whose tokens live at most `tokens_live_s` seconds. Return its id and the ring."""
        ring_id, now = token_hex(8), self._now()
        ring = Ring(()).with_new_key(ALGORITHM, now, tokens_live_s)
        with self._database.writing() as session:
            older = select(StoredRing.ring_id).order_by(StoredRing.created_at.desc()).offset(MOST_RINGS - 1)
            session.execute(delete(StoredRing).where(StoredRing.ring_id.in_(list(session.scalars(older)))))
            session.add(StoredRing(ring_id=ring_id, keys=_written(ring), created_at=now))
        return ring_id, ring

    def find(self, ring_id: str) -> Ring:
        """Return a ring without the keys that are no longer needed. Raise 404."""
        with self._database.reading() as session:
            return _read(session.get(StoredRing, ring_id)).without_expired(self._now())

    def change(self, ring_id: str, change: Callable[[Ring, float], Ring]) -> Ring:
        """Replace a ring by what `change(ring, now)` makes of it, and return it. Raise 404, or what `change` raises."""
        with self._database.writing() as session:
            stored = session.get(StoredRing, ring_id, with_for_update=True)
            ring = change(_read(stored).without_expired(self._now()), self._now())
            assert stored is not None
            stored.keys = _written(ring)
        return ring


def _written(ring: Ring) -> str:
    return json.dumps([asdict(key) for key in ring.keys])


def _read(stored: StoredRing | None) -> Ring:
    if stored is None:
        raise NotFound(gettext("There is no such sacrificial ring any more. Make a new one."))
    return Ring(tuple(key_from_file(entry) for entry in json.loads(stored.keys)))
