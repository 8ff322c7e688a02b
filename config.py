"""Every setting of the lab: one frozen `Config`, read from the environment and checked before anything starts."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

INSTANCE_DIR = Path(__file__).parent / "instance"

DAY_S = 24 * 60 * 60

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]


class BadConfig(Exception):
    """A setting that cannot be used. Its text is one line and names the variable."""


class Config(BaseSettings):
    """The lab's settings. Field `x_y` is the environment variable `X_Y`; an empty variable counts as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="forbid")

    redis_url: str | None = Field(None, description="the store, `redis://` or `rediss://`; unset: an embedded Valkey")
    store_prefix: str = Field("lab:", pattern=r"^[\w:.-]{1,32}$", description="put before every key in the store")
    database_url: str = Field(
        f"sqlite:///{INSTANCE_DIR / 'lab.db'}", description="the member database; unset: SQLite in `instance/`"
    )
    lab: bool = Field(
        False, description="demo members, traces and controls; `python app.py` sets it to 1 if it is unset"
    )
    node_name: str = Field("node-1", pattern=r"^[\w.-]{1,32}$", description="this process, in the `X-Node` header")
    session_idle_s: int = Field(1800, ge=1, le=30 * DAY_S, description="a session unused for this long has ended")
    session_absolute_s: int = Field(12 * 3600, ge=1, le=365 * DAY_S, description="a session this old has ended")
    access_ttl_s: int = Field(300, ge=1, le=DAY_S, description="lifetime of an access token")
    refresh_ttl_s: int = Field(7 * DAY_S, ge=1, le=365 * DAY_S, description="lifetime of one refresh token")
    refresh_absolute_s: int = Field(
        30 * DAY_S, ge=1, le=365 * DAY_S, description="lifetime of a login, however often its refresh token rotates"
    )
    refresh_grace_s: int = Field(10, ge=0, le=60, description="a spent refresh token still yields its successor")
    jwt_algorithm: Algorithm = Field("HS256", description="`HS256`, `EdDSA`, `ES256` or `RS256`; signs new tokens")
    key_ring_file: Path = Field(
        INSTANCE_DIR / "keys.json", description="the signing keys, one file shared by the nodes"
    )
    public_origin: str | None = Field(
        None, description="`https://host[:port]` as browsers see it; https makes cookies `Secure`"
    )

    @field_validator("redis_url")
    @classmethod
    def _known_scheme(cls, url: str | None) -> str | None:
        if url is not None and urlsplit(url).scheme not in ("redis", "rediss"):
            raise ValueError("a redis:// or rediss:// address")
        return url

    @field_validator("public_origin")
    @classmethod
    def _bare_origin(cls, origin: str | None) -> str | None:
        if origin is None:
            return None
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("scheme://host[:port] and nothing after it")
        return origin

    @model_validator(mode="after")
    def _lifetimes_nest(self) -> Self:
        if self.session_idle_s > self.session_absolute_s:
            raise ValueError("SESSION_IDLE_S takes at most SESSION_ABSOLUTE_S")
        if self.access_ttl_s > self.refresh_ttl_s:
            raise ValueError("ACCESS_TTL_S takes at most REFRESH_TTL_S")
        if self.refresh_ttl_s > self.refresh_absolute_s:
            raise ValueError("REFRESH_TTL_S takes at most REFRESH_ABSOLUTE_S")
        return self

    @property
    def issuer(self) -> str:
        """The `iss` of every token (RFC 7519 §4.1.1: a string or URI)."""
        return self.public_origin or "urn:session-or-token"

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach the lab over https."""
        return (self.public_origin or "").startswith("https://")


def load_config(**overrides: object) -> Config:
    """Read the environment; raise `BadConfig` naming the first bad variable and what it takes.

    The value itself is never repeated: an address may hold a password.
    """
    try:
        return Config(**overrides)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = str(first["loc"][0]).upper() if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        raise BadConfig(
            f"{variable} takes {message}"
            if variable and first["type"] == "value_error"
            else f"{variable}: {message}".removeprefix(": ")
        ) from None
