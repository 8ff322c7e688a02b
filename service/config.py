"""Every setting of the lab: one frozen `Config`, read from the environment and checked at the start."""

import os
import re
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from click import ClickException, Context, pass_context
from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.terminal import _
from session_auth.store_client import parse_address

ROOT = Path(__file__).parent.parent

DAY_S = 24 * 60 * 60
YEAR_S = 365 * DAY_S
DEFAULT_PORTS = {"http": 80, "https": 443}

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]


class BadConfig(ClickException):
    """A setting that cannot be used. The message is one line and names the variable. `flask …` shows it and exits 2."""

    exit_code = 2


def _text(pattern: str, takes: str) -> AfterValidator:
    """Return a validator: the whole text must match `pattern`, in ASCII, because some values appear in headers."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value, re.ASCII) is None:
            raise ValueError(takes)
        return value

    return AfterValidator(check)


NodeName = Annotated[str, _text(r"[\w.-]{1,32}", _("1 to 32 letters, digits, underscores, dots or hyphens"))]
KeyPrefix = Annotated[str, _text(r"[\w:.-]{1,32}", _("1 to 32 letters, digits, underscores, dots, hyphens or colons"))]
InstructorCode = Annotated[str, _text(r"[A-Za-z0-9]{8,64}", _("8 to 64 letters and digits, without spaces"))]
Origin = Annotated[
    str,
    _text(
        r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?",
        _("http:// or https://, a host and perhaps a port, as browsers write it: in lower case, nothing after it"),
    ),
]


class Config(BaseSettings):
    """The lab's settings. Field `x_y` is the environment variable `X_Y`; an empty variable counts as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="forbid")

    instance_dir: Path = Field(ROOT / "instance", description="the folder for what the lab keeps; unset: `instance/`")
    redis_url: str | None = Field(
        None,
        description="the store: `redis[+sentinel|+cluster]://`, or `rediss…` for TLS; unset: an embedded Valkey",
    )
    store_prefix: KeyPrefix = Field("lab:", description="put before every key in the store")
    database_url: str = Field(
        default_factory=lambda settings: f"sqlite:///{settings['instance_dir'] / 'lab.db'}",
        description="the member database; unset: SQLite in `INSTANCE_DIR`",
    )
    lab: bool = Field(
        False, description="demo members, traces and controls; `python app.py` sets it to 1 if it is unset"
    )
    node_name: NodeName = Field("node-1", description="this process, in the `X-Node` header")
    session_idle_s: int = Field(
        1800, ge=1, le=30 * DAY_S, description="a session unused for this long has ended, or a twentieth later"
    )
    session_absolute_s: int = Field(12 * 3600, ge=1, le=YEAR_S, description="a session this old has ended")
    access_ttl_s: int = Field(300, ge=1, le=DAY_S, description="lifetime of an access token")
    refresh_ttl_s: int = Field(7 * DAY_S, ge=1, le=YEAR_S, description="lifetime of one refresh token")
    refresh_absolute_s: int = Field(
        30 * DAY_S, ge=1, le=YEAR_S, description="lifetime of a login, however often its refresh token rotates"
    )
    refresh_grace_s: int = Field(
        10, ge=0, le=60, description="seconds in which a used refresh token still yields the same successor; 0: none"
    )
    logins_per_member: int = Field(
        50, ge=1, le=1_000_000, description="how many logins a member has at once; a further one ends the oldest"
    )
    jwt_algorithm: Algorithm = Field("HS256", description="`HS256`, `EdDSA`, `ES256` or `RS256`; signs new tokens")
    key_ring_file: Path = Field(
        default_factory=lambda settings: settings["instance_dir"] / "keys.json",
        description="the signing keys, one file shared by the nodes; unset: `keys.json` in `INSTANCE_DIR`",
    )
    public_origin: Origin | None = Field(
        None, description="`https://host[:port]` as browsers see it; https makes cookies `Secure`"
    )

    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="your own proxies in front; with them, `X-Forwarded-For` names the client",
    )
    control_socket: Path | None = Field(
        None, description="the socket of the lab's supervisor; the lab sets it for its own nodes"
    )
    front_door: Origin | None = Field(
        None, description="the address of the lab's balancer; the lab sets it for its own nodes"
    )
    instructor_code: InstructorCode | None = Field(
        None, description="the code that opens the lab's controls to another machine; unset: `--lan` prints a new one"
    )

    @field_validator("instance_dir", "key_ring_file")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.absolute()  # a node's working directory differs from the starting command's

    @field_validator("redis_url")
    @classmethod
    def _store_address(cls, url: str | None) -> str | None:
        if url is not None:
            parse_address(url)
        return url

    @field_validator("database_url")
    @classmethod
    def _file_if_sqlite(cls, url: str) -> str:
        if not url.startswith("sqlite"):
            return url
        parts = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^?]+)(.*)", url)
        if parts is None or parts[2] == ":memory:" or "mode=memory" in parts[3]:
            raise ValueError(_("sqlite:/// and a file that all nodes can open"))
        return f"{parts[1]}{Path(parts[2]).absolute()}{parts[3]}"

    @field_validator("public_origin")
    @classmethod
    def _without_default_port(cls, origin: str | None) -> str | None:
        parts = urlsplit(origin or "")
        if parts.port is not None and parts.port == DEFAULT_PORTS.get(parts.scheme):
            raise ValueError(_("an origin as browsers write it, without the default port %(port)s", port=parts.port))
        return origin

    @model_validator(mode="after")
    def _lifetimes_nest(self) -> Self:
        if self.session_idle_s > self.session_absolute_s:
            raise ValueError(_("%(name)s must be at most %(most)s", name="SESSION_IDLE_S", most="SESSION_ABSOLUTE_S"))
        if self.access_ttl_s > self.refresh_ttl_s:
            raise ValueError(_("%(name)s must be at most %(most)s", name="ACCESS_TTL_S", most="REFRESH_TTL_S"))
        if self.refresh_ttl_s > self.refresh_absolute_s:
            raise ValueError(_("%(name)s must be at most %(most)s", name="REFRESH_TTL_S", most="REFRESH_ABSOLUTE_S"))
        return self

    @property
    def issuer(self) -> str:
        """The `iss` of every token (RFC 7519 §4.1.1: a string or URI).

        A lab has its own issuer: its passwords are public, so its tokens must not be accepted outside it.
        """
        if self.lab:
            return f"{self.public_origin}/lab" if self.public_origin else "sot-lab"  # in every token: short
        return self.public_origin or "urn:session-or-token:service"

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach the lab over https."""
        return (self.public_origin or "").startswith("https://")


def load_config(**overrides: Any) -> Config:
    """Read the environment. Raise `BadConfig`, which names every bad variable and its valid values in one line.

    The message never repeats a value: an address may contain a password.
    """
    try:
        return Config(**overrides)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        # Do not report a default that depends on a bad value as a second problem.
        problems = [_problem(detail) for detail in details if detail["type"] != "default_factory_not_called"]
        raise BadConfig("; ".join(problems)) from None


def make_folder(variable: str, folder: Path) -> None:
    """Create the folder that `variable` names, if missing, for its owner only. Raise `BadConfig`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = _("%(path)s cannot be used (%(why)s)", path=folder, why=error.strerror)
        raise BadConfig(f"{variable}: {why}") from None


