"""Keys that are not fit to sign with stop the start, in one line that holds no key."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from app import create_app
from service.config import BadConfig, Config
from token_auth.errors import BadKeyRing
from token_auth.key_ring import KeyRing, write_ring
from token_auth.keys import HMAC_BYTES, Key, Ring, new_key


def secret_key(secret: bytes, **changes: Any) -> dict[str, Any]:
    jwk = {"kty": "oct", "k": urlsafe_b64encode(secret).decode().rstrip("=")}
    return {"kid": "k-1", "alg": "HS256", "state": "active", "created_at": "2026-01-01", "jwk": jwk, **changes}


def start_with(file: Path, *entries: Any) -> str:
    """Start on a ring of these entries; return the one line that it stops with."""
    file.write_text(json.dumps({"keys": list(entries)}))
    with pytest.raises(BadKeyRing) as stopped:
        KeyRing(file, "HS256")
    message = str(stopped.value)
    assert "\n" not in message
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("jwk"), dict):
            assert not [v for v in entry["jwk"].values() if isinstance(v, str) and len(v) > 8 and v in message]
    return message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.mark.parametrize("length", [0, 1, 16, HMAC_BYTES - 1])
def test_a_short_secret_stops_the_start(file: Path, length: int) -> None:
    """SECURITY 2: RFC 7518 §3.2."""
    assert f"{length} bytes" in start_with(file, secret_key(bytes(range(length))))


# Text, as tutorials print it and tools make it: no list of such secrets is ever whole.
TYPED = (
    b"a-string-secret-at-least-256-bits-long",
    b"JWTSecretKeyDontUseInProduction!",
    b"this-is-a-very-long-secret-key-1234567890",
    b"0123456789abcdef0123456789abcdef",
    b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    b"GQ1nJ7mZ0v6u0m1t3x5c2b8n4k9q7w1e+/dXhR0=",
    b"two lines of a secret that is\r\n\tlong enough",
    "비밀번호는아무도모르는아주긴문장입니다".encode(),
)


@pytest.mark.parametrize("secret", [*TYPED, b"a" * 32, b"\0" * 64, b"ab" * 20, b"password" * 4])
def test_a_secret_that_was_typed_or_repeats_itself_stops_the_start(file: Path, secret: bytes) -> None:
    """SECURITY 2."""
    message = start_with(file, secret_key(secret))
    assert "may be guessed" in message
    assert secret.decode() not in message


@pytest.mark.parametrize("secret", [bytes(range(32)), b"\xff" + bytes(range(40))])
def test_a_secret_of_32_bytes_or_more_starts(file: Path, secret: bytes) -> None:
    """SECURITY 2."""
    file.write_text(json.dumps({"keys": [secret_key(secret)]}))
    assert KeyRing(file, "HS256").current().active.kid == "k-1"


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
def test_a_secret_that_is_the_file_of_a_public_key_stops_the_start(file: Path, alg: Any) -> None:
    """SECURITY 2: everyone may have a public key."""
    public = new_key(alg).verifying.key
    binary = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert start_with(file, secret_key(binary)) == f"{file} is not a key ring"
    assert "may be guessed" in start_with(
        file, secret_key(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    )


def test_a_weak_key_stops_the_start_also_when_it_only_verifies(file: Path) -> None:
    """SECURITY 2: whoever knows it could forge tokens of it."""
    start_with(file, secret_key(b"a" * 32, kid="k-0", state="retired"), secret_key(bytes(range(32))))


def test_a_small_rsa_key_stops_the_start(file: Path) -> None:
    """SECURITY 2: RFC 7518 §3.3."""
    small = RSAAlgorithm.to_jwk(generate_private_key(65537, 1024), as_dict=True)
    assert "1024 bits" in start_with(file, secret_key(b"", alg="RS256", jwk=small))


GOOD = bytes(range(32))
NOT_A_RING = {
    "no kid": {"kid": None},
    "an empty kid": {"kid": ""},
    "an unknown state": {"state": "sleeping"},
    "an unknown algorithm": {"alg": "HS512"},
    "no algorithm": {"alg": "none"},
    "a list of algorithms": {"alg": ["HS256"]},
    "another kind of key": {"alg": "RS256"},
    "a public key for HMAC": {"jwk": new_key("ES256").public_jwk()},
    "no material": {"jwk": {}},
    "material that is a list": {"jwk": []},
    "half an EC key": {"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256"}},
    "odd numbers": {"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
    "a secret that is a number": {"jwk": {"kty": "oct", "k": 7}},
}


@pytest.mark.parametrize("changes", NOT_A_RING.values(), ids=NOT_A_RING)
def test_an_entry_that_is_no_key_stops_the_start_clearly(file: Path, changes: dict[str, Any]) -> None:
    """Faults: a start with garbage stops clearly. Some of these used to end in a traceback."""
    assert start_with(file, {**secret_key(GOOD), **changes}) == f"{file} is not a key ring"


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
def test_an_active_key_without_its_private_half_stops_the_start(file: Path, alg: Any) -> None:
    """It used to start, and fail at the first log-in."""
    key = new_key(alg)
    public = Key(key.kid, key.alg, "active", key.created_at, key.public_jwk())
    write_ring(file, Ring((public,)))
    with pytest.raises(BadKeyRing, match="is not a key ring"):
        KeyRing(file, alg)


def test_two_active_keys_or_two_of_one_id_stop_the_start(file: Path) -> None:
    assert "exactly one active" in start_with(file, secret_key(GOOD), secret_key(GOOD, kid="k-2"))
    assert "exactly one active" in start_with(file, secret_key(GOOD, state="retired"))
    assert "two keys with the same id" in start_with(file, secret_key(GOOD), secret_key(GOOD, state="retired"))


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"keys": 7}'])
def test_a_file_that_is_no_ring_stops_the_start_and_stays_as_it_is(config: Config, content: bytes) -> None:
    """Faults: never overwritten, for it may only be damaged."""
    config.key_ring_file.write_bytes(content)
    with pytest.raises(BadConfig, match=r"^KEY_RING_FILE: .* is not a key ring$"):
        create_app(config)
    assert config.key_ring_file.read_bytes() == content


def test_a_place_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadKeyRing, match="cannot be used"):
        KeyRing(tmp_path / "file" / "keys.json", "HS256")
