"""One connection to the store: the time that it waits, and what it does with an answer that is not one."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest
from redis import Connection
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    InvalidResponse,
    MovedError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,  # noqa: A004
)

from session_auth.store_client.line import Line

SHORT_S = 0.1
PATIENT_S = 60.0
REPLY = b"$5\r\nalice\r\n"


@contextmanager
def line_to(serve: Callable[[socket.socket], None], timeout_s: float) -> Iterator[Line]:
    """A connection to a server that does with its end whatever it likes."""

    def accept() -> None:
        with suppress(OSError), listener.accept()[0] as accepted:
            serve(accepted)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept)
        thread.start()
        connection = Connection(*listener.getsockname(), redis_connect_func=lambda _: None)
        connection.connect()
        line = Line(connection, timeout_s)
        try:
            yield line
        finally:
            line.close()
            thread.join()


def answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Answer the first things that come with these, and the others not."""

    def serve(end: socket.socket) -> None:
        for piece in pieces:
            end.recv(1024)
            end.sendall(piece)
        while end.recv(1024):
            pass

    return serve


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_timeout() -> None:
    with line_to(answering(), SHORT_S) as line, pytest.raises(TimeoutError):
        line.exchange([("PING",)])


def test_a_server_that_reads_nothing_is_waited_for_no_longer_than_the_timeout() -> None:
    more_than_fits = ("SET", "key", b"x" * 64 * 1024 * 1024)
    over = Event()
    with line_to(lambda _end: over.wait(), SHORT_S) as line:
        with pytest.raises(TimeoutError):
            line.exchange([more_than_fits])
        over.set()


def test_a_reply_that_comes_in_drops_has_the_time_of_one_that_comes_at_once() -> None:
    """Each piece used to begin the timeout anew, so that a reply could take for ever."""
    over = Event()

    def drip(end: socket.socket) -> None:
        end.sendall(b"$1000000\r\n")
        while not over.wait(SHORT_S / 4):
            end.sendall(b"x")

    with line_to(drip, SHORT_S) as line:
        with pytest.raises(TimeoutError):
            line.exchange([("GET", "key")])
        over.set()


def test_a_reply_in_pieces_leaves_the_connection_as_it_was() -> None:
    with line_to(answering(REPLY[:4], REPLY[4:], REPLY), PATIENT_S) as line:
        before = line.socket.gettimeout()
        line.socket.sendall(b"the first piece")
        line.socket.recv(4, socket.MSG_PEEK)
        assert line.exchange([("GET", "key")]) == [b"alice"]
        assert line.socket.gettimeout() == before
        assert line.exchange([("GET", "key")]) == [b"alice"]


@pytest.mark.parametrize("more", [REPLY, b"+OK\r\n", b"x"])
def test_a_connection_on_which_more_comes_than_was_asked_for_is_given_up(more: bytes) -> None:
    """Its next caller would be given another one's reply."""
    with line_to(answering(REPLY + more, REPLY), PATIENT_S) as line:
        with pytest.raises(InvalidResponse):
            line.exchange([("GET", "key")])
        assert not line.is_quiet()


@pytest.mark.parametrize(
    ("sent", "kind", "text"),
    [
        (b"-ERR unknown command\r\n", ResponseError, "unknown command"),
        (b"-READONLY no\r\n", ReadOnlyError, "no"),
        (b"-MOVED 7 127.0.0.1:1\r\n", MovedError, "7 127.0.0.1:1"),
        (b"-ERR no\xff\r\n", ResponseError, "no\ufffd"),
    ],
)
def test_a_refusal_is_redis_pys_own_error_and_the_connection_stays(
    sent: bytes, kind: type[ResponseError], text: str
) -> None:
    with line_to(answering(sent, REPLY), PATIENT_S) as line:
        [refusal] = line.exchange([("GET", "key")])
        assert type(refusal) is kind
        assert text in str(refusal)
        assert line.exchange([("GET", "key")]) == [b"alice"]


@pytest.mark.parametrize(
    ("sent", "replies"),
    [
        (b"$-1\r\n_\r\n", [None, None]),
        (b"#f\r\n:0\r\n", [False, 0]),
        (b"%1\r\n$1\r\na\r\n*1\r\n:1\r\n+OK\r\n", [{b"a": [1]}, b"OK"]),
        (b">2\r\n+invalidate\r\n*0\r\n:1\r\n:2\r\n", [1, 2]),
    ],
)
def test_replies_are_told_from_what_has_not_come_yet_and_from_what_is_none(sent: bytes, replies: list[object]) -> None:
    with line_to(answering(sent), PATIENT_S) as line:
        assert line.exchange([("GET", "one"), ("GET", "two")]) == replies


@pytest.mark.parametrize("sent", [b"?\r\n", b"\r\n", b"$x\r\n", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_is_no_reply_gives_the_connection_up(sent: bytes) -> None:
    with line_to(answering(sent), PATIENT_S) as line:
        with pytest.raises(InvalidResponse):
            line.exchange([("GET", "key")])
        assert not line.is_quiet()


def test_a_connection_on_which_something_came_that_was_not_asked_for_is_not_quiet() -> None:
    with line_to(answering(REPLY), PATIENT_S) as line:
        assert line.is_quiet()
        line.socket.sendall(b"now")
        line.socket.recv(1, socket.MSG_PEEK)
        assert not line.is_quiet()


def test_a_server_that_hangs_up_is_a_broken_connection_and_no_silence() -> None:
    with line_to(answering(b""), PATIENT_S) as line:
        line.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionError):
            line.exchange([("GET", "key")])


def test_the_system_ends_the_waits_of_a_plain_connection() -> None:
    """A Python socket with a timeout asks the system before it sends and before it receives: two calls more."""
    with line_to(answering(), PATIENT_S) as line:
        assert line.socket.gettimeout() is None
