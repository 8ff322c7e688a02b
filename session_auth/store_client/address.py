"""Parse the address of a store. The forms are described in the package's docstring."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

Host = tuple[str, int]
Kind = Literal["single", "sentinel", "cluster"]

SCHEMES: dict[str, tuple[Kind, int]] = {
    "": ("single", 6379),
    "sentinel": ("sentinel", 26379),
    "cluster": ("cluster", 6379),
}
PATHS = {
    "single": r"(?:/(?P<number>\d{0,4}))?",
    "sentinel": r"/(?P<service>[\w.-]+)(?:/(?P<number>\d{0,4}))?",
    "cluster": "/?",
}
HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?", re.ASCII)
FORMS = (
    "redis://[[user]:password@]host[:port][/number], redis+sentinel://…host[:port],…/service[/number] or "
    "redis+cluster://…host[:port],…; rediss for TLS"
)


@dataclass(frozen=True)
class StoreAddress:
    """A parsed address. Never print it: it holds the password."""

    kind: Kind
    tls: bool
    hosts: tuple[Host, ...]
    username: str | None
    password: str | None
    service: str
    number: int


def parse_address(url: str) -> StoreAddress:
    """Parse an address. Raise `ValueError`, whose message does not repeat the address: it may hold a password."""
    address = _parse(url)
    if address is None:
        raise ValueError(FORMS)
    return address


def hosts_of(url: str) -> str:
    """Return the hosts and ports for messages, without user name and password. Raise `ValueError`."""
    return ", ".join(map(name_of, parse_address(url).hosts))


def _parse(url: str) -> StoreAddress | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    scheme, _, variant = parts.scheme.partition("+")
    # Options in the address are refused: they would override ours, such as the short timeouts.
    if scheme not in ("redis", "rediss") or variant not in SCHEMES or parts.query or parts.fragment:
        return None
    kind, default_port = SCHEMES[variant]
    credentials, at, hosts = parts.netloc.rpartition("@")
    username, colon, password = credentials.partition(":")
    places = [HOST.fullmatch(host) for host in hosts.split(",")]
    path = re.fullmatch(PATHS[kind], parts.path, re.ASCII)
    if path is None or (at and not colon) or (kind == "single" and len(places) > 1):
        return None
    found = [(place["name"].strip("[]"), int(place["port"] or default_port)) for place in places if place]
    if len(found) < len(places) or not all(1 <= port <= 65535 for _, port in found):
        return None
    named = path.groupdict()
    return StoreAddress(
        kind,
        scheme == "rediss",
        tuple(found),
        unquote(username) or None,
        unquote(password) or None,
        named.get("service") or "",
        int(named.get("number") or 0),
    )


def name_of(host: Host) -> str:
    """Return host and port for messages."""
    return f"[{host[0]}]:{host[1]}" if ":" in host[0] else f"{host[0]}:{host[1]}"
