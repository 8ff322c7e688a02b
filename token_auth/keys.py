"""The key ring: the keys that sign and verify tokens, in one file that all nodes share.

A key is `active` (it signs), `retired` (its tokens still verify) or `revoked` (they are refused at once). Nodes look
at the file's age at most twice a second, so a change is felt within a second and costs no request a look-up.
"""

import fcntl
import json
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt import PyJWK, PyJWS, PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_decode, base64url_encode

from config import Algorithm, BadConfig

log = logging.getLogger(__name__)

State = Literal["active", "retired", "revoked"]

LOOK_EVERY_S = 0.5
KID = re.compile(r"k-[0-9a-f]{8}")
HMAC_BYTES = 32  # RFC 7518 §3.2: a key of the hash's size or larger
RSA_BITS = 2048  # RFC 7518 §3.3: 2048 bits or larger
# Secrets that tutorials print. Each is long enough to pass for a key.
WELL_KNOWN_SECRETS = (
    b"a-string-secret-at-least-256-bits-long",
    b"your-256-bit-secret-your-256-bit-secret",
    b"secret" * 6,
    b"secretsecretsecretsecretsecretsecret",
    b"changemechangemechangemechangeme",
    b"super-secret-key-super-secret-key",
    b"this-is-a-very-long-secret-key-1234567890",
    b"0123456789abcdef0123456789abcdef",
    b"abcdefghijklmnopqrstuvwxyz123456",
)
FEWEST_DISTINCT_BYTES = 12  # 32 random bytes have fewer once in 10^15

# Which members of a JWK are secret (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
SECRET_MEMBERS = frozenset({"k", "d", "p", "q", "dp", "dq", "qi", "oth"})

Jwk = dict[str, Any]

_jws = PyJWS()


class BadKeyRing(BadConfig):
    """A key ring file that cannot be used; the text is one line and holds no key."""


class UnknownKey(LookupError):
    """The ring has no such key."""


@dataclass(frozen=True)
class Key:
    """One key: its id, the only algorithm it serves, its state, and its material as a private JWK (RFC 7517)."""

    kid: str
    alg: Algorithm
    state: State
    created_at: str
    jwk: Jwk = field(repr=False)  # a key never gets into a log or a traceback

    @cached_property
    def signing(self) -> PyJWK:
        """The key that signs."""
        return PyJWK.from_dict({**self.jwk, "kid": self.kid}, algorithm=self.alg)

    @cached_property
    def verifying(self) -> PyJWK:
        """The key that verifies: the public half, or the shared secret of an HMAC key."""
        material = self.jwk if self.jwk.get("kty") == "oct" else _public(self.jwk)
        return PyJWK.from_dict({**material, "kid": self.kid}, algorithm=self.alg)

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
    def active(self) -> Key:
        """The key that signs."""
        return next(key for key in reversed(self.keys) if key.state == "active")

    def jwks(self) -> dict[str, list[Jwk]]:
        """Return the public keys that still verify. An HMAC secret is never among them."""
        live = [key for key in self.keys if key.state != "revoked" and key.jwk["kty"] != "oct"]
        return {"keys": [key.public_jwk() for key in live]}

    def with_new_key(self, alg: Algorithm) -> "Ring":
        """Return the ring with a new active key; the one before it is retired."""
        retired = (replace(key, state="retired") if key.state == "active" else key for key in self.keys)
        return Ring((*retired, new_key(alg)))

    def with_state(self, kid: str, state: State, alg: Algorithm) -> "Ring":
        """Return the ring with one key's state changed; a new key takes over if it was the active one.

        A revoked key stays revoked: whoever made that necessary may still have it. Raise `UnknownKey`.
        """
        key = self.find(kid)
        if key is None:
            raise UnknownKey(kid)
        if key.state == "revoked":
            return self
        ring = self.with_new_key(alg) if key.state == "active" else self
        return Ring(tuple(replace(key, state=state) if key.kid == kid else key for key in ring.keys))


