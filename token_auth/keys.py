"""Signing keys and their states.

A key is `active` (it signs), `retired` (it no longer signs, but tokens that it signed while active are valid) or
`revoked` (its tokens are refused at once). A key is removed after its last token has expired; a revoked one may be
deleted before.
"""

import hmac
import json
import logging
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from math import inf
from time import time
from typing import TYPE_CHECKING, Any, Literal, get_args

from .errors import BadKeyRing, KeyInUse, UnknownKey

if TYPE_CHECKING:
    from jwt import PyJWK

log = logging.getLogger(__name__)

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]
State = Literal["active", "retired", "revoked"]

HMAC_BYTES = 32  # RFC 7518 §3.2: a key of the hash's size or larger
RSA_BITS = 2048  # RFC 7518 §3.3: 2048 bits or larger
FEWEST_DISTINCT_BYTES = 12  # 32 random bytes have fewer with probability 10^-15

DAY_S = 24 * 60 * 60
YEAR_S = 365 * DAY_S
CLOCK_SKEW_S = 5  # how far the issuing node's clock may be ahead of ours
# A node may sign with a key for a second after another process has retired it, until it checks the file again.
SIGNS_LATE_S = 1 + CLOCK_SKEW_S
LONGEST_LIFE_S = YEAR_S  # of any token, under any setting

# The secret members of a JWK (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
SECRET_MEMBERS = frozenset({"k", "d", "p", "q", "dp", "dq", "qi", "oth"})

# A key signs two types of token. Explicit types keep them apart (RFC 8725 §3.11).
ACCESS = "at+jwt"  # RFC 9068 §2.1
REFRESH = "rt+jwt"

