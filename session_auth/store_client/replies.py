"""Replies as the protocol writes them (RESP3), and commands as it wants them.

Here and not by redis-py: its readers ask their own connection for what comes next, through four layers.
"""

from collections.abc import Callable, Sequence
from typing import Any

from redis.connection import DefaultParser
from redis.exceptions import InvalidResponse

Argument = str | bytes | int
Command = tuple[Argument, ...]

END = b"\r\n"
NONE = b"_\r\n"
NUMBERS: dict[bytes, Callable[[bytes], Any]] = {b":": int, b"(": int, b",": float, b"#": b"t".__eq__}
LISTS = (b"*", b"~", b">")
PAIRS = (b"%", b"|")
NOT_ASKED_FOR = (b">", b"|")  # a message that is no reply; something about the reply that follows
KIND_OF_TEXT = len("txt:")


def packed(commands: Sequence[Command]) -> bytes:
    """Return commands as they are sent: how many arguments, then each with its length (RESP, "Sending commands")."""
    parts = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for argument in command:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def usual(came: bytes) -> list[Any]:
    """Return the one reply that makes up all of what came, if it is a text or none; an empty list for anything else."""
    if came == NONE:
        return [None]
    parts = came.split(END, 2)
    is_text = len(parts) == 3 and not parts[2] and parts[0] == b"$%d" % len(parts[1])
    return parts[1:2] if is_text else []


class Replies:
    """Reads one reply after the other from what `came`, and from what `receive` brings."""

    def __init__(self, came: bytes, receive: Callable[[], bytes]) -> None:
        self.left = came
        self._receive = receive

    def next(self) -> Any:
        """Return a reply, a refusal as the error that it is. Raise `redis.InvalidResponse`, or what `receive` does."""
        line = self._line()
        kind, said = line[:1], line[1:]
        try:
            reply = self._text(kind, said) if kind in b"+-$=!" else self._other(kind, said)
        except ValueError:
            raise InvalidResponse("not as the protocol has it") from None
        return self.next() if kind in NOT_ASKED_FOR else reply

    def _text(self, kind: bytes, said: bytes) -> Any:
        if kind == b"$" and said == b"-1":
            return None
        text = self._take(int(said)) if kind in b"$=!" else said
        if kind in b"-!":
            return DefaultParser.parse_error(text.decode(errors="replace"))  # type: ignore[no-untyped-call]
        return text[KIND_OF_TEXT:] if kind == b"=" else text

    def _other(self, kind: bytes, said: bytes) -> Any:
        if kind == b"_" or (said == b"-1" and kind == b"*"):
            return None
        if kind in NUMBERS:
            return NUMBERS[kind](said)
        if kind in PAIRS:
            return {self.next(): self.next() for _ in range(int(said))}
        if kind in LISTS:
            return [self.next() for _ in range(int(said))]
        raise ValueError(kind)

    def _line(self) -> bytes:
        while END not in self.left:
            self.left += self._receive()
        line, _, self.left = self.left.partition(END)
        return line

    def _take(self, size: int) -> bytes:
        parts = [self.left]
        missing = size + len(END) - len(self.left)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        came = b"".join(parts)
        self.left = came[size + len(END) :]
        return came[:size]
