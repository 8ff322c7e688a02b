"""What a relay on the way has overheard of one connection: http messages, or TLS records."""

from dataclasses import dataclass, field
from typing import Any

from lab.cluster.relay import Sender

HEADER_BYTES = 5  # type, version, length (RFC 8446 §5.1)
FIRST_BYTES = 12
RECORDS = {20: "change_cipher_spec", 21: "alert", 22: "handshake", 23: "application_data"}


@dataclass
class Overheard:
    """The chunks of a connection, in the order in which they passed."""

    chunks: list[tuple[Sender, bytes]] = field(default_factory=list)

    def hear(self, sender: Sender, chunk: bytes) -> None:
        """Keep a chunk. Called by the relay's threads."""
        self.chunks.append((sender, chunk))

    def count(self, what: bytes) -> int:
        """Return how often some bytes occur in what either side has sent."""
        return self._sent_by("client").count(what) + self._sent_by("server").count(what)

    @property
    def all_bytes(self) -> bytes:
        """All that passed, whichever side has sent it."""
        return b"".join(chunk for _, chunk in self.chunks)

    def messages(self) -> list[dict[str, Any]]:
        """Return what each side has sent in turn, as text."""
        turns: list[tuple[Sender, bytes]] = []
        for sender, chunk in self.chunks:
            if turns and turns[-1][0] == sender:
                turns[-1] = (sender, turns[-1][1] + chunk)
            else:
                turns.append((sender, chunk))
        return [{"from": sender, "bytes": len(sent), "text": sent.decode("latin-1")} for sender, sent in turns]

    def records(self) -> list[dict[str, Any]]:
        """Return the TLS records in the order of their last bytes: type, length, and the first bytes in hex."""
        found, waiting = [], {"client": b"", "server": b""}
        for sender, chunk in self.chunks:
            waiting[sender] += chunk
            while (end := _end_of_record(waiting[sender])) is not None:
                found.append(_record(sender, waiting[sender][:end]))
                waiting[sender] = waiting[sender][end:]
        return found

    def _sent_by(self, side: Sender) -> bytes:
        return b"".join(chunk for sender, chunk in self.chunks if sender == side)


def _end_of_record(sent: bytes) -> int | None:
    if len(sent) < HEADER_BYTES:
        return None
    end = HEADER_BYTES + int.from_bytes(sent[3:5])
    return end if len(sent) >= end else None


def _record(sender: Sender, record: bytes) -> dict[str, Any]:
    kind = RECORDS.get(record[0], str(record[0]))
    return {"from": sender, "type": kind, "bytes": len(record), "first": record[:FIRST_BYTES].hex(" ")}
