"""Keys: what each one signs and verifies, and in which state it is.

A key is `active` (it signs), `retired` (what it signed while it was active still verifies) or `revoked` (its tokens are
refused at once). One whose last token has expired is needed no more.
"""

import json
import logging
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from math import inf
from time import time
from typing import Any, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_decode, base64url_encode

from .errors import BadKeyRing, UnknownKey

log = logging.getLogger(__name__)

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]
State = Literal["active", "retired", "revoked"]

HMAC_BYTES = 32  # RFC 7518 §3.2: a key of the hash's size or larger
RSA_BITS = 2048  # RFC 7518 §3.3: 2048 bits or larger
FEWEST_DISTINCT_BYTES = 12  # 32 random bytes have fewer once in 10^15

DAY_S = 24 * 60 * 60
YEAR_S = 365 * DAY_S
CLOCK_SKEW_S = 5  # how far ahead of ours the clock of the node that issued a token may be
# A node may sign with a key for a second after another process has retired it: that is when it looks at the file again.
SIGNS_LATE_S = 1 + CLOCK_SKEW_S
LONGEST_LIFE_S = YEAR_S  # of any token, whatever the setting was when it was signed

# Which members of a JWK are secret (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
SECRET_MEMBERS = frozenset({"k", "d", "p", "q", "dp", "dq", "qi", "oth"})

# What a key signs: two types of token (RFC 8725 §3.11 has types kept apart).
ACCESS = "at+jwt"  # RFC 9068 §2.1
REFRESH = "rt+jwt"

Jwk = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """One key: its id, the only algorithm it serves, its state, and its material as a private JWK (RFC 7517)."""

    kid: str
    alg: Algorithm
    state: State
    created_at: str
    jwk: Jwk = field(repr=False)  # a key never gets into a log or a traceback
    revoked_at: str | None = None  # a file of an earlier version does not say
    signed_until: str | None = None  # when it ceased to sign; None: it has not
    tokens_live_s: int | None = None  # the longest lifetime of a token that it may have signed; None: not recorded

    @cached_property
    def signing(self) -> PyJWK:
        """The key that signs."""
        return PyJWK.from_dict({**self.jwk, "kid": self.kid}, algorithm=self.alg)

    @cached_property
    def verifying(self) -> PyJWK:
        """The key that verifies: the public half, or the shared secret of an HMAC key."""
        material = self.jwk if self.jwk.get("kty") == "oct" else _public(self.jwk)
        return PyJWK.from_dict({**material, "kid": self.kid}, algorithm=self.alg)

    @cached_property
    def _signer(self) -> Any:
        return self.signing.Algorithm.prepare_key(self.signing.key)

    @cached_property
    def _verifier(self) -> Any:
        return self.verifying.Algorithm.prepare_key(self.verifying.key)

    def header(self, typ: str) -> bytes:
        """Return the header of its tokens of this type, as they begin with it (RFC 7515 §4.1)."""
        return base64url_encode(_compact({"alg": self.alg, "kid": self.kid, "typ": typ}))

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        return self.signing.Algorithm.sign(message, self._signer)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is genuine. The key fixes the algorithm; no header chooses (RFC 8725 §3.1)."""
        return self.verifying.Algorithm.verify(message, self._verifier, signature)

    def may_have_signed(self, issued_at: float) -> bool:
        """Tell whether a node may have signed with it then: a leaked key cannot go on after it was retired."""
        return issued_at <= self._signed_until_s + SIGNS_LATE_S

    def is_needed(self, now: float) -> bool:
        """Tell whether a token that it signed may still be good by some node's clock."""
        return now <= self._signed_until_s + SIGNS_LATE_S + (self.tokens_live_s or LONGEST_LIFE_S) + CLOCK_SKEW_S

    @cached_property
    def _signed_until_s(self) -> float:
        return inf if self.signed_until is None else seconds(self.signed_until)

    def public_jwk(self) -> Jwk:
        """Return the key as others may see it (RFC 7517 §4)."""
        return {**_public(self.jwk), "kid": self.kid, "alg": self.alg, "use": "sig"}


