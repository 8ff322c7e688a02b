"""`/storage`: one login in seven places, with a page that acts as another site, and a view that reports its requests.

Unsafe to copy: the other site's page is made for attacks. It attacks only this lab, under the lab's other loopback
name, and does not exist if the lab has any other name.
"""

import re
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_babel import force_locale, get_locale
from werkzeug.exceptions import Forbidden

from lab.pages.storage.backend import NAME as BACKEND
from lab.pages.storage.readable import PREFIX as READABLE_PREFIX
from lab.pages.storage.readable import readable_cookies
from service.errors import NotFound
from service.web.cookies import cookie_name
from service.web.fields import whole_number_arg
from service.web.headers import content_security_policy
from service.web.negotiation import page
from service.web.origin import refuse_cross_origin

# Two names of one machine are two sites for a browser: the host decides, not the port.
OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
HOST = re.compile(r"(?P<name>127\.0\.0\.1|localhost)(?P<port>:\d{1,5})?", re.ASCII)
READABLE = readable_cookies(secure=False)
# By path: the cookies of a login. The names are for plain http: over https there is no second name and no attack page.
COOKIES = {
    "/token": (cookie_name("access", secure=False), cookie_name("refresh", secure=False)),
    "/session": (cookie_name("sid", secure=False),),
    f"/{BACKEND}": (cookie_name("sid", secure=False),),
    READABLE_PREFIX: (READABLE.access.name, READABLE.refresh.name),
}

PLANTED = "Written by another site"  # the note that an attack must not be able to store

# The requests for which the other site's page navigates the whole window, in this order.
MOVES = (*((method, f"{prefix}/witness") for method in ("POST", "GET") for prefix in COOKIES), ("POST", "/token/notes"))


def other_site() -> str | None:
    """Return this lab's origin under its other loopback name, or None if there is none."""
    found = HOST.fullmatch(request.host)
    if found is None or current_app.config["PUBLIC_ORIGIN"]:
        return None
    return f"http://{OTHER_NAME[found['name']]}{found['port'] or ''}"


def storage_blueprint() -> Blueprint:
    """Return the pages."""
    storage = Blueprint("storage", __name__)
    storage.add_url_rule("/storage", "page", places)
    storage.add_url_rule("/storage/elsewhere", view_func=elsewhere)
    for prefix in COOKIES:
        seen = partial(witness, prefix)
        storage.add_url_rule(f"{prefix}/witness", f"witness at {prefix}", seen, methods=["GET", "POST"])
    return storage


def places() -> Response:
    """Show the page. Its scripts create the logins."""
    return make_response(render_template("storage.html", other_site=other_site(), planted=PLANTED))


def elsewhere() -> Response:
    """Show the other site's page. Its policy (CSP) allows requests only to the lab's first name."""
    target = other_site()
    if target is None:
        raise NotFound()
    step = whole_number_arg("step", 0, len(MOVES) - 1) or 0
    with force_locale(_language()):
        response = make_response(render_template("storage/elsewhere.html", target=target, **_move(target, step)))
    instead = {"connect-src": target, "img-src": f"'self' {target}", "form-action": target}
    response.headers["Content-Security-Policy"] = content_security_policy(instead)
    return response


def witness(prefix: str) -> Response:
    """Return what the browser added to this request: its origin, the names of login cookies, the header.

    It is below the path of a place, because cookies are sent only there. It changes nothing, and returns no values.
    """
    arrived = {
        "prefix": prefix,
        "method": request.method,
        "site": request.headers.get("Sec-Fetch-Site"),
        "origin": request.headers.get("Origin"),
        "cookies": [name for name in COOKIES[prefix] if name in request.cookies],
        "authorization": "Authorization" in request.headers,
        "refused": _would_be_refused(),
    }
    return page("storage/witness.html", {"arrived": arrived, "next_page": _next_page()})


def _would_be_refused() -> bool:
    """Return whether the origin check of cookie-based pages would refuse this request."""
    try:
        refuse_cross_origin()
    except Forbidden:
        return True
    return False


def _next_page() -> str | None:
    step, origin = whole_number_arg("step", 0, len(MOVES) - 2), other_site()
    if step is None or origin is None:
        return None
    return f"{origin}/storage/elsewhere?step={step + 1}&language={get_locale()}"


def _language() -> str:
    """Return the language of the page that led here: the language cookie belongs to the first name."""
    asked = request.args.get("language")
    return asked if asked in ("en", "ko") else str(get_locale() or "en")


def _move(target: str, step: int) -> dict[str, Any]:
    """Return the request that navigates the window; at the first step also the requests sent before it."""
    method, path = MOVES[step]
    before = [_note(target, f"{prefix}/notes") for prefix in COOKIES] if step == 0 else []
    return {
        "method": method,
        "step": step,
        "steps": len(MOVES),
        "before": before,
        **_note(target, path, f"?step={step}"),
    }


def _note(target: str, path: str, query: str = "") -> dict[str, str]:
    return {"url": f"{target}{path}{query}", "text": f"{PLANTED} ({path})"}
