"""What all reports share: names and hues of the approaches, and how a value with its interval is written."""

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
    """Return an approach's hue; the second of two kinds of tokens has a variant of theirs."""
    return "eddsa" if algorithm == EDDSA else HUES[approach]


TOO_LITTLE = _("Too little was measured for an answer.")
GUARDED = ("memory", "session", "token", "hybrid")

IN_TURN = _(
    "Everybody is logged in before anything is measured. Within each repeat the arms run in another random order; each "
    "is warmed up, everybody stands still while counters are read, and then the window begins."
)


def name_of(approach: str, algorithm: str | None = None) -> Text:
    """Return an approach's name, and where there are two of it, what signs its tokens."""
    if approach != "token" or algorithm is None:
        return NAMES[approach]
    return _("%(name)s, %(algorithm)s", name=NAMES[approach], algorithm=algorithm)


def interval(estimate: Estimate | None, pattern: str = ",.0f") -> str:
    """Return a value and its interval, `120 (31 … 213)`; without one, if nobody knows it."""
    if estimate is None:
        return "–"
    value, low, high = (format(each, pattern) for each in (estimate.value, estimate.low, estimate.high))
    return value if estimate.high == float("inf") else f"{value} ({low} … {high})"
