"""Shared by all reports: names and colours of the approaches, and the format of a value with its interval."""

from loadtests.approaches import EDDSA, FLASK_SESSION_DEFAULT, facts_of
from loadtests.estimates import Estimate
from loadtests.outcome import Hue
from loadtests.words import Text, _
from service.approaches import APPROACHES

KINDS = {
    "nothing": _("no login"),
    "memory": _("session in node memory"),
    "store": _("session"),
    "signature": _("token"),
    "signature_store": _("token with denylist"),
}
# An approach of a kind that an earlier one of the table has goes by its own name, as an unknown one does.
_FIRST = {facts.kind: facts.name for facts in reversed(APPROACHES)}
NAMES = {_FIRST[kind]: name for kind, name in KINDS.items() if kind in _FIRST}
NAMES[FLASK_SESSION_DEFAULT] = _("session, Flask-Session's default")


def hue_of(approach: str, algorithm: str | None = None) -> Hue:
    """Return an approach's colour, which has its name. The second kind of token has a variant of it."""
    return "eddsa" if algorithm == EDDSA else approach


TOO_LITTLE = _("Too little was measured for an answer.")

IN_TURN = _(
    "All members are logged in before the measurement. Within each repeat the arms run in another random order. "
    "Each is warmed up, all members wait while the counters are read, and then the window begins."
)


def name_of(approach: str, algorithm: str | None = None) -> Text:
    """Return an approach's name, with its signature algorithm if there are two."""
    name = NAMES.get(approach) or Text(approach)
    if algorithm is None or facts_of(approach).store_reads:
        return name
    return _("%(name)s, %(algorithm)s", name=name, algorithm=algorithm)


def interval(estimate: Estimate | None, pattern: str = ",.0f") -> str:
    """Return a value and its interval, such as `120 (31 … 213)`, or only the value if the interval is not known."""
    if estimate is None:
        return "–"
    value, low, high = (format(each, pattern) for each in (estimate.value, estimate.low, estimate.high))
    return value if estimate.high == float("inf") else f"{value} ({low} … {high})"
