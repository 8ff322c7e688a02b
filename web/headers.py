"""Headers that every response carries, whatever made it."""

from collections.abc import Mapping

from flask import Flask, Response, request

# No 'unsafe-inline': every script and style is a file of the lab's own.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def content_security_policy(instead: Mapping[str, str] | None = None) -> str:
    """Return the policy, with some directives replaced for a response that sets it for itself."""
    return "; ".join(f"{name} {sources}" for name, sources in {**POLICY, **(instead or {})}.items())


SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Add the security headers to every response, and `no-store` to all but static files."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)  # what a response says for itself stays
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
