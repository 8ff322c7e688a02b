"""Trials: a visitor's tries at missions, and what the lab has to keep of each to judge it.

Any visitor can begin some. So there is an upper limit, and a further one deletes the oldest; half of them may come from
one address, so that one machine cannot delete those of all others.
"""

import json
from collections.abc import Callable
from secrets import token_hex
from typing import Any, TypeVar

from flask_babel import gettext
from sqlalchemy import Column, Connection, Double, MetaData, Select, String, Table, Text, delete, insert, select, update

from service.accounts.database import Database
from service.errors import NotFound

MOST_TRIALS = 500
MOST_OF_ONE_ADDRESS = MOST_TRIALS // 2

Kept = dict[str, Any]
T = TypeVar("T")


TRIAL_TABLES = MetaData()  # only a lab creates them
# A row for each try. `player`: the load member with whom it is played. `kept`: a JSON object of a few hundred bytes.
trials = Table(
    "mission_trials",
    TRIAL_TABLES,
    Column("trial_id", String(32), primary_key=True),
    Column("mission", String(32), nullable=False),
    Column("player", String(64)),
    Column("kept", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("begun_at", Double, nullable=False, index=True),
)


class Trials:
    """The trials of all visitors. `now` returns seconds since the epoch."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        database.create_tables(TRIAL_TABLES)
        self._database = database
        self._now = now

    def begin(self, mission: str, kept: Kept, player: str | None, address: str) -> str:
        """Store a new trial of the visitor at this address. Return its id, which cannot be guessed."""
        trial_id = token_hex(16)
        newest_first = select(trials.c.trial_id).order_by(trials.c.begun_at.desc())
        row = {"trial_id": trial_id, "mission": mission, "player": player, "kept": json.dumps(kept), "address": address}
        with self._database.writing() as connection:
            _delete(connection, newest_first.where(trials.c.address == address).offset(MOST_OF_ONE_ADDRESS - 1))
            _delete(connection, newest_first.offset(MOST_TRIALS - 1))
            connection.execute(insert(trials).values(**row, begun_at=self._now()))
        return trial_id

    def players(self) -> set[str]:
        """Return the load members with whom trials are being played."""
        with self._database.reading() as connection:
            return {player for player in connection.scalars(select(trials.c.player)) if player is not None}

    def mission_of(self, trial_id: str) -> str:
        """Return which mission this is a trial of. Raise 404."""
        with self._database.reading() as connection:
            return str(_there(connection.scalar(select(trials.c.mission).where(trials.c.trial_id == trial_id))))

    def find(self, mission: str, trial_id: str) -> Kept:
        """Return what is kept of a trial of this mission. Raise 404."""
        with self._database.reading() as connection:
            return _read(connection, mission, trial_id, lock=False)

    def keep(self, mission: str, trial_id: str, kept: Kept) -> None:
        """Replace what is kept. Raise 404."""
        with self._database.writing() as connection:
            _read(connection, mission, trial_id, lock=True)
            _write(connection, trial_id, kept)

    def change(self, mission: str, trial_id: str, change: Callable[[Kept], T]) -> T:
        """Let `change` alter what is kept, in one transaction, and return its result. Raise 404."""
        with self._database.writing() as connection:
            kept = _read(connection, mission, trial_id, lock=True)
            result = change(kept)
            _write(connection, trial_id, kept)
        return result


def _delete(connection: Connection, trial_ids: Select[str]) -> None:
    connection.execute(delete(trials).where(trials.c.trial_id.in_(list(connection.scalars(trial_ids)))))


def _read(connection: Connection, mission: str, trial_id: str, *, lock: bool) -> Kept:
    one = select(trials.c.kept).where(trials.c.trial_id == trial_id, trials.c.mission == mission)
    kept: Kept = json.loads(_there(connection.scalar(one.with_for_update() if lock else one)))
    return kept


def _write(connection: Connection, trial_id: str, kept: Kept) -> None:
    connection.execute(update(trials).where(trials.c.trial_id == trial_id).values(kept=json.dumps(kept)))


def _there(found: str | None) -> str:
    if found is None:
        raise NotFound(gettext("There is no such try at this mission any more. Begin again."))
    return found
