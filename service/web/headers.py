"""Headers that every response carries, whatever made it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Write = Callable[[bytes], object]  # named once: in the head of an inner function it would be made anew each request

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


VARIES = "lab.varies"  # in the WSGI environment: the request's headers that decide what this answer says
ADDED = [*SECURITY_HEADERS.items(), ("Cache-Control", "no-store")]
NAMES = frozenset(name.lower() for name, _ in ADDED)


class SecurityHeaders:
    """A WSGI application that adds the security headers to every response, and `no-store` to all but static files.

    What reads a credential names the headers that carry it in `VARIES`, and caches are told (RFC 9110 §12.5.5).
    Here and not in Flask: there each header would be looked up, checked and copied on its own, twice a response.
    """

    def __init__(self, app: "WSGIApplication", static_prefix: str) -> None:
        self._app = app
        self._static = static_prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start_with_security_headers(status: str, headers: Headers, exc_info: Any = None) -> Write:
            is_static = environ.get("PATH_INFO", "").startswith(self._static)
            sent = _with_security_headers(headers, is_static)
            if VARIES in environ:  # beside another one, should a page say more
                sent = [*sent, ("Vary", environ[VARIES])]
            return start_response(status, sent, exc_info)

        return self._app(environ, start_with_security_headers)


def _with_security_headers(headers: Headers, is_static: bool) -> Headers:
    """Return the headers and ours. What a response says for itself stays, but only a static file may be stored."""
    said = {name.lower() for name, _ in headers}
    if said.isdisjoint(NAMES):
        return headers + ADDED
    if not is_static:
        headers = [(name, value) for name, value in headers if name.lower() != "cache-control"]
        said.discard("cache-control")
    return headers + [(name, value) for name, value in ADDED if name.lower() not in said]
