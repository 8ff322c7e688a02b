"""JSON for programs and HTML for browsers, from the same view."""

from functools import lru_cache
from typing import Any

import msgspec
from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

JSON = "application/json"
KEPT_ANSWERS = 64  # clients use few different Accept headers; others are parsed each time

_encoder = msgspec.json.Encoder(order="sorted")


def wants_html() -> bool:
    """Return whether the client prefers HTML. The default, also for `*/*` alone, is JSON."""
    return _prefers_html(request.environ.get("HTTP_ACCEPT", ""))


@lru_cache(KEPT_ANSWERS)
def _prefers_html(accept: str) -> bool:
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted["text/html"] > accepted[JSON]


def page(template: str, data: dict[str, Any], status: int = 200) -> Response:
    """Answer with `data`, as JSON or as the HTML of `template`, as the client prefers."""
    if wants_html():
        return make_response(render_template(template, **data), status)
    return json_response(data, status)


def done(data: dict[str, Any] | None, status: int, then: str) -> Response:
    """Answer an action: a browser gets 303 to the endpoint `then`, others get `data` (None: no body)."""
    if wants_html():
        return make_response(redirect(url_for(then), 303))
    return make_response("", status) if data is None else json_response(data, status)


def json_response(data: dict[str, Any], status: int = 200) -> Response:
    """Answer with `data` as JSON, in the format of `jsonify`: valid text, numbers, lists and dictionaries."""
    return Response(_encoder.encode(data) + b"\n", status, content_type=JSON)
