"""The lab's refusal of claims that are not on the allowlist."""

from collections.abc import Iterable

from token_auth.claims import CLAIMS, encode
from token_auth.keys import ACCESS, new_key


def refusal(more: Iterable[str]) -> str | None:
    """Return why an access token cannot have these additional claims, or None if it can.

    It calls the function that signs the lab's tokens, with a temporary key.
    """
    claims = dict.fromkeys([*CLAIMS[ACCESS], *more], "")
    try:
        encode(new_key("HS256"), ACCESS, claims)
    except ValueError as refused:
        return str(refused)
    return None
