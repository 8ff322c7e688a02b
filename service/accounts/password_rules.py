"""What a new password has to be (NIST SP 800-63B-4 §3.1.1.2). One that was chosen before there were rules still opens.

The members of a lab are exempt: what they are given is printed on its home page.
"""

from service.accounts.names import as_compared
from service.accounts.passwords import as_hashed, is_password
from service.accounts.public_members import PUBLIC_PASSWORDS

MIN_PASSWORD = 15  # where a password is the only factor, as here
MAX_PASSWORD = 256  # NIST asks for 64 at least

EASY = {*PUBLIC_PASSWORDS, "password"}


class BadPassword(ValueError):
    """A password that no member can be given. Its text says why."""


def new_password(typed: str, username: str) -> str:
    """Return the password as it is hashed. Raise `BadPassword`.

    Each code point counts as one character. There is no rule on which kinds of character it holds, as NIST has it.
    """
    password = as_hashed(typed)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadPassword(f"a password takes {MIN_PASSWORD} to {MAX_PASSWORD} characters, and several words will do")
    if not is_password(password):
        raise BadPassword("the password holds a character that is not text")
    if _is_easy(password, username):
        raise BadPassword("the password is nothing but the member's name and words that this lab says aloud")
    return password


def _is_easy(password: str, username: str) -> bool:
    left = password.casefold()
    for word in sorted({as_compared(username).casefold(), *EASY}, key=len, reverse=True):  # `load-0001` before `load`
        left = left.replace(word, "")
    return not left.strip()
