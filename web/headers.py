"""Headers that every response carries, whatever made it."""

from flask import Flask, Response, request

SECURITY_HEADERS = {
    # No 'unsafe-inline': every script and style is a file of the lab's own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Add the security headers to every response, and `no-store` to all but static files."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    response.headers.extend(SECURITY_HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
