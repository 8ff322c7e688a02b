"""What the load counts: right answers, whole ones, and those that name the right member."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from bench.load import Broken, Window, drive, request_bytes

RIGHT = b'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"alice"'
OTHER = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"bob"'
REFUSAL = b"HTTP/1.1 401 UNAUTHORIZED\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def server(pieces: Sequence[bytes]) -> Iterator[int]:
    """Answer each request on a connection with these pieces, one after the other; an empty one closes it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        Thread(target=accept, args=(listening, pieces), daemon=True).start()
        yield listening.getsockname()[1]


def accept(listening: socket.socket, pieces: Sequence[bytes]) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=answer, args=(client, pieces), daemon=True).start()


def answer(client: socket.socket, pieces: Sequence[bytes]) -> None:
    with client:
        try:
            while client.recv(65536):
                for piece in pieces:
                    if not piece:
                        return
                    client.sendall(piece)
        except OSError:
            return


def driven(pieces: Sequence[bytes], connections: int = 3) -> tuple[Window, int]:
    marks: list[None] = []
    with server(pieces) as port:
        request = request_bytes(port, "/profile", {"Cookie": "sid=1"})
        window = drive(port, request, b'"alice"', connections, 0.05, 0.2, lambda: marks.append(None))
    return window, len(marks)


def test_right_answers_are_counted_between_two_marks() -> None:
    window, marks = driven([RIGHT])
    assert marks == 2
    assert window.failures == 0
    assert len(window.latencies_ns) > 0
    assert window.rps == len(window.latencies_ns) / window.seconds
    assert 0 < window.percentile_us(0.5) <= window.percentile_us(0.99)


def test_an_answer_may_come_in_pieces() -> None:
    window, _ = driven([RIGHT[:9], RIGHT[9:30], RIGHT[30:-3], RIGHT[-3:]])
    assert window.failures == 0
    assert len(window.latencies_ns) > 0


@pytest.mark.parametrize("wrong", [OTHER, REFUSAL])
def test_a_refusal_or_another_member_is_a_failure(wrong: bytes) -> None:
    window, _ = driven([wrong])
    assert window.failures > 0
    assert window.latencies_ns == []


def test_a_connection_that_ends_is_told() -> None:
    with pytest.raises(Broken, match="closed a connection"):
        driven([b""])


def test_an_answer_of_unknown_length_is_told() -> None:
    with pytest.raises(Broken, match="Content-Length"):
        driven([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])


def test_a_request_carries_its_credential_and_no_more_than_is_needed() -> None:
    assert request_bytes(80, "/profile", {"Cookie": "sid=1"}) == (
        b"GET /profile HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAccept: */*\r\nCookie: sid=1\r\n\r\n"
    )
