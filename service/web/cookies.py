"""The names of cookies, and how a credential is read from one."""

import re
from functools import cache, partial

from flask import Request, Response, after_this_request, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

# Cookies belong to a host, whatever the port: other programs on this machine see ours, and we see theirs.
PREFIX = "sot_"  # session or token


def cookie_name(name: str, secure: bool) -> str:
    """Return the name of a cookie that carries a credential.

    Over https `__Secure-` keeps pages that were loaded without TLS from setting it. `__Host-` would keep neighbouring
    names from setting one too, but it demands `Path=/`, and ours end at their approach: a request with a token carries
    no session cookie.
    """
    return f"{'__Secure-' if secure else ''}{PREFIX}{name}"


def single_cookie(name: str) -> str | None:
    """Return the cookie, or None. Raise 400 if it came more than once, or if the cookies cannot be read.

    A site on a neighbouring name can set a second one of the same name, which browsers may send first: whose login
    this is must not depend on the order.
    """
    sent = request.environ.get("HTTP_COOKIE")
    if sent is None:
        return None  # nothing to parse, as from most programs
    if sent == "":  # no browser sends it so: the server could not decode it
        raise BadRequest(
            gettext(
                "A cookie of another program on this host holds characters outside ASCII, so no cookie can be read."
                " Delete the cookies of this host, or start the lab with its balancer."
            )
        )
    values = cookies_sent(request, name)
    if len(values) > 1:
        after_this_request(partial(_drop, name))
        raise BadRequest(
            gettext(
                "The cookie %(name)s came more than once. This answer deletes those that it can reach; try again. If"
                " it comes again, another host of this domain has set one: delete the cookies of the domain.",
                name=name,
            )
        )
    return values[0] if values else None


def cookies_sent(request: Request, name: str) -> list[str]:
    """Return the values of this cookie, in the order in which they came.

    What is written plainly and comes once is read as it stands: to parse all cookies takes ten times as long.
    """
    header = request.environ.get("HTTP_COOKIE", "")
    if name not in header:
        return []
    if header.count(name) == 1 and (found := _plainly(name).search(header)):
        return [found[1]]
    return request.cookies.getlist(name)


@cache
def _plainly(name: str) -> re.Pattern[str]:
    """Return how a cookie is found whose value needs no decoding: session ids and tokens have no other characters."""
    return re.compile(rf"(?:^|; ?){re.escape(name)}=([\w.-]*)(?:;|\Z)", re.ASCII)


def _drop(name: str, response: Response) -> Response:
    """Delete a cookie that came more than once, at every path that sends it here: else no page would be left."""
    parts = request.path.split("/")
    above = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
    for path in {f"{folder}{slash}" or "/" for folder in above for slash in ("", "/")}:
        response.delete_cookie(name, path=path, secure=name.startswith("__Secure-"))
    return response


def sent_by_a_script() -> bool:
    """Tell whether a script of a page has sent this request (Fetch Metadata).

    It may have been on its way while another tab logged in. Its answer then must not take the new login's cookies; the
    next page that the browser loads will know better.
    """
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
