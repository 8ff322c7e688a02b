"""A connection of two ends and somebody between them, as numbers: which segments are taken, and who is out of step.

Only what a takeover turns on is modelled: no losses, no retransmission, no options. Nothing is sent anywhere.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

MODULUS = 2**32
WINDOW = 65_535
CLIENT_ISN, SERVER_ISN = MODULUS - 10, 1_000  # the client's numbers pass 2^32 on the way, as they may

Name = Literal["client", "attacker", "server"]
Verdict = Literal["taken", "dropped", "unsent_acked"]


@dataclass(frozen=True)
class Segment:
    """What is sent: its first number, the number expected next from the other side, and how many bytes."""

    sender: Name
    to: Name
    flags: str
    seq: int
    ack: int
    length: int = 0

    @property
    def takes(self) -> int:
        """How many numbers it uses up: SYN takes one (RFC 9293 §3.4)."""
        return self.length + ("SYN" in self.flags)


@dataclass(frozen=True)
class End:
    """What one side goes by: the number it sends next, and the one it expects next."""

    snd_nxt: int
    rcv_nxt: int


def ahead(number: int, start: int) -> int:
    """Return how far `number` is beyond `start`, around the wrap (RFC 9293 §3.4)."""
    return (number - start) % MODULUS


def acceptable(seq: int, length: int, rcv_nxt: int, window: int = WINDOW) -> bool:
    """Tell whether a segment has a number in the window (RFC 9293 §3.10.7.4, its table of four cases)."""
    if window == 0:
        return length == 0 and seq == rcv_nxt
    begins = ahead(seq, rcv_nxt) < window
    return begins or (length > 0 and ahead(seq + length - 1, rcv_nxt) < window)


def receive(end: End, segment: Segment) -> tuple[End, Verdict]:
    """Return the end after `segment`, and what became of it. Bytes out of order wait, and move nothing."""
    if not acceptable(segment.seq, segment.takes, end.rcv_nxt):
        return end, "dropped"
    if 0 < ahead(segment.ack, end.snd_nxt) < MODULUS // 2:
        return end, "unsent_acked"  # it acknowledges what was never sent
    if segment.seq == end.rcv_nxt:
        end = replace(end, rcv_nxt=(end.rcv_nxt + segment.takes) % MODULUS)
    return end, "taken"


@dataclass
class TcpConnection:
    """Both ends, and the steps so far, each as the page draws it."""

    client: End = field(default_factory=lambda: End(CLIENT_ISN + 1, SERVER_ISN + 1))
    server: End = field(default_factory=lambda: End(SERVER_ISN + 1, CLIENT_ISN + 1))
    steps: list[dict[str, Any]] = field(default_factory=list)

    def show(self, segment: Segment, verdict: Verdict, tells: str) -> None:
        ends = {name: vars(end) for name, end in (("client", self.client), ("server", self.server))}
        in_step = self.client.snd_nxt == self.server.rcv_nxt and self.server.snd_nxt == self.client.rcv_nxt
        self.steps.append({**vars(segment), **ends, "verdict": verdict, "tells": tells, "in_step": in_step})

    def shake_hands(self) -> None:
        """Both sides learn where the other's numbers start (RFC 9293 §3.5)."""
        c, s = CLIENT_ISN, SERVER_ISN
        self.show(Segment("client", "server", "SYN", c, 0), "taken", "syn")
        self.show(Segment("server", "client", "SYN ACK", s, c + 1), "taken", "syn_ack")
        self.show(Segment("client", "server", "ACK", c + 1, s + 1), "taken", "ack")

    def send(self, segment: Segment, tells: str) -> None:
        """Deliver a segment; a sender of its own numbers has used them up, a forger has not."""
        if segment.sender == "client":
            self.client = replace(self.client, snd_nxt=(self.client.snd_nxt + segment.length) % MODULUS)
        if segment.to == "server":
            self.server, verdict = receive(self.server, segment)
        else:
            self.client, verdict = receive(self.client, segment)
        self.show(segment, verdict, tells)

    def from_client(self, length: int, tells: str) -> None:
        """The client sends with its own numbers."""
        self.send(Segment("client", "server", "ACK", self.client.snd_nxt, self.client.rcv_nxt, length), tells)

    def from_server(self, tells: str) -> None:
        """The server acknowledges with its own numbers."""
        self.send(Segment("server", "client", "ACK", self.server.snd_nxt, self.server.rcv_nxt), tells)

    def forge(self, seq: int, tells: str) -> None:
        """Somebody else sends 40 bytes in the client's name."""
        self.send(Segment("attacker", "server", "ACK", seq % MODULUS, self.server.snd_nxt, 40), tells)


def play(move: str) -> list[dict[str, Any]]:
    """Return every step of what follows from the attacker's `move`: "blind", "sniffed" or "tls"."""
    connection = TcpConnection()
    connection.shake_hands()
    connection.from_client(20, "request")
    connection.from_server("answer")
    if move == "blind":
        connection.forge(connection.server.rcv_nxt + 2_000_000_000, "guess")
        connection.from_server("still_there")
        return connection.steps
    connection.forge(connection.server.rcv_nxt, f"forged_{move}")
    if move == "sniffed":
        connection.from_server("strange_ack")
        connection.from_client(0, "protest")
        connection.from_server("storm")
        connection.from_client(15, "shut_out")
    return connection.steps
