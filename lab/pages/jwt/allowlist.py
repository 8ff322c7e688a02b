"""The lab's refusal of claims that are not on the allowlist."""

from collections.abc import Iterable

from flask_babel import gettext

from token_auth.claims import CLAIMS, encode
from token_auth.keys import ACCESS, new_key


def refusal(more: Iterable[str]) -> str | None:
    """Return why an access token cannot have these additional claims, in the reader's language, or None if it can.

    It calls the function that signs the lab's tokens, with a temporary key.
    """
    listed = sorted(CLAIMS[ACCESS])
    claims = dict.fromkeys([*listed, *more], "")
    try:
        encode(new_key("HS256"), ACCESS, claims)
    except ValueError:
        added = ", ".join(name for name in claims if name not in listed)
        said: str = gettext(
            "an access token cannot have %(added)s, only %(listed)s.", added=added, listed=", ".join(listed)
        )
        return said
    return None
