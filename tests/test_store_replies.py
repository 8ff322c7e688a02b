"""Replies of the store, read as redis-py reads them, in however many pieces they come."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import InvalidResponse, MovedError, ReadOnlyError, ResponseError

from session_auth.store_client.replies import Replies, packed, usual

REPLIES: list[tuple[bytes, Any]] = [
    (b"+OK\r\n", b"OK"),
    (b"$5\r\nalice\r\n", b"alice"),
    (b"$0\r\n\r\n", b""),
    (b"$9\r\na\r\nb\r\n\r\nc\r\n", b"a\r\nb\r\n\r\nc"),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"_\r\n", None),
    (b"+-1\r\n", b"-1"),
    (b":-7\r\n", -7),
    (b"(12345678901234567890123\r\n", 12345678901234567890123),
    (b",1.5\r\n", 1.5),
    (b"#t\r\n", True),
    (b"#f\r\n", False),
    (b"=8\r\ntxt:text\r\n", b"text"),
    (b"*3\r\n:1\r\n$1\r\na\r\n*1\r\n_\r\n", [1, b"a", [None]]),
    (b"~1\r\n+a\r\n", [b"a"]),
    (b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*0\r\n", {b"a": 1, b"b": []}),
    (b"|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n", b"a"),
    (b">2\r\n+invalidate\r\n*0\r\n:1\r\n", 1),
]


def read_in_pieces(sent: bytes, size: int) -> Any:
    pieces = iter([sent[at : at + size] for at in range(0, len(sent), size)])
    replies = Replies(b"", lambda: next(pieces))
    reply = replies.next()
    assert replies.left == b"".join(pieces) == b""
    return reply


@pytest.mark.parametrize(("sent", "reply"), REPLIES, ids=[str(sent) for sent, _ in REPLIES])
def test_a_reply_is_what_it_says_in_however_many_pieces_it_comes(sent: bytes, reply: Any) -> None:
    for size in range(1, len(sent) + 1):
        assert read_in_pieces(sent, size) == reply


@pytest.mark.parametrize(
    ("sent", "kind", "text"),
    [
        (b"-ERR unknown command\r\n", ResponseError, "unknown command"),
        (b"-READONLY no\r\n", ReadOnlyError, "no"),
        (b"-MOVED 7 127.0.0.1:1\r\n", MovedError, "7 127.0.0.1:1"),
        (b"!11\r\nMISCONF no\xff\r\n", ResponseError, "MISCONF no\ufffd"),
    ],
)
def test_a_refusal_is_redis_pys_own_error(sent: bytes, kind: type[ResponseError], text: str) -> None:
    for size in range(1, len(sent) + 1):
        refusal = read_in_pieces(sent, size)
        assert type(refusal) is kind
        assert text in str(refusal)


@pytest.mark.parametrize("sent", [b"?\r\n", b"\r\n", b"$x\r\n", b"*x\r\n", b":x\r\n", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_is_no_reply_is_refused(sent: bytes) -> None:
    with pytest.raises(InvalidResponse):
        read_in_pieces(sent, len(sent))


def unfinished() -> Iterator[bytes]:
    text = b"$5\r\nalice\r\n"
    yield from (text[:size] for size in range(len(text)))
    yield from (text + b"$", text * 2, b"$4\r\nalice\r\n", b"$6\r\nalice\r\n", b"+alice\r\n", b"$-1\r\n")


def test_the_short_way_is_taken_for_one_whole_text_or_none_only() -> None:
    assert usual(b"$5\r\nalice\r\n") == [b"alice"]
    assert usual(b"$0\r\n\r\n") == [b""]
    assert usual(b"_\r\n") == [None]
    for came in unfinished():
        assert usual(came) == []


def test_commands_are_sent_with_their_lengths_in_bytes() -> None:
    assert (
        packed([("GET", "한글"), (b"\xff", 12)])
        == b"*2\r\n$3\r\nGET\r\n$6\r\n\xed\x95\x9c\xea\xb8\x80\r\n*2\r\n$1\r\n\xff\r\n$2\r\n12\r\n"
    )
