"""Shared by all reports: names and colours of the approaches, and the format of a value with its interval."""

from collections.abc import Mapping
from typing import Final

from loadtests.arms import FLASK_SESSION_DEFAULT
from loadtests.estimates import Estimate
from loadtests.outcome import Hue
from loadtests.words import Text, _

HS256: Final = "HS256"
EDDSA: Final = "EdDSA"
NONE: Final = None

NAMES: Mapping[str, Text] = {
    "open": _("no login"),
    "memory": _("session in node memory"),
    "session": _("session"),
    FLASK_SESSION_DEFAULT: _("session, Flask-Session's default"),
    "token": _("token"),
    "hybrid": _("token with denylist"),
}
HUES: Mapping[str, Hue] = {
    "open": "open",
    "memory": "memory",
    "session": "session",
    FLASK_SESSION_DEFAULT: "untuned",
    "token": "token",
    "hybrid": "hybrid",
}


def hue_of(approach: str, algorithm: str | None) -> Hue:
    """Return an approach's colour. The second kind of token has a variant of it."""
    return "eddsa" if algorithm == EDDSA else HUES[approach]


TOO_LITTLE = _("Too little was measured for an answer.")
GUARDED = ("memory", "session", "token", "hybrid")

IN_TURN = _(
    "All members are logged in before the measurement. Within each repeat the arms run in another random order. "
    "Each is warmed up, all members wait while the counters are read, and then the window begins."
)


def name_of(approach: str, algorithm: str | None = None) -> Text:
    """Return an approach's name, with its signature algorithm if there are two."""
    if approach != "token" or algorithm is None:
        return NAMES[approach]
    return _("%(name)s, %(algorithm)s", name=NAMES[approach], algorithm=algorithm)


def interval(estimate: Estimate | None, pattern: str = ",.0f") -> str:
    """Return a value and its interval, such as `120 (31 … 213)`, or only the value if the interval is not known."""
    if estimate is None:
        return "–"
    value, low, high = (format(each, pattern) for each in (estimate.value, estimate.low, estimate.high))
    return value if estimate.high == float("inf") else f"{value} ({low} … {high})"
