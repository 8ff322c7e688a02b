"""The lab's colours, read from where they are named: one hue an approach, in pages and charts alike."""

import re
from functools import cache

from cluster.process import ROOT

TOKENS = ROOT / "static" / "css" / "tokens.css"
THEMES = ("light", "dark")
# Flask-Session's default has no hue of its own on any page: it is drawn as the session that it is, and hatched.
ALIASES = {"untuned": "session"}


@cache
def colours(theme: str) -> dict[str, str]:
    """Return the colours of one theme by name."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text("utf-8"))
    named = {name: (light, dark)[THEMES.index(theme)] for name, light, dark in pairs}
    return named | {alias: named[name] for alias, name in ALIASES.items()}
