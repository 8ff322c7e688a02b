"""The token itself: which claims it carries, and everything that has to hold before one of them is believed.

The counterpart of a session's record: there the store keeps it, here the client carries it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from jwt import PyJWS, PyJWTError
from jwt.utils import base64url_decode

from .key_ring import KeyRing
from .keys import CLOCK_SKEW_S, Key

ACCESS = "at+jwt"  # RFC 9068 §2.1
REFRESH = "rt+jwt"

# Allowlists. Nothing else gets into a token, so nothing personal does (RFC 8725 §3.11 has types kept apart).
CLAIMS = {
    ACCESS: frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "role", "login_id"}),
    REFRESH: frozenset({"iss", "aud", "iat", "exp", "jti"}),
}
TIMES = frozenset({"iat", "exp"})
HEADER = frozenset({"alg", "typ", "kid"})

MAX_TOKEN_LENGTH = 4096
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

NO_TEXT = re.compile("[\0\ud800-\udfff]")  # no database and no header takes it

Claims = dict[str, Any]

_jws = PyJWS()


class Malformed(Exception):
    """This is no token of ours, and nothing in it is believed."""


@dataclass(frozen=True)
class Expectation:
    """What a token has to be to pass here: its type, issuer and audience, and the longest lifetime (seconds)."""

    typ: str
    issuer: str
    audience: str
    longest_s: int


def encode(key: Key, typ: str, claims: Claims) -> str:
    """Sign `claims` (RFC 7515 §7.1). Raise `ValueError` for a claim that is not on the allowlist, or too long."""
    if claims.keys() != CLAIMS[typ]:
        raise ValueError(f"a {typ} carries exactly {sorted(CLAIMS[typ])}")
    payload = json.dumps(claims, separators=(",", ":")).encode()
    token = _jws.encode(payload, key.signing, algorithm=key.alg, headers={"typ": typ, "kid": key.kid})
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"a token has {MAX_TOKEN_LENGTH} characters at most: issuer, user id and role are too long")
    return token


def decode(token: str, key_ring: KeyRing, expected: Expectation, now: float) -> Claims:
    """Return the claims of a token that is genuine and meant for us. Raise `Malformed` for any oddity.

    Whether it has expired is not judged here: an expired token that is otherwise in order still says whose it was.
    """
    if len(token) > MAX_TOKEN_LENGTH or COMPACT.fullmatch(token) is None:
        raise Malformed
    key = _key(token, key_ring, expected.typ)
    try:
        # The key fixes the algorithm; the header never chooses (RFC 8725 §3.1).
        payload = _jws.decode(token, key.verifying, algorithms=[key.alg])
        claims = json.loads(payload)
    except (PyJWTError, ValueError, RecursionError):
        raise Malformed from None
    _check(claims, expected, now)
    if not key.may_have_signed(claims["iat"]):
        raise Malformed
    return dict(claims)


def has_expired(claims: Claims, now: float) -> bool:
    """RFC 7519 §4.1.4: the current time must be *before* `exp`. No leeway: one clock issues and judges."""
    return bool(now >= claims["exp"])


def _key(token: str, key_ring: KeyRing, typ: str) -> Key:
    try:
        header = json.loads(base64url_decode(token.partition(".")[0]))
    except (ValueError, RecursionError):
        raise Malformed from None
    # jku, jwk, x5u, x5c and crit are not ours: a header that brings its own key, or rules, is refused unread.
    if not isinstance(header, dict) or header.keys() != HEADER or header["typ"] != typ:
        raise Malformed
    key = key_ring.find(header["kid"])
    if key is None or key.state == "revoked" or header["alg"] != key.alg:
        raise Malformed
    return key


def _check(claims: object, expected: Expectation, now: float) -> None:
    if not isinstance(claims, dict) or claims.keys() != CLAIMS[expected.typ]:
        raise Malformed
    for name, value in claims.items():
        right_type = type(value) is int if name in TIMES else isinstance(value, str | list) and bool(value)
        if not right_type or (isinstance(value, list) and name != "aud"):
            raise Malformed
        # JSON can write NUL and half of a character.
        if isinstance(value, str) and NO_TEXT.search(value):
            raise Malformed
    audiences = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
    if not all(isinstance(audience, str) and not NO_TEXT.search(audience) for audience in audiences):
        raise Malformed
    if claims["iss"] != expected.issuer or expected.audience not in audiences:
        raise Malformed
    if claims["iat"] > now + CLOCK_SKEW_S or not 0 < claims["exp"] - claims["iat"] <= expected.longest_s:
        raise Malformed
