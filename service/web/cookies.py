"""Our cookies: their names and attributes, writing them, and reading a credential from one.

No other module of the service, of what wraps the twins or of the lab writes a cookie.
"""

import re
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from flask import Request, Response, after_this_request, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from service.config import YEAR_S

SameSite = Literal["Lax", "Strict"]

# Cookies are shared by all ports of a host: other programs on this machine receive ours, and we receive theirs.
PREFIX = "sot_"  # session or token


def cookie_name(name: str, secure: bool) -> str:
    """Return the name of a cookie that carries a credential.

    Over https `__Secure-` prevents pages loaded without TLS from setting it. `__Host-` would also stop sibling
    domains, but it requires `Path=/`. Our cookies are limited to their approach's path, so that a request with a token
    carries no session cookie.
    """
    return f"{'__Secure-' if secure else ''}{PREFIX}{name}"


@dataclass(frozen=True)
class Cookie:
    """A cookie as it is set and deleted.

    `name` is the full name. Browsers send it to `path` and below; with `secure` over https only. A request that another
    site causes has it only if it follows a link (`samesite` "Lax"), or never ("Strict"). Without `max_age_s` the cookie
    ends with the browser. `http_only`: no script can read it. Only the lab shows what happens without (`/storage`).
    """

    name: str
    path: str = "/"
    secure: bool = False
    samesite: SameSite = "Lax"
    max_age_s: int | None = None
    http_only: bool = True

    def set(self, response: Response, value: str) -> Response:
        """Set the cookie to `value`."""
        response.set_cookie(
            self.name,
            value,
            max_age=self.max_age_s,
            path=self.path,
            secure=self.secure,
            httponly=self.http_only,
            samesite=self.samesite,
        )
        return response

    def delete(self, response: Response) -> Response:
        """Delete the cookie. Without `Secure` browsers would ignore the deletion of a `__Secure-` cookie."""
        response.delete_cookie(
            self.name, path=self.path, secure=self.secure, httponly=self.http_only, samesite=self.samesite
        )
        return response


def credential_cookie(
    name: str, path: str, secure: bool, samesite: SameSite = "Lax", max_age_s: int | None = None
) -> Cookie:
    """Return a cookie that carries a credential, for https (`secure`) or plain http."""
    return Cookie(cookie_name(name, secure), path, secure, samesite, max_age_s)


def setting_cookie(name: str) -> Cookie:
    """Return a cookie that keeps a visitor's setting for a year. It is no credential: its name has no prefix."""
    return Cookie(f"{PREFIX}{name}", max_age_s=YEAR_S)


def single_cookie(name: str) -> str | None:
    """Return the cookie, or None. Raise 400 if it was sent more than once, or if the cookies cannot be decoded.

    A sibling domain can set a second cookie with the same name, which browsers may send first. The order must not
    decide whose login it is.
    """
    sent = request.environ.get("HTTP_COOKIE")
    if sent is None:
        return None  # nothing to parse: most programs send no cookies
    if sent == "":  # no browser sends an empty header: the server could not decode it
        raise BadRequest(
            gettext(
                "A cookie of another program on this host contains characters outside ASCII, so no cookie can be read."
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
    """Return the values of this cookie, in the order in which they were sent.

    A plain value that occurs once is read directly: parsing all cookies takes ten times as long.
    """
    header = request.environ.get("HTTP_COOKIE", "")
    if name not in header:
        return []
    if header.count(name) == 1 and (found := _plainly(name).search(header)):
        return [found[1]]
    return request.cookies.getlist(name)


@cache
def _plainly(name: str) -> re.Pattern[str]:
    """Return a pattern for a cookie value that needs no decoding, as session ids and tokens are."""
    return re.compile(rf"(?:^|; ?){re.escape(name)}=([\w.-]*)(?:;|\Z)", re.ASCII)


def _drop(name: str, response: Response) -> Response:
    """Delete a cookie that was sent more than once, at every path that sends it here. Else every page would fail.

    Browsers find it by its name, host and path. Of the other attributes only `Secure` is needed, for the prefix.
    """
    parts = request.path.split("/")
    above = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
    for path in {f"{folder}{slash}" or "/" for folder in above for slash in ("", "/")}:
        response.delete_cookie(name, path=path, secure=name.startswith("__Secure-"))
    return response


def sent_by_a_script() -> bool:
    """Return whether a page's script has sent this request (Fetch Metadata).

    Another tab may have logged in meanwhile, so the answer must not delete the new login's cookies. The next page load
    can decide that.
    """
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
