"""Open the key ring by the lab's settings, and say for the trace which key a token names."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Any

from service.config import Algorithm, BadConfig
from service.terminal import _
from token_auth.errors import BadKeyRing
from token_auth.key_ring import KeyRing
from token_auth.keys import LONGEST_LIFE_S, Ring, base64url_decode

KID_SHOWN = 20  # characters: a client can send any


@contextmanager
def naming_the_setting() -> Iterator[None]:
    """Raise `BadConfig`, which names `KEY_RING_FILE`, for a `BadKeyRing`."""
    try:
        yield
    except BadKeyRing as error:
        raise BadConfig(f"KEY_RING_FILE: {_(error.text, **error.values)}") from None


@naming_the_setting()
def open_key_ring(
    file: Path, alg: Algorithm, now: Callable[[], float] = time, tokens_live_s: int = LONGEST_LIFE_S
) -> KeyRing:
    """Open the ring as `KeyRing` does. Raise `BadConfig`."""
    return KeyRing(file, alg, now, tokens_live_s)


def key_told(token: str, typ: str, ring: Ring) -> str:
    """Say which key a token of type `typ` names by its kid, what the ring has of that name, and what was checked.

    Only the key that is found is tried. Without one, neither signature nor claims are read.
    """
    header = _header(token)
    kid = header.get("kid")
    if not isinstance(kid, str):
        return f"{typ} without a kid → refused, no key is tried"
    named, key = f"{typ} kid {kid[:KID_SHOWN]}", ring.find(kid)
    if key is None:
        return f"{named} → unknown, refused"
    if key.state == "revoked":
        return f"{named} → revoked, refused"
    if (header.get("alg"), header.get("typ")) != (key.alg, typ):
        return f"{named} → key found, but another alg or typ, refused"
    return f"{named} → key found, signature and claims"


def _header(token: str) -> dict[str, Any]:
    try:
        header = json.loads(base64url_decode(token.partition(".")[0]))
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
