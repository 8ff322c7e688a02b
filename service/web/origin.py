"""Refuse a browser that acts for another site (cross-site request forgery, login forgery included)."""

from flask import current_app, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_origin() -> None:
    """Raise 403 for an unsafe request that a browser sends on behalf of another origin.

    `Sec-Fetch-Site` and `Origin` both have to agree, where they are sent. A client that sends neither is no browser
    and carries no cookie that it was not given.
    """
    if request.method in SAFE_METHODS:
        return
    own_site = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    if not own_site or not _own_origin(request.headers.get("Origin")):
        raise Forbidden(gettext("This request comes from another site's page."))


def _own_origin(origin: str | None) -> bool:
    # As the browser wrote both: put together anew, a name in Hangul would be written in another way.
    own = current_app.config["PUBLIC_ORIGIN"] or f"{request.scheme}://{request.headers.get('Host', '')}"
    return origin is None or origin == own
