"""UNSAFE, DO NOT COPY: the naive server's tokens. They live only for seconds, so that copies are useless."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Literal

import msgspec
from sqlalchemy import Column, Double, MetaData, String, Table, delete, insert, select

from service.accounts.database import Database
from token_auth import KeyRing
from token_auth.keys import base64url_decode, base64url_encode

ISSUER = "urn:session-or-token:folk"  # not the lab's issuer: its tokens are not accepted elsewhere
ACCESS_S = 5
REFRESH_S = 12
TYPE = "JWT"  # no type of the correct tokens

Kind = Literal["access", "refresh"]


NAIVE_TABLES = MetaData()  # only a lab creates them
# A row for each refresh token. A member has one per device, so a log-out deletes only the one that was sent.
kept_tokens = Table(
    "folk_refresh_tokens",
    NAIVE_TABLES,
    Column("jti", String(32), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
)


class Claims(msgspec.Struct):
    """The claims that are read. A refresh token has no `sub`."""

    iss: str
    aud: Kind
    exp: int
    jti: str
    sub: str = ""


@dataclass(frozen=True)
class NaiveAccessToken:
    """A genuine access token, expired or not."""

    username: str
    expired: bool


class NaiveTokens:
    """Issue and read this server's tokens. Refresh tokens are stored in the database."""

    def __init__(self, key_ring: KeyRing, database: Database, now: Callable[[], float]) -> None:
        self._key_ring = key_ring
        self._database = database
        self._now = now

    def issue_access(self, username: str) -> str:
        """Return a new access token."""
        return self._sign("access", {"sub": username, "jti": token_urlsafe(16)}, ACCESS_S)

    def issue_refresh(self, username: str) -> str:
        """Return and store a new refresh token. Delete expired ones."""
        now, jti = self._now(), token_urlsafe(16)
        with self._database.writing() as connection:
            connection.execute(delete(kept_tokens).where(kept_tokens.c.expires_at <= now))
            connection.execute(insert(kept_tokens).values(jti=jti, username=username, expires_at=now + REFRESH_S))
        return self._sign("refresh", {"jti": jti}, REFRESH_S)

    def read_access(self, token: str) -> NaiveAccessToken | None:
        """Verify an access token, expired or not; None if it is not genuine."""
        claims = self._claims("access", token)
        return None if claims is None else NaiveAccessToken(claims.sub, self._now() >= claims.exp)

    def owner(self, refresh: str | None) -> str | None:
        """Return the owner of a refresh token; None if it is not genuine, has expired, or was deleted."""
        claims = self._claims("refresh", refresh or "")
        if claims is None or self._now() >= claims.exp:
            return None
        with self._database.reading() as connection:
            return connection.scalar(select(kept_tokens.c.username).where(kept_tokens.c.jti == claims.jti))

    def forget(self, refresh: str | None) -> None:
        """Delete a refresh token."""
        claims = self._claims("refresh", refresh or "")
        if claims is not None:
            with self._database.writing() as connection:
                connection.execute(delete(kept_tokens).where(kept_tokens.c.jti == claims.jti))

    def _sign(self, kind: Kind, claims: dict[str, Any], ttl_s: int) -> str:
        issued_at, key = int(self._now()), self._key_ring.signing_key()
        times = {"iat": issued_at, "exp": issued_at + ttl_s}
        payload = json.dumps({"iss": ISSUER, "aud": kind, **times, **claims}, separators=(",", ":")).encode()
        signed = b".".join([key.header(TYPE), base64url_encode(payload)])
        return b".".join([signed, base64url_encode(key.sign(signed))]).decode()

    def _claims(self, kind: Kind, token: str) -> Claims | None:
        """Return the claims of a genuine token, expired or not. Its header must be that of the signing key."""
        signed, _, signature = token.encode(errors="replace").rpartition(b".")
        header, _, payload = signed.partition(b".")
        key = self._key_ring.signing_key()
        try:
            if header != key.header(TYPE) or not key.has_signed(signed, base64url_decode(signature)):
                return None
            claims = msgspec.json.decode(base64url_decode(payload), type=Claims)
        except (ValueError, RecursionError):
            return None
        return claims if (claims.iss, claims.aud) == (ISSUER, kind) else None