@dataclass(frozen=True)
class Ring:
    """All keys at one moment, the newest last; exactly one is active."""

    keys: tuple[Key, ...]

    @cached_property
    def _by_kid(self) -> dict[str, Key]:
        return {key.kid: key for key in self.keys}

    def find(self, kid: object) -> Key | None:
        """Return the key of this id, or None. Whatever a header holds is only ever compared."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    @cached_property
    def by_header(self) -> dict[str, dict[bytes, Key]]:
        """The keys that verify, by the type of a token and then by its header."""
        live = [key for key in self.keys if key.state != "revoked"]
        return {typ: {key.header(typ): key for key in live} for typ in (ACCESS, REFRESH)}

    @cached_property
    def active(self) -> Key:
        """The key that signs."""
        return next(key for key in reversed(self.keys) if key.state == "active")

    def jwks(self) -> dict[str, list[Jwk]]:
        """Return the public keys that still verify. An HMAC secret is never among them."""
        live = [key for key in self.keys if key.state != "revoked" and key.jwk["kty"] != "oct"]
        return {"keys": [key.public_jwk() for key in live]}

    def with_new_key(self, alg: Algorithm, at: float, tokens_live_s: int = 0) -> "Ring":
        """Return the ring with a new active key; the one before it is retired.

        Its tokens live for `tokens_live_s` seconds at most, or as long as those of the one before.
        """
        before = [key for key in self.keys if key.state == "active"]
        made = new_key(alg, at, max([tokens_live_s, *(key.tokens_live_s or 0 for key in before)]) or None)
        retired = [replace(key, state="retired", signed_until=made.created_at) for key in before]
        return Ring((*self._with(*retired).keys, made))

    def with_lifetime(self, tokens_live_s: int) -> "Ring":
        """Return the ring with an active key whose tokens may live so long (seconds)."""
        return self._with(replace(self.active, tokens_live_s=tokens_live_s))

    def with_state(self, kid: str, state: State, at: float) -> "Ring":
        """Return the ring with one key's state changed; one of its algorithm takes over if it was the active one.

        A revoked key stays revoked: whoever made that necessary may still have it. Raise `UnknownKey`.
        """
        key = self.find(kid)
        if key is None:
            raise UnknownKey(kid)
        if key.state == "revoked":
            return self
        ring = self.with_new_key(key.alg, at) if key.state == "active" else self
        revoked_at = moment(at) if state == "revoked" else None
        return ring._with(replace(ring._by_kid[kid], state=state, revoked_at=revoked_at))

    def without_expired(self, now: float) -> "Ring":
        """Return the ring without the keys whose last token has expired; itself if there is none."""
        needed = tuple(key for key in self.keys if key.is_needed(now))
        return self if len(needed) == len(self.keys) else Ring(needed)

    def _with(self, *changed: Key) -> "Ring":
        new = {key.kid: key for key in changed}
        return Ring(tuple(new.get(key.kid, key) for key in self.keys))


def new_key(alg: Algorithm, at: float | None = None, tokens_live_s: int | None = None) -> Key:
    """Return a fresh active key, made at `at` (seconds since the epoch; None: now)."""
    created_at = moment(time() if at is None else at)
    return Key(f"k-{secrets.token_hex(4)}", alg, "active", created_at, _new_material(alg), tokens_live_s=tokens_live_s)


def moment(at: float) -> str:
    """Write a time (seconds since the epoch) as a ring has it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def seconds(text: str) -> float:
    """Read a time that `moment` or a hand has written; one without a zone is UTC. Raise `ValueError`."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _new_material(alg: Algorithm) -> Jwk:
    match alg:
        case "HS256":
            return {"kty": "oct", "k": base64url_encode(secrets.token_bytes(HMAC_BYTES)).decode()}
        case "EdDSA":
            return dict(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True))
        case "ES256":
            return dict(ECAlgorithm.to_jwk(generate_private_key(SECP256R1()), as_dict=True))
        case "RS256":
            return dict(RSAAlgorithm.to_jwk(generate_rsa_key(65537, RSA_BITS), as_dict=True))


def key_from_file(entry: Jwk) -> Key:
    """Check a key as it stands in a file. Raise `BadKeyRing` for a weak one, and `ValueError` and its like for none."""
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
    if key.signed_until is not None:
        seconds(key.signed_until)
    _refuse_weak(key)
    if key.state == "active":
        key.sign(b"")  # a key without its private half is found now, not by a member
    return key


def _refuse_weak(key: Key) -> None:
    if key.jwk["kty"] == "oct":
        _refuse_guessable(key.kid, base64url_decode(key.jwk["k"]))
    elif key.alg == "RS256" and key.verifying.key.key_size < RSA_BITS:
        raise BadKeyRing(f"{key.kid} has {key.verifying.key.key_size} bits and needs {RSA_BITS}")
    _ = key._verifier


def _refuse_guessable(kid: str, secret: bytes) -> None:
    if len(secret) < HMAC_BYTES:
        raise BadKeyRing(f"the secret of {kid} has {len(secret)} bytes and needs {HMAC_BYTES}")
    if _is_text(secret) or len(set(secret)) < FEWEST_DISTINCT_BYTES:
        raise BadKeyRing(
            f"the secret of {kid} is text or repeats itself, and may be guessed;"
            " without the file the next start makes a good one"
        )


def _is_text(secret: bytes) -> bool:
    """Tell whether the secret is text: random bytes contain characters that cannot be typed.

    A rule and no list: thousands of such secrets are public, and tried first.
    """
    try:
        return all(character.isprintable() or character.isspace() for character in secret.decode())
    except UnicodeDecodeError:
        return False


def _compact(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _public(jwk: Jwk) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in SECRET_MEMBERS and name != "key_ops"}
