"""Security headers of every response."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Write = Callable[[bytes], object]  # defined once: in an inner function's signature each request would evaluate it

# No 'unsafe-inline': every script and style is one of the lab's files.
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
    """Return the policy, with the directives in `instead` replaced."""
    return "; ".join(f"{name} {sources}" for name, sources in {**POLICY, **(instead or {})}.items())


SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


VARIES = "lab.varies"  # WSGI environment key: the request headers on which the answer depends
ADDED = [*SECURITY_HEADERS.items(), ("Cache-Control", "no-store")]
NAMES = frozenset(name.lower() for name, _ in ADDED)


class SecurityHeaders:
    """A WSGI application that adds the security headers to every response, and `no-store` to all but static files.

    Code that reads a credential puts the names of its headers into `VARIES`, for the `Vary` header (RFC 9110 §12.5.5).
    It is not done in Flask, which would look up, check and copy each header, twice per response.
    """

    def __init__(self, app: "WSGIApplication", static_prefix: str) -> None:
        self._app = app
        self._static = static_prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start_with_security_headers(status: str, headers: Headers, exc_info: Any = None) -> Write:
            is_static = environ.get("PATH_INFO", "").startswith(self._static)
            sent = _with_security_headers(headers, is_static)
            if VARIES in environ:  # added beside a page's own Vary header
                sent = [*sent, ("Vary", environ[VARIES])]
            return start_response(status, sent, exc_info)

        return self._app(environ, start_with_security_headers)


def _with_security_headers(headers: Headers, is_static: bool) -> Headers:
    """Return the headers with ours added. A response's own values stay, but only static files may be cached."""
    said = {name.lower() for name, _ in headers}
    if said.isdisjoint(NAMES):
        return headers + ADDED
    if not is_static:
        headers = [(name, value) for name, value in headers if name.lower() != "cache-control"]
        said.discard("cache-control")
    return headers + [(name, value) for name, value in ADDED if name.lower() not in said]
