"""What is measured: who asks, what, how, and under which conditions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

POLL_S = 0.01  # between two tries of an ended login

Activity = Literal["profile", "bare", "revocation"]

# The arm behind Flask-Session as it comes (see `loadtests.flask_session_default`), as committed runs name it.
FLASK_SESSION_DEFAULT = "untuned"

# Store commands that a request costs, by design. The store's own counters have to say the same.
DESIGN = {"open": 0, "memory": 0, "session": 1, "hybrid": 1, "token": 0, FLASK_SESSION_DEFAULT: 2}


@dataclass(frozen=True)
class Crowd:
    """Members of one approach at one door, all logged in before anything is measured.

    `query` goes behind every page's address, `login_fields` into every login; `pause_s` is what a member waits, on
    average, between two requests when nobody else sets the pace; `traced` asks the server what it did for each.
    `algorithm` is what signs their tokens, where that matters: a member who is given another cannot go on.
    """

    name: str
    approach: str
    host: str
    users: int
    activity: Activity = "profile"
    query: str = ""
    login_fields: Mapping[str, Any] = field(default_factory=dict)
    pause_s: float = 0.0
    traced: bool = False
    algorithm: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the generator takes it."""
        return asdict(self)


@dataclass(frozen=True)
class Arm:
    """A crowd under one set of conditions. `expects` names the failures that are data here, and no fault."""

    crowd: Crowd
    factors: Mapping[str, Any]
    expects: frozenset[str] = frozenset()
