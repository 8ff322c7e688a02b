"""The name that a request was sent to, as a browser writes it."""

import re
from ipaddress import ip_address

from flask import Request

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# As browsers write it: lower case, no user, no trailing dot.
HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


def host_name(of: Request) -> str:
    """Return the name that a request was sent to, without its port; empty for none and for nonsense."""
    return name_in(of.headers.get("Host", ""))


def name_in(host: str) -> str:
    """Return the name in a Host header, without its port; empty for nonsense."""
    found = HOST.fullmatch(host)
    return found["name"] if found else ""


def is_address(name: str) -> bool:
    """Tell whether this is an IP address. Another site can own a name, but not an address."""
    try:
        return bool(ip_address(name.strip("[]")))
    except ValueError:
        return False
