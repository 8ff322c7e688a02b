"""UNSAFE, DO NOT COPY: where sacrificial rings are stored. The secrets are worth nothing, so a table is safe enough."""

import json
from collections.abc import Callable
from dataclasses import asdict
from secrets import token_hex

from flask_babel import gettext
from sqlalchemy import Column, Double, MetaData, Select, String, Table, Text, delete, insert, select, update

from service.accounts.database import Database
from service.errors import NotFound
from token_auth.keys import Algorithm, Ring, key_from_file

MOST_RINGS = 500  # a further one deletes the oldest: any visitor can make some
MOST_KEYS = 12
ALGORITHM: Algorithm = "HS256"


RING_TABLES = MetaData()  # only a lab creates them
# A row for each visitor's ring. `keys`: what a key ring file contains.
rings = Table(
    "sacrificial_rings",
    RING_TABLES,
    Column("ring_id", String(16), primary_key=True),
    Column("keys", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
)


class Rings:
    """The rings of all visitors. `now` returns seconds since the epoch."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def create(self, tokens_live_s: int) -> tuple[str, Ring]:
        """Store a new ring whose tokens live at most `tokens_live_s` seconds. Return its id and the ring."""
        ring_id, now = token_hex(8), self._now()
        ring = Ring(()).with_new_key(ALGORITHM, now, tokens_live_s)
        with self._database.writing() as connection:
            older = select(rings.c.ring_id).order_by(rings.c.created_at.desc()).offset(MOST_RINGS - 1)
            connection.execute(delete(rings).where(rings.c.ring_id.in_(list(connection.scalars(older)))))
            connection.execute(insert(rings).values(ring_id=ring_id, keys=_written(ring), created_at=now))
        return ring_id, ring

    def find(self, ring_id: str) -> Ring:
        """Return a ring without the keys that are no longer needed. Raise 404."""
        with self._database.reading() as connection:
            return _read(connection.scalar(_keys_of(ring_id))).without_expired(self._now())

    def change(self, ring_id: str, change: Callable[[Ring, float], Ring]) -> Ring:
        """Replace a ring by what `change(ring, now)` makes of it, and return it. Raise 404, or what `change` raises."""
        with self._database.writing() as connection:
            stored = connection.scalar(_keys_of(ring_id).with_for_update())
            ring = change(_read(stored).without_expired(self._now()), self._now())
            connection.execute(update(rings).where(rings.c.ring_id == ring_id).values(keys=_written(ring)))
        return ring


def _keys_of(ring_id: str) -> Select[str]:
    # By name: `c.keys` is a method.
    return select(rings.c["keys"]).where(rings.c.ring_id == ring_id)


def _written(ring: Ring) -> str:
    return json.dumps([asdict(key) for key in ring.keys])


def _read(stored: str | None) -> Ring:
    if stored is None:
        raise NotFound(gettext("There is no such sacrificial ring any more. Make a new one."))
    return Ring(tuple(key_from_file(entry) for entry in json.loads(stored)))
