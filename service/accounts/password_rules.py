"""The rules for new passwords (NIST SP 800-63B-4 §3.1.1.2). Older passwords that break them still work.

A lab's own members are exempt: their passwords are printed on its home page.
"""

from service.accounts.names import as_compared
from service.accounts.passwords import as_hashed, is_password
from service.accounts.public_members import PUBLIC_PASSWORDS
from service.terminal import _

MIN_PASSWORD = 15  # the password is the only factor
MAX_PASSWORD = 256  # NIST requires at least 64

EASY = {*PUBLIC_PASSWORDS, "password"}


class BadPassword(ValueError):
    """A password that breaks the rules. The message says why."""


def new_password(typed: str, username: str) -> str:
    """Return the password in the spelling that is hashed. Raise `BadPassword`.

    Each code point counts as one character. No kinds of character are required, as NIST demands.
    """
    password = as_hashed(typed)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadPassword(
            _(
                "a password must have %(least)s to %(most)s characters; several words are fine",
                least=MIN_PASSWORD,
                most=MAX_PASSWORD,
            )
        )
    if not is_password(password):
        raise BadPassword(_("the password contains a character that is not text"))
    if _is_easy(password, username):
        raise BadPassword(_("the password consists only of the member's name and words that this lab publishes"))
    return password


def _is_easy(password: str, username: str) -> bool:
    left = password.casefold()
    for word in sorted({as_compared(username).casefold(), *EASY}, key=len, reverse=True):  # `load-0001` before `load`
        left = left.replace(word, "")
    return not left.strip()
