"""Trials: a visitor's tries at missions, and what the lab has to keep of each to judge it.

Any visitor can begin some. So there is an upper limit, and a further one deletes the oldest; half of them may come from
one address, so that one machine cannot delete those of all others.
"""

import json
from collections.abc import Callable
from secrets import token_hex
from typing import Any, TypeVar

from flask_babel import gettext
from sqlalchemy import Select, String, Text, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from service.accounts.database import Database
from service.errors import NotFound

MOST_TRIALS = 500
MOST_OF_ONE_ADDRESS = MOST_TRIALS // 2

Kept = dict[str, Any]
T = TypeVar("T")


class TrialBase(DeclarativeBase):
    """The table of the trials. Only a lab creates it."""


class Trial(TrialBase):
    """One try. `player`: the load member with whom it is played. `kept`: a JSON object of a few hundred bytes."""

    __tablename__ = "mission_trials"

    trial_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    mission: Mapped[str] = mapped_column(String(32))
    player: Mapped[str | None] = mapped_column(String(64))
    kept: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[float] = mapped_column(index=True)


class Trials:
    """The trials of all visitors. `now` returns seconds since the epoch."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        database.create_tables(TrialBase.metadata)
        self._database = database
        self._now = now

    def begin(self, mission: str, kept: Kept, player: str | None, address: str) -> str:
        """Store a new trial of the visitor at this address. Return its id, which cannot be guessed."""
        trial_id = token_hex(16)
        newest_first = select(Trial.trial_id).order_by(Trial.begun_at.desc())
        with self._database.writing() as session:
            _delete(session, newest_first.where(Trial.address == address).offset(MOST_OF_ONE_ADDRESS - 1))
            _delete(session, newest_first.offset(MOST_TRIALS - 1))
            trial = Trial(trial_id=trial_id, mission=mission, player=player, kept=json.dumps(kept), address=address)
            trial.begun_at = self._now()
            session.add(trial)
        return trial_id

    def players(self) -> set[str]:
        """Return the load members with whom trials are being played."""
        with self._database.reading() as session:
            return {player for player in session.scalars(select(Trial.player)) if player is not None}

    def mission_of(self, trial_id: str) -> str:
        """Return which mission this is a trial of. Raise 404."""
        with self._database.reading() as session:
            return _there(session.get(Trial, trial_id)).mission

    def find(self, mission: str, trial_id: str) -> Kept:
        """Return what is kept of a trial of this mission. Raise 404."""
        with self._database.reading() as session:
            return _kept(_of_mission(mission, session.get(Trial, trial_id)))

    def keep(self, mission: str, trial_id: str, kept: Kept) -> None:
        """Replace what is kept. Raise 404."""
        with self._database.writing() as session:
            _locked(session, mission, trial_id).kept = json.dumps(kept)

    def change(self, mission: str, trial_id: str, change: Callable[[Kept], T]) -> T:
        """Let `change` alter what is kept, in one transaction, and return its result. Raise 404."""
        with self._database.writing() as session:
            trial = _locked(session, mission, trial_id)
            kept = _kept(trial)
            result = change(kept)
            trial.kept = json.dumps(kept)
        return result


def _delete(session: Session, trial_ids: Select[str]) -> None:
    session.execute(delete(Trial).where(Trial.trial_id.in_(list(session.scalars(trial_ids)))))


def _locked(session: Session, mission: str, trial_id: str) -> Trial:
    return _of_mission(mission, session.get(Trial, trial_id, with_for_update=True))


def _of_mission(mission: str, trial: Trial | None) -> Trial:
    return _there(None if trial is None or trial.mission != mission else trial)


def _there(trial: Trial | None) -> Trial:
    if trial is None:
        raise NotFound(gettext("There is no such try at this mission any more. Begin again."))
    return trial


def _kept(trial: Trial) -> Kept:
    kept: Kept = json.loads(trial.kept)
    return kept
