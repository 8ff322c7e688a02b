"""Every setting of the lab: one frozen `Config`, read from the environment and checked at the start."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from click import ClickException, Context, pass_context

from service.terminal import _
from session_auth.store_client import parse_address

ROOT = Path(__file__).parent.parent

DAY_S = 24 * 60 * 60
YEAR_S = 365 * DAY_S
ON = ("1", "true", "t", "yes", "y", "on")
OFF = ("0", "false", "f", "no", "n", "off")
DEFAULT_PORTS = {"http": 80, "https": 443}
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]


class BadConfig(ClickException):
    """A setting that cannot be used. The message is one line and names the variable. `flask …` shows it and exits 2."""

    exit_code = 2


# A check returns the checked value. It raises `ValueError`, whose text says which values are valid.
Check = Callable[[Any], Any]


def _setting(check: Check, default: Any, description: str, **options: Any) -> Any:
    """Return a dataclass field. `options` are those of `field`; `repr=False` keeps a secret out of tracebacks."""
    return field(default=default, metadata={"check": check, "description": description}, **options)


def _text(pattern: str, takes: str) -> Check:
    """Return a check that the whole text matches `pattern`, in ASCII, because some values appear in headers."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value, re.ASCII) is None:
            raise ValueError(takes)
        return value

    return check


def _whole(lowest: int, highest: int) -> Check:
    def check(value: int | str) -> int:
        digits = re.fullmatch(r"-?\d{1,12}", str(value).strip(), re.ASCII)
        if digits is None or not lowest <= int(digits[0]) <= highest:
            raise ValueError(_("a whole number from %(lowest)s to %(highest)s", lowest=lowest, highest=highest))
        return int(digits[0])

    return check


def _one_of(*choices: str) -> Check:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(_("one of %(choices)s", choices=", ".join(choices)))
        return value

    return check


def _switch(value: bool | str) -> bool:
    said = str(value).strip().lower()
    if said not in (*ON, *OFF):
        raise ValueError(_("0 or 1"))
    return said in ON


def _absolute(path: Path | str) -> Path:
    return Path(path).absolute()  # a node's working directory differs from the starting command's


def _store_address(url: str) -> str:
    parse_address(url)
    return url


def _file_if_sqlite(url: str) -> str:
    if not url.startswith("sqlite"):
        return url
    parts = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^?]+)(.*)", url)
    if parts is None or parts[2] == ":memory:" or "mode=memory" in parts[3]:
        raise ValueError(_("sqlite:/// and a file that all nodes can open"))
    return f"{parts[1]}{Path(parts[2]).absolute()}{parts[3]}"


_node_name = _text(r"[\w.-]{1,32}", _("1 to 32 letters, digits, underscores, dots or hyphens"))
_key_prefix = _text(r"[\w:.-]{1,32}", _("1 to 32 letters, digits, underscores, dots, hyphens or colons"))
_instructor_code = _text(r"[A-Za-z0-9]{8,64}", _("8 to 64 letters and digits, without spaces"))


def _origin(url: str) -> str:
    try:
        is_origin = ORIGIN.fullmatch(url) is not None and urlsplit(url).port != 0
    except ValueError:  # of `urlsplit`: the port is above 65535, or the brackets hold no IPv6 address
        is_origin = False
    if not is_origin:
        raise ValueError(
            _("http:// or https://, a host and perhaps a port, as browsers write it: in lower case, nothing after it")
        )
    return url


def _public_origin(origin: str) -> str:
    parts = urlsplit(_origin(origin))
    if parts.port is not None and parts.port == DEFAULT_PORTS.get(parts.scheme):
        raise ValueError(_("an origin as browsers write it, without the default port %(port)s", port=parts.port))
    return origin


