"""JSON for programs, HTML for browsers, from one and the same view."""

from functools import lru_cache
from typing import Any

import msgspec
from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

JSON = "application/json"
KEPT_ANSWERS = 64  # clients spell their Accept header in few ways; one that invents others only has them parsed

_encoder = msgspec.json.Encoder(order="sorted")


def wants_html() -> bool:
    """Tell whether the client prefers HTML. JSON is the default: `*/*` alone asks for neither."""
    return _prefers_html(request.environ.get("HTTP_ACCEPT", ""))


@lru_cache(KEPT_ANSWERS)
def _prefers_html(accept: str) -> bool:
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted["text/html"] > accepted[JSON]


def page(template: str, data: dict[str, Any], status: int = 200) -> Response:
    """Answer with `data`, as JSON or drawn by `template`, whichever the client prefers."""
    if wants_html():
        return make_response(render_template(template, **data), status)
    return json_response(data, status)


def done(data: dict[str, Any] | None, status: int, then: str) -> Response:
    """Answer an action: 303 to the endpoint `then` for a browser, otherwise `data` (None: no body)."""
    if wants_html():
        return make_response(redirect(url_for(then), 303))
    return make_response("", status) if data is None else json_response(data, status)


def json_response(data: dict[str, Any], status: int = 200) -> Response:
    """Answer with `data`: text that UTF-8 can carry, numbers, lists and dictionaries; written as `jsonify` does."""
    return Response(_encoder.encode(data) + b"\n", status, content_type=JSON)
