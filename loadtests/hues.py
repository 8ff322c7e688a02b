"""The lab's colours, read from its style sheet: one per approach, the same in pages and charts."""

import re
from functools import cache

from lab.cluster.process import ROOT
from loadtests.approaches import FLASK_SESSION_DEFAULT

TOKENS = ROOT / "static" / "css" / "tokens.css"
THEMES = ("light", "dark")
# Variants have no colour of their own: they are hatched in the colour of session or token.
ALIASES = {FLASK_SESSION_DEFAULT: "session", "eddsa": "token"}


@cache
def colours(theme: str) -> dict[str, str]:
    """Return the colours of one theme by name."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text("utf-8"))
    named = {name: (light, dark)[THEMES.index(theme)] for name, light, dark in pairs}
    return named | {alias: named[name] for alias, name in ALIASES.items()}
