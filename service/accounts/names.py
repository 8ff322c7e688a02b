"""One spelling for each name (RFC 8265 §3.4, UsernameCasePreserved), however a keyboard or a clipboard has spelled it.

A Mac may send 홍길동 as nine letters (NFD) where others send three syllables (NFC), and an input method may send `ａ`
for `a`. These look alike, so they are one name. `alice` and `Alice` look different and stay two.
"""

import unicodedata

from precis_i18n import get_profile

MAX_USERNAME = 64
WIDE_SPACE = "\u3000"  # of an input method

_WORD = get_profile("UsernameCasePreserved")


class BadName(ValueError):
    """A text that no new member can be called."""


def new_name(typed: str) -> str:
    """Return the name as it is kept: words that the profile takes, with one space between two (RFC 8265 §3.5).

    Raise `BadName` for control and invisible characters, spaces at the ends, mixed directions, symbols and emoji.
    """
    try:
        name = " ".join(_WORD.enforce(word) for word in typed.replace(WIDE_SPACE, " ").split(" "))
    except UnicodeEncodeError:
        raise BadName(typed) from None
    if len(name) > MAX_USERNAME:
        raise BadName(typed)
    return name


def as_compared(typed: str) -> str:
    """Return the one spelling of a name; what is no name to the profile stays as it is.

    Members who were added before there was a profile may be called so. ASCII has one spelling only.
    """
    if typed.isascii():
        return typed
    try:
        return new_name(typed)
    except BadName:
        return typed


def who_may_be_meant(typed: str) -> list[str]:
    """Return the names to look for, the likeliest first: as it was typed, in its one spelling, decomposed.

    The first and the last are members who were added before there was a profile.
    """
    return list(dict.fromkeys([typed, as_compared(typed), unicodedata.normalize("NFD", as_compared(typed))]))
