"""JSON for programs, HTML for browsers, from one and the same view."""

from typing import Any

from flask import Response, jsonify, make_response, redirect, render_template, request, url_for


def wants_html() -> bool:
    """Tell whether the client prefers HTML. JSON is the default: `*/*` alone asks for neither."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def page(template: str, data: dict[str, Any], status: int = 200) -> Response:
    """Answer with `data`, as JSON or drawn by `template`, whichever the client prefers."""
    if wants_html():
        return make_response(render_template(template, **data), status)
    return make_response(jsonify(data), status)


def done(data: dict[str, Any] | None, status: int, then: str) -> Response:
    """Answer an action: 303 to the endpoint `then` for a browser, otherwise `data` (None: no body)."""
    if wants_html():
        return make_response(redirect(url_for(then), 303))
    return make_response(("", status) if data is None else (jsonify(data), status))
