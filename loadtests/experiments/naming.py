"""What reports call the approaches, and the hue of each."""

from collections.abc import Mapping

from loadtests.outcome import Hue
from loadtests.words import Text, _

NAMES: Mapping[str, Text] = {
    "open": _("no login"),
    "memory": _("session in node memory"),
    "session": _("session"),
    "untuned": _("session, Flask-Session's default"),
    "token": _("token"),
    "hybrid": _("token with denylist"),
}
HUES: Mapping[str, Hue] = {
    "open": "open",
    "memory": "memory",
    "session": "session",
    "untuned": "untuned",
    "token": "token",
    "hybrid": "hybrid",
}
