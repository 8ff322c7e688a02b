"""What is left of a request's body is read before the answer goes out.

A server that closes a connection with a body unread resets it. The client may then lose the answer, and a balancer in
front takes the node for dead, whatever the node said (RFC 9112 §9.6).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_BYTES = 16 * 1024 * 1024  # whoever sends more is cut off: nobody has to take in what has no end
CHUNK_BYTES = 64 * 1024


class ReadToTheEnd:
    """A WSGI application that reads what the one inside it has left unread, up to `MOST_BYTES`."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = environ["wsgi.input"]  # the server's own: inside, others may stand in its place
        answer = self._app(environ, start_response)
        left = MOST_BYTES
        while left > 0 and (chunk := body.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
        return answer
