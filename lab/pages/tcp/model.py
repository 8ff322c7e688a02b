"""Model of a TCP connection with an attacker: which segments are accepted, and which end gets out of step.

It models only sequence numbers and windows: no losses, no retransmission, no options. Nothing is sent.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

MODULUS = 2**32
WINDOW = 65_535
CLIENT_ISN, SERVER_ISN = MODULUS - 10, 1_000  # the client's numbers wrap around 2^32

Name = Literal["client", "attacker", "server"]
Verdict = Literal["taken", "dropped", "unsent_acked"]


@dataclass(frozen=True)
class Segment:
    """A segment: its sequence number, its acknowledgement number, and its length in bytes."""

    sender: Name
    to: Name
    flags: str
    seq: int
    ack: int
    length: int = 0

    @property
    def takes(self) -> int:
        """How many sequence numbers it uses: SYN uses one (RFC 9293 §3.4)."""
        return self.length + ("SYN" in self.flags)


@dataclass(frozen=True)
class End:
    """The state of one side: the next number to send, and the next number expected."""

    snd_nxt: int
    rcv_nxt: int


def ahead(number: int, start: int) -> int:
    """Return how far `number` is ahead of `start`, modulo 2^32 (RFC 9293 §3.4)."""
    return (number - start) % MODULUS


def acceptable(seq: int, length: int, rcv_nxt: int, window: int = WINDOW) -> bool:
    """Return whether a segment is in the receive window (RFC 9293 §3.10.7.4, the table of four cases)."""
    if window == 0:
        return length == 0 and seq == rcv_nxt
    begins = ahead(seq, rcv_nxt) < window
    return begins or (length > 0 and ahead(seq + length - 1, rcv_nxt) < window)


def receive(end: End, segment: Segment) -> tuple[End, Verdict]:
    """Return the side's state after `segment`, and the verdict. Bytes out of order wait and change nothing."""
    if not acceptable(segment.seq, segment.takes, end.rcv_nxt):
        return end, "dropped"
    if 0 < ahead(segment.ack, end.snd_nxt) < MODULUS // 2:
        return end, "unsent_acked"  # it acknowledges bytes that were never sent
    if segment.seq == end.rcv_nxt:
        end = replace(end, rcv_nxt=(end.rcv_nxt + segment.takes) % MODULUS)
    return end, "taken"


@dataclass
class TcpConnection:
    """Both sides, and the steps so far in the form that the page draws."""

    client: End = field(default_factory=lambda: End(CLIENT_ISN + 1, SERVER_ISN + 1))
    server: End = field(default_factory=lambda: End(SERVER_ISN + 1, CLIENT_ISN + 1))
    steps: list[dict[str, Any]] = field(default_factory=list)

    def show(self, segment: Segment, verdict: Verdict, tells: str) -> None:
        ends = {name: vars(end) for name, end in (("client", self.client), ("server", self.server))}
        in_step = self.client.snd_nxt == self.server.rcv_nxt and self.server.snd_nxt == self.client.rcv_nxt
        self.steps.append({**vars(segment), **ends, "verdict": verdict, "tells": tells, "in_step": in_step})

    def shake_hands(self) -> None:
        """Exchange the initial sequence numbers (RFC 9293 §3.5)."""
        c, s = CLIENT_ISN, SERVER_ISN
        self.show(Segment("client", "server", "SYN", c, 0), "taken", "syn")
        self.show(Segment("server", "client", "SYN ACK", s, c + 1), "taken", "syn_ack")
        self.show(Segment("client", "server", "ACK", c + 1, s + 1), "taken", "ack")

    def send(self, segment: Segment, tells: str) -> None:
        """Deliver a segment. The real sender's next number advances; a forged segment does not change it."""
        if segment.sender == "client":
            self.client = replace(self.client, snd_nxt=(self.client.snd_nxt + segment.length) % MODULUS)
        if segment.to == "server":
            self.server, verdict = receive(self.server, segment)
        else:
            self.client, verdict = receive(self.client, segment)
        self.show(segment, verdict, tells)

    def from_client(self, length: int, tells: str) -> None:
        """Send from the client, with its own numbers."""
        self.send(Segment("client", "server", "ACK", self.client.snd_nxt, self.client.rcv_nxt, length), tells)

    def from_server(self, tells: str) -> None:
        """Acknowledge from the server, with its own numbers."""
        self.send(Segment("server", "client", "ACK", self.server.snd_nxt, self.server.rcv_nxt), tells)

    def forge(self, seq: int, tells: str) -> None:
        """Send 40 forged bytes in the client's name."""
        self.send(Segment("attacker", "server", "ACK", seq % MODULUS, self.server.snd_nxt, 40), tells)


def play(move: str) -> list[dict[str, Any]]:
    """Return every step after the attacker's `move`: "blind", "sniffed" or "tls"."""
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
