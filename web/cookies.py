"""Read a credential from a cookie."""

from flask import request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest


def single_cookie(name: str) -> str | None:
    """Return the cookie, or None. Raise 400 if it came more than once.

    A site on a neighbouring name can set a second one of the same name, which browsers may send first: whose login
    this is must not depend on the order.
    """
    values = request.cookies.getlist(name)
    if len(values) > 1:
        raise BadRequest(gettext("The cookie %(name)s came more than once.", name=name))
    return values[0] if values else None
