"""The host name that a request was sent to, as browsers write it."""

import re
from ipaddress import ip_address

from flask import Request

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Browsers write it in lower case, without user and trailing dot.
HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


def host_name(of: Request) -> str:
    """Return the host name that a request was sent to, without port; "" if it is missing or malformed."""
    return name_in(of.headers.get("Host", ""))


def name_in(host: str) -> str:
    """Return the name in a Host header, without port; "" if it is malformed."""
    found = HOST.fullmatch(host)
    return found["name"] if found else ""


def is_address(name: str) -> bool:
    """Return whether this is an IP address. Another site can own a name, but not this address."""
    try:
        return bool(ip_address(name.strip("[]")))
    except ValueError:
        return False
