"""What missions use of the lab: its approaches, its load members, and visitors' sacrificial rings."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import randbelow

from flask_babel import gettext

from lab.sacrificial_ring import Rings
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

    def player(self) -> Member:
        """Return a load member at random: two visitors rarely have the same. Raise 404 if it was disabled.

        Load tests log in the members with low numbers, so the others are chosen.
        """
        half = DEFAULT_LOAD_MEMBERS // 2
        member = self.members.find_active(f"load-{half + 1 + randbelow(half):04d}")
        if member is None:
            raise NotFound(gettext("There is no such load member, or its password was changed."))
        return member
