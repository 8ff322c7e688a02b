"""UNSAFE, DO NOT COPY: a server that lets the token's header choose how it is verified (RFC 8725 §3.1)."""

import hashlib
import hmac
import json
from secrets import token_hex
from typing import Any

from flask_babel import gettext

from lab.trials import Kept
from service.config import DAY_S
from service.errors import ExpiredToken, InvalidToken
from service.web.fields import is_text
from token_auth.keys import base64url_decode, base64url_encode

UNSIGNED_TOKEN = "alg-none"  # noqa: S105  # the name of a mission


def report_server() -> Kept:
    """Return what a new server keeps: its key, and a report for its admin."""
    return {"key": token_hex(32), "report": f"report-{token_hex(8)}"}


def issue(kept: Kept, now: float) -> str:
    """Return bob's token, signed: he is a user."""
    claims = {"sub": "bob", "role": "user", "iat": int(now), "exp": int(now) + DAY_S}
    parts = [base64url_encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(parts)
    return b".".join([signed, base64url_encode(_signature(kept, signed))]).decode()


def admit(kept: Kept, token: str, now: float) -> dict[str, str]:
    """Return the member that the token names. Raise `InvalidToken` or `ExpiredToken`."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    header, claims = map(_decoded, signed.split(b".")) if signed.count(b".") == 1 else ({}, {})
    # THE HOLE: the header of the token decides whether there is a signature to verify.
    if str(header.get("alg")).lower() != "none" and not _is_signature(kept, signed, signature):
        raise InvalidToken(gettext("The signature does not match."))
    username, role, expires_at = (claims.get(name) for name in ("sub", "role", "exp"))
    if not (isinstance(username, str) and isinstance(role, str) and isinstance(expires_at, int)):
        raise InvalidToken(gettext("The payload needs sub, role and exp."))
    if not is_text(username + role):
        raise InvalidToken()
    if now >= expires_at:
        raise ExpiredToken()
    return {"username": username[:64], "role": role[:16]}


def _is_signature(kept: Kept, signed: bytes, signature: bytes) -> bool:
    try:
        return hmac.compare_digest(_signature(kept, signed), base64url_decode(signature))
    except ValueError:
        return False


def _signature(kept: Kept, signed: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(kept["key"]), signed, hashlib.sha256)


def _decoded(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(base64url_decode(part))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
