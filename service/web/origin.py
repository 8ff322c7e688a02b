"""Refuse requests that another site makes a browser send (CSRF, including login CSRF)."""

from flask import current_app, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_origin() -> None:
    """Raise 403 for an unsafe request that another origin's page made a browser send.

    If `Sec-Fetch-Site` and `Origin` are sent, both must match. A client that sends neither is not a browser, and does
    not add cookies on its own.
    """
    if request.method in SAFE_METHODS:
        return
    own_site = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    if not own_site or not _own_origin(request.headers.get("Origin")):
        raise Forbidden(gettext("This request comes from another site's page."))


def _own_origin(origin: str | None) -> bool:
    # Compare the text as the browser sent it: rebuilding it would change the spelling of a Hangul name.
    own = current_app.config["PUBLIC_ORIGIN"] or f"{request.scheme}://{request.headers.get('Host', '')}"
    return origin is None or origin == own
