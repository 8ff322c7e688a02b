"""The arms of an experiment: which members send which requests, under which conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from service.approaches import ApproachFacts

POLL_S = 0.01  # between two attempts with an ended login

Activity = Literal["profile", "without refresh", "bare", "revocation"]


@dataclass(frozen=True)
class Crowd:
    """Members of one approach at one port of a lab. All are logged in before the measurement.

    `query` is appended to every page's address, `login_fields` are sent with every login. `pause_s`: average pause
    between two requests in a closed loop. `traced`: request the server's trace. `algorithm`: the required signature
    algorithm of the tokens; a member with another one stops.
    """

    name: str
    facts: ApproachFacts
    host: str
    users: int
    activity: Activity = "profile"
    query: str = ""
    login_fields: Mapping[str, Any] = field(default_factory=dict)
    pause_s: float = 0.0
    traced: bool = False
    algorithm: str | None = None

    @property
    def approach(self) -> str:
        """The name of its approach."""
        return self.facts.name

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data for the generator."""
        own = {name: value for name, value in vars(self).items() if name != "facts"}
        return {**own, "approach": self.facts.name, "carrier": self.facts.carrier}


@dataclass(frozen=True)
class Arm:
    """A crowd under one set of conditions. `expects`: failures that are expected results, not faults."""

    crowd: Crowd
    factors: Mapping[str, Any]
    expects: frozenset[str] = frozenset()