@dataclass(frozen=True, kw_only=True)
class Config:
    """The lab's settings. Field `x_y` is the environment variable `X_Y`. Raise `BadConfig`."""

    instance_dir: Path = _setting(_absolute, ROOT / "instance", "the folder for what the lab keeps; unset: `instance/`")
    redis_url: str | None = _setting(
        _store_address,
        None,
        "the store: `redis[+sentinel|+cluster]://`, or `rediss…` for TLS; unset: an embedded Valkey",
        repr=False,
    )
    store_prefix: str = _setting(_key_prefix, "lab:", "put before every key in the store")
    database_url: str = _setting(
        _file_if_sqlite, None, "the member database; unset: SQLite in `INSTANCE_DIR`", repr=False
    )
    lab: bool = _setting(
        _switch, False, "demo members, traces and controls; `python app.py` sets it to 1 if it is unset"
    )
    node_name: str = _setting(_node_name, "node-1", "this process, in the `X-Node` header")
    session_idle_s: int = _setting(
        _whole(1, 30 * DAY_S), 1800, "a session unused for this long has ended, or a twentieth later"
    )
    session_absolute_s: int = _setting(_whole(1, YEAR_S), 12 * 3600, "a session this old has ended")
    access_ttl_s: int = _setting(_whole(1, DAY_S), 300, "lifetime of an access token")
    refresh_ttl_s: int = _setting(_whole(1, YEAR_S), 7 * DAY_S, "lifetime of one refresh token")
    refresh_absolute_s: int = _setting(
        _whole(1, YEAR_S), 30 * DAY_S, "lifetime of a login, however often its refresh token rotates"
    )
    refresh_grace_s: int = _setting(
        _whole(0, 60), 10, "seconds in which a used refresh token still yields the same successor; 0: none"
    )
    logins_per_member: int = _setting(
        _whole(1, 1_000_000), 50, "how many logins a member has at once; a further one ends the oldest"
    )
    jwt_algorithm: Algorithm = _setting(
        _one_of(*get_args(Algorithm)), "HS256", "`HS256`, `EdDSA`, `ES256` or `RS256`; signs new tokens"
    )
    key_ring_file: Path = _setting(
        _absolute, None, "the signing keys, one file shared by the nodes; unset: `keys.json` in `INSTANCE_DIR`"
    )
    public_origin: str | None = _setting(
        _public_origin, None, "`https://host[:port]` as browsers see it; https makes cookies `Secure`"
    )

    trusted_proxies: int = _setting(
        _whole(0, 10), 0, "your own proxies in front; with them, `X-Forwarded-For` names the client"
    )
    control_socket: Path | None = _setting(
        Path, None, "the socket of the lab's supervisor; the lab sets it for its own nodes"
    )
    front_door: str | None = _setting(
        _origin, None, "the address of the lab's balancer; the lab sets it for its own nodes"
    )
    instructor_code: str | None = _setting(
        _instructor_code,
        None,
        "the code that opens the lab's controls to another machine; unset: `--lan` prints a new one",
        repr=False,
    )

    def __post_init__(self) -> None:
        problems = [*self._checked()] or [*self._lifetimes_that_do_not_nest()]
        if problems:
            raise BadConfig("; ".join(problems))
        self._set("database_url", self.database_url or f"sqlite:///{self.instance_dir / 'lab.db'}")
        self._set("key_ring_file", self.key_ring_file or self.instance_dir / "keys.json")

    def _checked(self) -> Iterator[str]:
        """Replace each value by the checked one. Yield what is wrong with the others, but never the value."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            if value is None and setting.default is None:
                continue
            try:
                self._set(setting.name, setting.metadata["check"](value))
            except ValueError as valid:
                yield _("%(name)s must be %(takes)s", name=setting.name.upper(), takes=valid)

    def _lifetimes_that_do_not_nest(self) -> Iterator[str]:
        if self.session_idle_s > self.session_absolute_s:
            yield _("%(name)s must be at most %(most)s", name="SESSION_IDLE_S", most="SESSION_ABSOLUTE_S")
        if self.access_ttl_s > self.refresh_ttl_s:
            yield _("%(name)s must be at most %(most)s", name="ACCESS_TTL_S", most="REFRESH_TTL_S")
        if self.refresh_ttl_s > self.refresh_absolute_s:
            yield _("%(name)s must be at most %(most)s", name="REFRESH_TTL_S", most="REFRESH_ABSOLUTE_S")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen only after `__post_init__`

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

    An empty variable counts as unset. The message never repeats a value: an address may contain a password.
    """
    names = [setting.name for setting in fields(Config)]
    unknown = [name for name in overrides if name not in names]
    if unknown:
        raise BadConfig("; ".join(_("%(name)s is not a setting", name=name.upper()) for name in unknown))
    set_here = {name: value for name in names if (value := os.environ.get(name.upper()))}
    return Config(**{**set_here, **overrides})


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
