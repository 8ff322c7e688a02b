"""What commands print, in the language of the terminal's locale: Korean or English.

Our texts are in the catalogue `messages`. Those of click and argparse, such as "Usage:", are in `terminal`: both look
them up with `gettext`, which follows the locale by itself.
"""

import gettext
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

TRANSLATIONS = Path(__file__).parent.parent / "translations"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first one that is set counts (POSIX XBD 8.2)
TRANSLATED = ("ko",)

gettext.bindtextdomain("terminal", TRANSLATIONS)
gettext.textdomain("terminal")


def language() -> str:
    """Return the terminal's language, `ko` or `en`."""
    locale = next(filter(None, map(os.environ.get, LOCALE)), "")
    code = re.split("[_.@-]", locale)[0].lower()
    return code if code in TRANSLATED else "en"


def _(message: str, **values: Any) -> str:
    """Return a message in the terminal's language. `pybabel` finds messages by this function's name."""
    said = _catalogue(language()).gettext(message)
    return said % values if values else said


def N_(message: str) -> str:  # noqa: N802  # the name by which `pybabel` finds a message that is said elsewhere
    """Return the message unchanged."""
    return message


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation("messages", TRANSLATIONS, [code], fallback=True)


def left(text: object, width: int) -> str:
    """Return a text, padded on its right to as many columns. A Hangul syllable takes two."""
    return f"{text}{' ' * (width - columns(text))}"


def right(text: object, width: int) -> str:
    """Return a text, padded on its left to as many columns."""
    return f"{' ' * (width - columns(text))}{text}"


def columns(text: object) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(1 + (east_asian_width(character) in "WF") for character in str(text))
