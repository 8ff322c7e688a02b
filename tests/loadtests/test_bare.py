"""A connection that sends one request again and again, against servers that answer, stall midway, or go away."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from loadtests.bare import BareAnswer, BareConnection
from tests.support.ports import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Node: node-1\r\nServer-Timing: app;dur=0.1\r\n\r\nhello"
REFUSED = b"HTTP/1.1 401 UNAUTHORIZED\r\ncontent-length: 2\r\n\r\n{}"
TOLD = {"content-length": "5", "x-node": "node-1", "server-timing": "app;dur=0.1"}
Says = Callable[[socket.socket], object]


@contextmanager
def answering(*says: Says) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that takes a connection for each of these, reads a request of it, and does what it says."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for say in says:
                connection, _address = server.accept()
                with connection:
                    heard.append(connection.recv(4096))
                    say(connection)

        worker = threading.Thread(target=serve, daemon=True)
        worker.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        worker.join(10)


def test_a_request_says_what_was_asked_for_and_the_answer_what_is_needed() -> None:
    with answering(lambda connection: connection.sendall(OK)) as (url, heard):
        connection = BareConnection(url, "/session/profile", {"Cookie": "a=b"})
        assert connection.ask() == BareAnswer(200, TOLD, b"hello")
        connection.close()
    host = url.removeprefix("http://")
    assert heard == [f"GET /session/profile HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nCookie: a=b\r\n\r\n".encode()]


def test_an_answer_in_pieces_is_waited_for() -> None:
    def in_pieces(connection: socket.socket) -> None:
        for at in range(len(OK)):
            connection.sendall(OK[at : at + 1])

    with answering(in_pieces) as (url, _heard):
        assert BareConnection(url, "/", {}).ask().body == b"hello"


def test_one_connection_serves_many_requests() -> None:
    def twice(connection: socket.socket) -> None:
        connection.sendall(OK)
        connection.recv(4096)
        connection.sendall(REFUSED)

    with answering(twice) as (url, heard):
        connection = BareConnection(url, "/", {})
        assert [connection.ask().status, connection.ask().status] == [200, 401]
    assert len(heard) == 1


@pytest.mark.parametrize("sent", [b"", OK[:10], OK[:-1]])
def test_a_connection_that_is_cut_says_so_and_the_next_request_has_a_new_one(sent: bytes) -> None:
    with answering(lambda peer: peer.sendall(sent), lambda peer: peer.sendall(OK)) as (url, _heard):
        connection = BareConnection(url, "/", {})
        with pytest.raises(ConnectionResetError):
            connection.ask()
        assert connection.ask().body == b"hello"


def test_a_server_that_is_not_there_says_so() -> None:
    with pytest.raises(ConnectionRefusedError):
        BareConnection(f"http://127.0.0.1:{free_port()}", "/", {}).ask()
