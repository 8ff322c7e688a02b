"""Normalize names to one spelling (RFC 8265 §3.4, UsernameCasePreserved).

A Mac may send 홍길동 as nine letters (NFD) while others send three syllables (NFC), and an input method may send `ａ`
for `a`. These look alike, so they are one name. `alice` and `Alice` look different and are two names.
"""

import unicodedata

from precis_i18n import get_profile

MAX_USERNAME = 64
WIDE_SPACE = "\u3000"  # from an input method

_WORD = get_profile("UsernameCasePreserved")


class BadName(ValueError):
    """A text that cannot be a new member's name."""


def new_name(typed: str) -> str:
    """Return the name as it is stored: words that the profile allows, separated by one space (RFC 8265 §3.5).

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
    """Return the normalized spelling of a name. A text that the profile does not allow is returned unchanged.

    Members added by an earlier version may have such names. ASCII has only one spelling.
    """
    if typed.isascii():
        return typed
    try:
        return new_name(typed)
    except BadName:
        return typed


def possible_spellings(typed: str) -> list[str]:
    """Return the names to look for, in this order: as typed, normalized, decomposed.

    The first and the last may be members added by an earlier version, which did not normalize names.
    """
    return list(dict.fromkeys([typed, as_compared(typed), unicodedata.normalize("NFD", as_compared(typed))]))
