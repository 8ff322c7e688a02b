"""What missions use of the lab: its approaches, its load members, and visitors' sacrificial rings."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import choice

from flask_babel import gettext

from lab.sacrificial_ring import Rings
from lab.trials import Trials
from service.accounts.members import Member, Members
from service.accounts.public_members import DEFAULT_LOAD_MEMBERS
from service.config import Config
from service.errors import NotFound
from session_auth.blueprint import SessionApproach
from token_auth.blueprint import TokenApproach


@dataclass(frozen=True)
class Ground:
    """The parts of the lab on which missions are played. `now` returns seconds since the epoch."""

    config: Config
    now: Callable[[], float]
    members: Members
    memory: SessionApproach
    session: SessionApproach
    token: TokenApproach
    hybrid: TokenApproach
    rings: Rings
    trials: Trials

    def player(self) -> Member:
        """Return a load member with whom no other try is played. Raise 404 if it was disabled.

        Load tests log in the members with low numbers, so the others are chosen.
        """
        all_players = {
            f"load-{number:04d}" for number in range(DEFAULT_LOAD_MEMBERS // 2 + 1, DEFAULT_LOAD_MEMBERS + 1)
        }
        free = all_players - self.trials.players()
        member = self.members.find_active(choice(sorted(free or all_players)))
        if member is None:
            raise NotFound(gettext("There is no such load member, or its password was changed."))
        return member
