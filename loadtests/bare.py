"""A client with very little overhead: one keep-alive connection that repeats the same request.

Locust's client takes about as long for a request as the measured effect. In the generator the sockets are gevent's.
"""

import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWERS_WITHIN_S = 60.0
AT_ONCE = 65_536
TOLD = re.compile(rb"\r\n(content-length|x-node|server-timing): *([^\r]*)", re.IGNORECASE)


@dataclass(frozen=True)
class BareAnswer:
    """A status, the needed headers by lower-case name, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class BareConnection:
    """Sends `GET path` with `headers` to the server of `url`. The first request connects."""

    def __init__(self, url: str, path: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 80))
        lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._request = "\r\n".join([*lines, "", ""]).encode()
        self._socket: socket.socket | None = None

    def ask(self) -> BareAnswer:
        """Send the request and return the answer. Raise `OSError`; then the next request reconnects."""
        try:
            self._socket = self._socket or self._connected()
            self._socket.sendall(self._request)
            return self._answer(self._socket)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        connected = socket.create_connection(self._address, ANSWERS_WITHIN_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _answer(self, connected: socket.socket) -> BareAnswer:
        head, body = _until(connected, b"\r\n\r\n")
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in TOLD.findall(head)}
        missing = int(headers.get("content-length", "0")) - len(body)
        while missing > 0:
            body += (more := _received(connected))
            missing -= len(more)
        return BareAnswer(int(head[9:12]), headers, body)


def _until(connected: socket.socket, mark: bytes) -> tuple[bytes, bytes]:
    read = _received(connected)
    while mark not in read:
        read += _received(connected)
    head, _, body = read.partition(mark)
    return head, body


def _received(connected: socket.socket) -> bytes:
    if not (read := connected.recv(AT_ONCE)):
        raise ConnectionResetError("the server closed the connection")
    return read
