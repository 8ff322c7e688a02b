"""UNSAFE, DO NOT COPY: sign and verify the tokens of a sacrificial ring. `token_auth/claims.py` is the correct version.

THE HOLE: a token that does not name its key is tried with every key. So each forged token without a kid costs the
server as many verifications as it has keys.
"""

import json
from collections.abc import Iterator
from secrets import token_urlsafe
from typing import Annotated, Literal, TypeVar

import msgspec
from flask_babel import gettext

from service.errors import ExpiredToken, InvalidToken
from service.measurement import step
from token_auth.keys import CLOCK_SKEW_S, LONGEST_LIFE_S, Key, Ring, base64url_decode, base64url_encode


class Header(msgspec.Struct):
    """The fields of a header that are read."""

    alg: Literal["HS256"]
    kid: str | None = None


class Claims(msgspec.Struct):
    """The claims that are read. Others may be there."""

    iss: str
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    role: Literal["user", "admin"]
    iat: int
    exp: int


T = TypeVar("T", Header, Claims)


def issuer_of(ring_id: str) -> str:
    """Return the issuer of one ring. The lab's own is another one."""
    return f"sacrifice:{ring_id}"


def issue(ring: Ring, issuer: str, username: str, now: float) -> str:
    """Return a token of `username`, a user, signed by the active key."""
    key, issued_at = ring.active, int(now)
    times = {"iat": issued_at, "exp": issued_at + (key.tokens_live_s or LONGEST_LIFE_S)}
    claims = {"iss": issuer, "sub": username, "role": "user", **times, "jti": token_urlsafe(8)}
    signed = b".".join([key.header("JWT"), base64url_encode(json.dumps(claims, separators=(",", ":")).encode())])
    return b".".join([signed, base64url_encode(key.sign(signed))]).decode()


def admit(ring: Ring, issuer: str, token: str, now: float) -> Claims:
    """Return the claims of a token that a key of the ring has signed. Raise `InvalidToken` or `ExpiredToken`."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    header, _, payload = signed.partition(b".")
    key = _signer(ring, _decoded(header, Header), signed, signature)
    claims = _decoded(payload, Claims)
    lives_s = claims.exp - claims.iat
    if claims.iss != issuer or not 0 < lives_s <= (key.tokens_live_s or LONGEST_LIFE_S):
        raise InvalidToken(gettext("The signature is right, but the token is of another ring or lives too long."))
    if claims.iat > now + CLOCK_SKEW_S or not key.may_have_signed(claims.iat):
        raise InvalidToken(gettext("The signature is right, but its key did not sign at that time."))
    if now >= claims.exp:
        raise ExpiredToken()
    return claims


def _signer(ring: Ring, header: Header, signed: bytes, signature: bytes) -> Key:
    """Return the key that made the signature, and record every verification as a step. Raise `InvalidToken`."""
    tried = _every_key(ring) if header.kid is None else _named_key(ring, header.kid)
    for key in tried:
        if _has_signed(key, signed, signature):
            return key
    raise InvalidToken(gettext("No key that may be used has made this signature."))


def _named_key(ring: Ring, kid: str) -> Iterator[Key]:
    key = ring.find(kid)
    found = "unknown" if key is None else "revoked" if key.state == "revoked" else "key found"
    with step("verify", f"kid {kid[:20]} → {found}"):
        pass  # the step is the finding
    if key is not None and found == "key found":
        yield key


def _every_key(ring: Ring) -> Iterator[Key]:
    with step("verify", "no kid → every key is tried"):
        pass
    yield from (key for key in reversed(ring.keys) if key.state != "revoked")


def _has_signed(key: Key, signed: bytes, signature: bytes) -> bool:
    with step("verify", f"HMAC with {key.kid}"):
        try:
            return key.has_signed(signed, base64url_decode(signature))
        except ValueError:
            return False


def _decoded(part: bytes, as_type: type[T]) -> T:
    try:
        return msgspec.json.decode(base64url_decode(part), type=as_type)
    except (ValueError, RecursionError) as fault:
        raise InvalidToken(gettext("A part of the token cannot be read: %(fault)s", fault=str(fault)[:100])) from None
