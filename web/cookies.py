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


def sent_by_a_script() -> bool:
    """Tell whether a script of a page has sent this request (Fetch Metadata).

    It may have been on its way while another tab logged in. Its answer then must not take the new login's cookies; the
    next page that the browser loads will know better.
    """
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
