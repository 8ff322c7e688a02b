"""Protection against DNS rebinding: a lab answers only to its own host names.

A site whose name resolves to this machine has the same origin as we do: it could log visitors in, read their pages and
end their logins. But the Host header still has its name.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, request

from lab.errors import ForeignHost
from service.web.host import LOOPBACK_NAMES, is_address, name_in


def answer_only_to(app: Flask, *addresses: str | None) -> None:
    """Let `app` refuse every request whose Host is neither a name of this machine nor one of these addresses."""
    names = {name_in(urlsplit(address).netloc) for address in addresses if address}
    app.before_request(lambda: _refuse_others(names))


def _refuse_others(names: Collection[str]) -> None:
    sent = request.environ.get("HTTP_HOST")
    if sent is None:  # browsers always send it
        return
    name = name_in(sent)
    if name not in LOOPBACK_NAMES and name not in names and not is_address(name):
        raise ForeignHost()
