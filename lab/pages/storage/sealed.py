"""Encrypt what a session holds, with a key made of the session id.

The store has only a hash of the id. So a reader of the store gets no usable token, and neither does another session.
Imported at the first log-in: cryptography takes memory that no other request needs.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12  # NIST SP 800-38D §8.2


def seal(sid: str, text: str) -> str:
    """Return the text, encrypted for this session."""
    nonce = token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(nonce + _cipher(sid).encrypt(nonce, text.encode(), None)).decode()


def unseal(sid: str, sealed: str) -> str | None:
    """Return the text; None if it was not sealed for this session."""
    try:
        content = urlsafe_b64decode(sealed)
        return _cipher(sid).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None).decode()
    except (InvalidTag, ValueError):
        return None


def _cipher(sid: str) -> AESGCM:
    return AESGCM(sha256(f"tokens of {sid}".encode()).digest())  # the id has 256 random bits: it needs no stretching