def keep_files_private() -> int:
    """Set the umask so that this process and its children create files for their owner only. Return the old umask.

    Many parts create files with members, keys or sockets. An application server may set its own umask, so code that
    creates a file with a secret also sets 0600 itself.
    """
    return os.umask(0o077)


@pass_context
def privately(context: Context) -> None:
    """Set this umask for a group of commands (as its callback), until the command ends."""
    context.call_on_close(partial(os.umask, keep_files_private()))


def _problem(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    if name not in Config.model_fields:
        return _("%(name)s is not a setting", name=name.upper())
    takes = message if detail["type"] == "value_error" else _takes(Config.model_fields[name])
    return _("%(name)s must be %(takes)s", name=name.upper(), takes=takes)


def _takes(field: FieldInfo) -> str:
    """Return a field's valid values as a message part, from its type and bounds."""
    if field.annotation is bool:
        return _("0 or 1")
    if field.annotation is int:
        lowest = next(bound.ge for bound in field.metadata if isinstance(bound, Ge))
        highest = next(bound.le for bound in field.metadata if isinstance(bound, Le))
        return _("a whole number from %(lowest)s to %(highest)s", lowest=lowest, highest=highest)
    if get_origin(field.annotation) is Literal:
        return _("one of %(choices)s", choices=", ".join(get_args(field.annotation)))
    return _("text")
