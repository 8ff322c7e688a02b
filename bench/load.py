"""A small load generator: keep-alive connections, each with one request in flight, in one thread.

wrk and h2load must be installed and do not check the body. This one needs about 15 µs of its core per request, checks
the member in each answer, and reports how busy it was.
"""

import re
import selectors
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter_ns

TIMEOUT_S = 10.0
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Broken(Exception):
    """A connection ended, or an answer cannot be parsed. The message is one line."""


@dataclass
class Window:
    """The answers between two points in time."""

    latencies_ns: list[int] = field(default_factory=list)
    failures: int = 0
    seconds: float = 0.0

    @property
    def rps(self) -> float:
        """Correct answers per second."""
        return len(self.latencies_ns) / self.seconds

    def percentile_us(self, share: float) -> float:
        """Return the percentile by nearest rank."""
        taken = sorted(self.latencies_ns)
        return taken[min(len(taken) - 1, int(share * len(taken)))] / 1000 if taken else float("nan")


class Connection:
    """One client: it sends the request again after each answer."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request, self._came = request, b""
        self.sent_ns = 0

    def send(self) -> None:
        self.sent_ns = perf_counter_ns()
        self.socket.sendall(self._request)

    def receive(self) -> bytes | None:
        """Return the answer if it is complete. Raise `Broken`."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise Broken("the server closed a connection")
        came = self._came = self._came + chunk
        head = came.find(END_OF_HEAD)
        if head < 0:
            return None
        length = LENGTH.search(came, 0, head)
        if length is None:
            raise Broken("an answer without Content-Length")
        if len(came) < head + len(END_OF_HEAD) + int(length[1]):
            return None
        self._came = b""
        return came


def request_bytes(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """Return a GET request with only the necessary headers."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def drive(
    port: int,
    request: bytes,
    expected: bytes,
    connections: int,
    warm_up_s: float,
    seconds: float,
    mark: Callable[[], None],
) -> Window:
    """Send requests for `warm_up_s + seconds`. Count those after the warm-up; call `mark` at their start and end.

    An answer is correct if its status is 200 and it contains `expected`. Raise `Broken`.
    """
    window = Window()
    with ExitStack() as open_until_here, selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = Connection(port, request)
            open_until_here.callback(connection.socket.close)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        _exchange(selector, expected, perf_counter_ns() + int(warm_up_s * 1e9), Window())
        mark()
        began_ns = perf_counter_ns()
        _exchange(selector, expected, began_ns + int(seconds * 1e9), window)
        window.seconds = (perf_counter_ns() - began_ns) / 1e9
        mark()
    return window


def _exchange(selector: selectors.BaseSelector, expected: bytes, until_ns: int, window: Window) -> None:
    """Record each answer and send the next request, until `until_ns`."""
    now_ns = perf_counter_ns()
    while now_ns < until_ns:
        ready = selector.select(TIMEOUT_S)
        if not ready:
            raise Broken(f"no answer within {TIMEOUT_S:.0f} s")
        for key, _ in ready:
            connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            now_ns = perf_counter_ns()
            if answer.startswith(b"HTTP/1.1 200") and expected in answer:
                window.latencies_ns.append(now_ns - connection.sent_ns)
            else:
                window.failures += 1
            connection.send()
