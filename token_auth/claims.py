"""Encode and decode tokens: which claims they carry, and every check before a claim is trusted.

Claims correspond to a session's record: the store holds that, the client holds these.
"""

import json
import re
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from .key_ring import KeyRing
from .keys import ACCESS, CLOCK_SKEW_S, REFRESH, Key

MAX_TOKEN_LENGTH = 4096

NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL and lone surrogates: databases and headers reject them
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # NUL as JSON escapes it; msgspec itself rejects lone surrogates

# The `base64` module needs three calls each way: 1 µs more.
TO_URL, FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Malformed(Exception):
    """This is not our token. No part of it is trusted."""


# Allowlists: a token has exactly these claims, so it holds no personal data. Each is required and type-checked.
class RefreshClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims of a refresh token (RFC 7519 §4.1). None is about the user."""

    iss: Text
    aud: Text | list[Text]
    iat: int
    exp: int
    jti: Text


class AccessClaims(RefreshClaims, frozen=True, forbid_unknown_fields=True):
    """The claims of an access token (RFC 9068 §2.2)."""

    sub: Text
    role: Text
    login_id: Text


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """The only allowed header fields. jku, jwk, x5u, x5c and crit would let a token bring its own key or rules."""

    alg: str
    kid: str
    typ: str


CLAIMS = {typ: frozenset(kind.__struct_fields__) for typ, kind in ((ACCESS, AccessClaims), (REFRESH, RefreshClaims))}

C = TypeVar("C", AccessClaims, RefreshClaims)


@dataclass(frozen=True)
class Expectation(Generic[C]):
    """The required type, claims, issuer, audience and longest lifetime (seconds) of a token."""

    typ: str
    claims: type[C]
    issuer: str
    audience: str
    longest_s: int


def encode(key: Key, typ: str, claims: dict[str, Any]) -> str:
    """Sign `claims` (RFC 7515 §7.1). Raise `ValueError` for a claim off the allowlist, or a token that is too long."""
    if claims.keys() != CLAIMS[typ]:
        raise ValueError(f"a {typ} carries exactly {sorted(CLAIMS[typ])}")
    payload = json.dumps(claims, separators=(",", ":")).encode()
    signed = b"%b.%b" % (key.header(typ), _base64url(payload))
    token = b"%b.%b" % (signed, _base64url(key.sign(signed)))
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"the token is longer than {MAX_TOKEN_LENGTH} characters: shorten issuer, user id or role")
    return token.decode()


def decode(token: str, key_ring: KeyRing, expected: Expectation[C], now: float) -> C:
    """Return the claims of a genuine token that was issued for us. Raise `Malformed` for any deviation.

    Expiry is not checked here: an expired but genuine token still proves whose login it was.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise Malformed
    try:
        signed, _, signature = token.encode().rpartition(b".")
        header, _, payload = signed.partition(b".")
        key = _key(header, key_ring, expected.typ)
        if not key.has_signed(signed, _bytes(signature)):
            raise Malformed
        said = _bytes(payload)
        claims = msgspec.json.decode(said, type=expected.claims)
    except (ValueError, RecursionError):
        raise Malformed from None
    if b"\\u0000" in said and NUL.search(said):
        raise Malformed
    audiences = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    if claims.iss != expected.issuer or expected.audience not in audiences:
        raise Malformed
    if claims.iat > now + CLOCK_SKEW_S or not 0 < claims.exp - claims.iat <= expected.longest_s:
        raise Malformed
    if not key.may_have_signed(claims.iat):
        raise Malformed
    return claims


def has_expired(claims: RefreshClaims, now: float) -> bool:
    """RFC 7519 §4.1.4: the current time must be *before* `exp`. No leeway: the issuer's clock also verifies."""
    return now >= claims.exp


def _key(header: bytes, key_ring: KeyRing, typ: str) -> Key:
    """Return the key that a header names. The headers that we write are found by their text; others are decoded."""
    ours = key_ring.current().by_header[typ].get(header)
    if ours is not None:
        return ours
    said = msgspec.json.decode(_bytes(header), type=Header)
    key = key_ring.find(said.kid) if said.typ == typ else None
    if key is None or key.state == "revoked" or said.alg != key.alg:
        raise Malformed
    return key


def _bytes(text: bytes) -> bytes:
    """Decode base64url (RFC 7515 §2). Raise `Malformed` for any form but the canonical one."""
    read = a2b_base64(text.translate(FROM_URL) + b"==")
    if _base64url(read) != text:
        raise Malformed
    return read


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).rstrip(b"=").translate(TO_URL)
