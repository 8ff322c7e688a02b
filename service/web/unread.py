"""Read the rest of a request's body before the answer is sent.

A server that closes a connection with an unread body resets it. The client may then lose the answer, and a balancer may
mark the node as down (RFC 9112 §9.6).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_BYTES = 16 * 1024 * 1024  # the connection of a longer body is closed
CHUNK_BYTES = 64 * 1024


class ReadToTheEnd:
    """A WSGI application that reads the rest of the body after the wrapped application, up to `MOST_BYTES`."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._app(environ, start_response)  # no body (RFC 9112 §6.3)
        body = environ["wsgi.input"]  # keep the server's stream: the application may replace it
        answer = self._app(environ, start_response)
        left = MOST_BYTES
        while left > 0 and (chunk := body.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
        return answer
