"""The names by which a lab is asked.

A page of another site that has its own name pointed at this machine (DNS rebinding) shares its origin with us: it could
log visitors in, read their pages and end their logins. But it still sends its own name.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, request

from lab.errors import ForeignHost
from service.web.host import LOOPBACK_NAMES, is_address, name_in


def answer_only_to(app: Flask, *addresses: str | None) -> None:
    """Let `app` refuse every request that names another host than this machine's own, or that of these addresses."""
    names = {name_in(urlsplit(address).netloc) for address in addresses if address}
    app.before_request(lambda: _refuse_others(names))


def _refuse_others(names: Collection[str]) -> None:
    sent = request.environ.get("HTTP_HOST")
    if sent is None:  # no browser leaves it out
        return
    name = name_in(sent)
    if name not in LOOPBACK_NAMES and name not in names and not is_address(name):
        raise ForeignHost()
