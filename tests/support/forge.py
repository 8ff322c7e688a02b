"""Tokens made by hand, byte by byte, so that a test can send what no library would make."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from token_auth.key_ring import read_ring
from token_auth.keys import Key

Json = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token: str) -> Json:
    return dict(json.loads(unb64(token.partition(".")[0])))


def claims_of(token: str) -> Json:
    return dict(json.loads(unb64(token.split(".")[1])))


def hs256(header: bytes | Json, payload: bytes | Json, secret: bytes) -> str:
    """Sign anything at all with HMAC-SHA-256, whatever the header says."""
    first, second = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    signed = f"{b64(first)}.{b64(second)}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


class Forge:
    """Signs copies of a real token with the lab's own HMAC key, so that only what was changed can be refused."""

    def __init__(self, key_ring_file: Path) -> None:
        self.key: Key = read_ring(key_ring_file).active
        self.secret = unb64(self.key.jwk["k"])

    def with_header(self, token: str, without: str | None = None, **changes: Any) -> str:
        return self._copy(token, _changed(header_of(token), without, changes), claims_of(token))

    def with_claims(self, token: str, without: str | None = None, **changes: Any) -> str:
        return self._copy(token, header_of(token), _changed(claims_of(token), without, changes))

    def with_payload(self, token: str, payload: bytes) -> str:
        return self._copy(token, header_of(token), payload)

    def with_raw_header(self, token: str, header: bytes) -> str:
        return self._copy(token, header, claims_of(token))

    def _copy(self, token: str, header: bytes | Json, payload: bytes | Json) -> str:
        return hs256(header, payload, self.secret)


def _changed(part: Json, without: str | None, changes: Json) -> Json:
    return {name: value for name, value in {**part, **changes}.items() if name != without}
