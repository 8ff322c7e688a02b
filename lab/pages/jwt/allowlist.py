"""What the lab says when a token is to carry more than its allowlist names."""

from collections.abc import Iterable

from token_auth.claims import CLAIMS, encode
from token_auth.keys import ACCESS, new_key


def refusal(more: Iterable[str]) -> str | None:
    """Return why no access token carries these claims as well, or None if it may.

    The very function that signs the lab's tokens is asked, with a key that is thrown away.
    """
    claims = dict.fromkeys([*CLAIMS[ACCESS], *more], "")
    try:
        encode(new_key("HS256"), ACCESS, claims)
    except ValueError as refused:
        return str(refused)
    return None