class KeyRing:
    """The ring in its file: read by nodes, changed by one hand at a time, replaced as a whole."""

    def __init__(self, file: Path, alg: Algorithm) -> None:
        self._file = file
        self._alg = alg
        self._looking = Lock()
        self._looked_at = monotonic()
        self._stamp: tuple[int, int, int] | None = None
        self._unreadable: object = None
        self._alg_is_sure = False
        self._ring = self._open()

    def current(self) -> Ring:
        """Return the ring as it is now, or as it was half a second ago."""
        if monotonic() - self._looked_at >= LOOK_EVERY_S and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked_at = monotonic()
                self._looking.release()
        return self._ring

    def find(self, kid: object) -> Key | None:
        """Return the key of this id, or None.

        An unknown one that could be ours may have been made this moment, and another node signs with it already:
        that is worth a look at the file. Anything else is only ever compared.
        """
        key = self.current().find(kid)
        if key is None and isinstance(kid, str) and KID.fullmatch(kid):
            with self._looking:
                self._look()
            key = self._ring.find(kid)
        return key

    def signing_key(self) -> Key:
        """Return the key that signs now.

        Once in a process, the first to sign makes sure that it is of the configured algorithm. Whoever only looks at
        the ring, or changes a member from a terminal, changes no key by it.
        """
        if not self._alg_is_sure:
            self._alg_is_sure = True
            if self.current().active.alg != self._alg:
                self._change(lambda ring: ring if ring.active.alg == self._alg else ring.with_new_key(self._alg))
        return self.current().active

    def rotate(self) -> Ring:
        """Sign with a new key from now on; tokens of the old one still verify."""
        return self._change(lambda ring: ring.with_new_key(self._alg))

    def retire(self, kid: str) -> Ring:
        """Let a key sign no more, and its tokens live. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "retired", self._alg))

    def revoke(self, kid: str) -> Ring:
        """Refuse a key's tokens at once. Raise `UnknownKey`."""
        return self._change(lambda ring: ring.with_state(kid, "revoked", self._alg))

    def _open(self) -> Ring:
        """Read the file; make it if there is none."""
        with self._locked():
            if not self._file.exists():
                write_ring(self._file, Ring(()).with_new_key(self._alg))
            ring = read_ring(self._file)
            self._stamp = self._stamp_of_file()
            return ring

    def _look(self) -> None:
        """Read the file again if it is another one; while it is torn or missing, the last good ring stays in use."""
        stamp = self._stamp_of_file()
        if stamp == self._stamp:
            return
        try:
            # The stamp counts as seen only once it was read: what could not be read now is tried again.
            self._ring, self._stamp = read_ring(self._file), stamp
            self._unreadable = None
        except (OSError, BadKeyRing) as error:
            if self._unreadable != (stamp, str(error)):
                log.error("the key ring file cannot be read, the last good one stays in use: %s", error)
            self._unreadable = (stamp, str(error))

    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        with self._looking, self._locked():  # nobody who read the file before may put that ring over this one
            ring = change(read_ring(self._file))
            write_ring(self._file, ring)
            self._ring, self._stamp = ring, self._stamp_of_file()
            return ring

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the ring between our reading and our writing. Raise `BadKeyRing`."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._file.with_name(self._file.name + ".lock"), "a", opener=_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise BadKeyRing(f"KEY_RING_FILE: {self._file} cannot be used ({error.strerror})") from None

    def _stamp_of_file(self) -> tuple[int, int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size


def read_ring(file: Path) -> Ring:
    """Read and check a ring. Raise `BadKeyRing` saying what is wrong with it, or `OSError`."""
    try:
        keys = tuple(_key_from_file(entry) for entry in json.loads(file.read_text())["keys"])
    except (PyJWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadKeyRing(f"KEY_RING_FILE: {file} is not a key ring") from None
    if sum(key.state == "active" for key in keys) != 1:
        raise BadKeyRing(f"KEY_RING_FILE: {file} needs exactly one active key")
    if len({key.kid for key in keys}) != len(keys):
        raise BadKeyRing(f"KEY_RING_FILE: {file} has two keys of one id")
    return Ring(keys)


def write_ring(file: Path, ring: Ring) -> None:
    """Replace the file by a new one that only its owner can read; a reader sees the old one or the new one."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as new:  # made 0600
        try:
            json.dump({"keys": [asdict(key) for key in ring.keys]}, new, indent=2)
            new.flush()
            os.fsync(new.fileno())
            os.replace(new.name, file)
        except OSError:
            os.unlink(new.name)  # no half-written keys are left lying about
            raise


def new_key(alg: Algorithm) -> Key:
    """Return a fresh active key."""
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Key(f"k-{secrets.token_hex(4)}", alg, "active", created_at, _new_material(alg))


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


def _key_from_file(entry: Jwk) -> Key:
    key = Key(entry["kid"], entry["alg"], entry["state"], entry["created_at"], entry["jwk"])
    if not isinstance(key.kid, str) or not key.kid or not isinstance(key.created_at, str):
        raise ValueError("not a key")
    if key.state not in get_args(State) or key.alg not in get_args(Algorithm):
        raise ValueError("not a key")
    _refuse_weak(key)
    if key.state == "active":
        _jws.encode(b"", key.signing, algorithm=key.alg)  # a key without its private half is found now, not by a member
    return key


def _refuse_weak(key: Key) -> None:
    if key.jwk["kty"] == "oct":
        _refuse_guessable(key.kid, base64url_decode(key.jwk["k"]))
    elif key.alg == "RS256" and key.verifying.key.key_size < RSA_BITS:
        raise BadKeyRing(f"KEY_RING_FILE: {key.kid} has {key.verifying.key.key_size} bits and needs {RSA_BITS}")
    _ = key.verifying


def _refuse_guessable(kid: str, secret: bytes) -> None:
    if len(secret) < HMAC_BYTES:
        raise BadKeyRing(f"KEY_RING_FILE: the secret of {kid} has {len(secret)} bytes and needs {HMAC_BYTES}")
    if secret in WELL_KNOWN_SECRETS or len(set(secret)) < FEWEST_DISTINCT_BYTES:
        raise BadKeyRing(f"KEY_RING_FILE: the secret of {kid} is well known or easily guessed")


def _public(jwk: Jwk) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in SECRET_MEMBERS and name != "key_ops"}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