Jwk = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """One key: its id, its only algorithm, its state, and the private JWK (RFC 7517)."""

    kid: str
    alg: Algorithm
    state: State
    created_at: str
    jwk: Jwk = field(repr=False)  # keeps the key out of logs and tracebacks
    revoked_at: str | None = None  # missing in files of an earlier version
    signed_until: str | None = None  # when it stopped signing; None: it still signs
    tokens_live_s: int | None = None  # the longest lifetime of a token that it may have signed; None: not recorded

    @cached_property
    def signing(self) -> "PyJWK":
        """The key that signs, for PyJWT."""
        return _read_jwk({**self.jwk, "kid": self.kid}, self.alg)

    @cached_property
    def verifying(self) -> "PyJWK":
        """The key for verification, for PyJWT: the public key, or the shared secret of an HMAC key."""
        material = self.jwk if self.jwk.get("kty") == "oct" else _public(self.jwk)
        return _read_jwk({**material, "kid": self.kid}, self.alg)

    @cached_property
    def secret(self) -> bytes:
        """The shared secret of an HMAC key (RFC 7518 §6.4.1)."""
        return base64url_decode(self.jwk["k"])

    def header(self, typ: str) -> bytes:
        """Return the encoded header of this key's tokens of type `typ` (RFC 7515 §4.1)."""
        return base64url_encode(_compact({"alg": self.alg, "kid": self.kid, "typ": typ}))

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`."""
        if self.alg == "HS256":
            return hmac.digest(self.secret, message, "sha256")
        return self.signing.Algorithm.sign(message, self.signing.key)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Return whether the signature is valid. The key determines the algorithm, not the header (RFC 8725 §3.1)."""
        if self.alg == "HS256":
            return hmac.compare_digest(self.sign(message), signature)
        return self.verifying.Algorithm.verify(message, self.verifying.key, signature)

    def may_have_signed(self, issued_at: float) -> bool:
        """Return whether a node may have signed with this key at `issued_at`, so that a retired key cannot go on."""
        return issued_at <= self._signed_until_s + SIGNS_LATE_S

    def is_needed(self, now: float) -> bool:
        """Return whether a token of this key may still be valid by some node's clock."""
        return now <= self.needed_until_s

    @property
    def needed_until_s(self) -> float:
        """Until when a token of this key may be valid (seconds since the epoch), unless the key is revoked.

        It is infinite for a key that signs. After it the key is dropped.
        """
        return self._signed_until_s + SIGNS_LATE_S + (self.tokens_live_s or LONGEST_LIFE_S) + CLOCK_SKEW_S

    @cached_property
    def _signed_until_s(self) -> float:
        return inf if self.signed_until is None else seconds(self.signed_until)

    def public_jwk(self) -> Jwk:
        """Return the public JWK (RFC 7517 §4)."""
        return {**_public(self.jwk), "kid": self.kid, "alg": self.alg, "use": "sig"}


@dataclass(frozen=True)
class Ring:
    """All keys, the newest last. Exactly one is active. Immutable."""

    keys: tuple[Key, ...]

    @cached_property
    def _by_kid(self) -> dict[str, Key]:
        return {key.kid: key for key in self.keys}

    def find(self, kid: object) -> Key | None:
        """Return the key with this id, or None. `kid` comes from a header and is only compared."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    @cached_property
    def by_header(self) -> dict[str, dict[bytes, Key]]:
        """The keys for verification, by token type and encoded header."""
        live = [key for key in self.keys if key.state != "revoked"]
        return {typ: {key.header(typ): key for key in live} for typ in (ACCESS, REFRESH)}

    @cached_property
    def active(self) -> Key:
        """The key that signs."""
        return next(key for key in reversed(self.keys) if key.state == "active")

    def jwks(self) -> dict[str, list[Jwk]]:
        """Return the public keys that still verify. HMAC secrets are never included."""
        live = [key for key in self.keys if key.state != "revoked" and key.jwk["kty"] != "oct"]
        return {"keys": [key.public_jwk() for key in live]}

    def with_new_key(self, alg: Algorithm, at: float, tokens_live_s: int = 0) -> "Ring":
        """Return a ring with a new active key. The previous active key is retired.

        The new key's tokens live at most `tokens_live_s` seconds, or as long as the previous key's if that is more.
        """
        before = [key for key in self.keys if key.state == "active"]
        made = new_key(alg, at, max([tokens_live_s, *(key.tokens_live_s or 0 for key in before)]) or None)
        retired = [replace(key, state="retired", signed_until=made.created_at) for key in before]
        return Ring((*self._with(*retired).keys, made))

    def with_lifetime(self, tokens_live_s: int) -> "Ring":
        """Return a ring whose active key's tokens may live `tokens_live_s` seconds."""
        return self._with(replace(self.active, tokens_live_s=tokens_live_s))

    def with_state(self, kid: str, state: State, at: float) -> "Ring":
        """Return a ring with one key's state changed. If it was active, a new key of its algorithm becomes active.

        A revoked key stays revoked: a thief may still have it. Raise `UnknownKey`.
        """
        key = self.find(kid)
        if key is None:
            raise UnknownKey(kid)
        if key.state == "revoked":
            return self
        ring = self.with_new_key(key.alg, at) if key.state == "active" else self
        revoked_at = moment(at) if state == "revoked" else None
        return ring._with(replace(ring._by_kid[kid], state=state, revoked_at=revoked_at))

    def without(self, kid: str, now: float) -> "Ring":
        """Return a ring without a key. Raise `UnknownKey`, or `KeyInUse` if its tokens may still be valid."""
        key = self.find(kid)
        if key is None:
            raise UnknownKey(kid)
        if key.state != "revoked" and key.is_needed(now):
            raise KeyInUse(kid)
        return Ring(tuple(each for each in self.keys if each is not key))

    def without_expired(self, now: float) -> "Ring":
        """Return a ring without the keys whose last token has expired; the same ring if there are none."""
        needed = tuple(key for key in self.keys if key.is_needed(now))
        return self if len(needed) == len(self.keys) else Ring(needed)

    def _with(self, *changed: Key) -> "Ring":
        new = {key.kid: key for key in changed}
        return Ring(tuple(new.get(key.kid, key) for key in self.keys))


def new_key(alg: Algorithm, at: float | None = None, tokens_live_s: int | None = None) -> Key:
    """Return a new active key, created at `at` (seconds since the epoch; None: now)."""
    created_at = moment(time() if at is None else at)
    return Key(f"k-{secrets.token_hex(4)}", alg, "active", created_at, _new_material(alg), tokens_live_s=tokens_live_s)


def moment(at: float) -> str:
    """Format a time (seconds since the epoch) for the key ring file."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def seconds(text: str) -> float:
    """Parse a time from the key ring file. Without a zone it is UTC. Raise `ValueError`."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _new_material(alg: Algorithm) -> Jwk:
    if alg == "HS256":
        return {"kty": "oct", "k": base64url_encode(secrets.token_bytes(HMAC_BYTES)).decode()}
    from .public_keys import new_private_jwk  # noqa: PLC0415  # not imported for HS256: see there

    return new_private_jwk(alg, RSA_BITS)


def _read_jwk(jwk: Jwk, alg: Algorithm) -> "PyJWK":
    from .public_keys import read_jwk  # noqa: PLC0415  # not imported for HS256: see there

    return read_jwk(jwk, alg)


def key_from_file(entry: Jwk) -> Key:
    """Check a key from the file. Raise `BadKeyRing` if it is weak, or `ValueError`, `KeyError` … if malformed."""
    later = {name: entry[name] for name in ("revoked_at", "signed_until", "tokens_live_s") if name in entry}
    key = Key(entry["kid"], entry["alg"], entry["state"], entry["created_at"], entry["jwk"], **later)
    if not isinstance(key.kid, str) or not key.kid or not isinstance(key.created_at, str):
        raise ValueError("not a key")
    if not isinstance(key.revoked_at, str | None):
        raise ValueError("not a key")
    if key.tokens_live_s is not None and (type(key.tokens_live_s) is not int or key.tokens_live_s < 1):
        raise ValueError("not a key")
    if key.state not in get_args(State) or key.alg not in get_args(Algorithm):
        raise ValueError("not a key")
    if (key.jwk["kty"] == "oct") != (key.alg == "HS256"):
        raise ValueError("not a key")
    if key.signed_until is not None:
        seconds(key.signed_until)
    _refuse_weak(key)
    if key.state == "active":
        key.sign(b"")  # detect a missing private key now, and not at a member's log-in
    return key


def _refuse_weak(key: Key) -> None:
    if key.alg == "HS256":
        _refuse_guessable(key.kid, key.secret)
        if len(key.secret) == HMAC_BYTES:
            return
    elif key.alg == "RS256" and key.verifying.key.key_size < RSA_BITS:
        size = key.verifying.key.key_size
        raise BadKeyRing("%(kid)s has %(size)s bits and needs %(least)s", kid=key.kid, size=size, least=RSA_BITS)
    _ = key.verifying  # unreadable, or a longer secret that is the file of a public key: refused there


def _refuse_guessable(kid: str, secret: bytes) -> None:
    if len(secret) < HMAC_BYTES:
        raise BadKeyRing(
            "the secret of %(kid)s has %(size)s bytes and needs %(least)s", kid=kid, size=len(secret), least=HMAC_BYTES
        )
    if _is_text(secret) or len(set(secret)) < FEWEST_DISTINCT_BYTES:
        raise BadKeyRing(
            "the secret of %(kid)s is text or repeats itself, and may be guessed;"
            " delete the file, and the next start creates a good one",
            kid=kid,
        )


def _is_text(secret: bytes) -> bool:
    """Return whether the secret is text. Random bytes also contain unprintable characters.

    A rule instead of a list: attackers try thousands of published text secrets first.
    """
    try:
        return all(character.isprintable() or character.isspace() for character in secret.decode())
    except UnicodeDecodeError:
        return False


def base64url_encode(data: bytes) -> bytes:
    """Encode in base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def base64url_decode(text: str | bytes) -> bytes:
    """Decode base64url. Characters that do not belong to it are skipped. Raise `ValueError`."""
    return urlsafe_b64decode((text.encode() if isinstance(text, str) else text) + b"==")


def _compact(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _public(jwk: Jwk) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in SECRET_MEMBERS and name != "key_ops"}
