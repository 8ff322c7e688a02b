"""A proxy on loopback between an app and the real store, that refuses, hangs and cuts replies when it is told to."""

import socket
import struct
from contextlib import suppress
from select import select
from threading import Thread
from typing import Literal
from urllib.parse import urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CHUNK = 65536

Forgotten = Literal["silent", "reset", "deaf"]


class FaultyStore:
    """Passes everything on until it is told otherwise; `heal()` makes it do so again.

    One thread serves all connections and sleeps until there is something to do. What it is told holds for everything
    that is sent after the call has returned.
    """

    def __init__(self, store_url: str) -> None:
        parts = urlsplit(store_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._port = 0
        self._is_open = False
        self._flows = True
        self._cut_at: int | None = None
        self._forget: Forgotten | None = None
        self.swallowed: list[bytes] = []  # what clients asked on forgotten connections
        self._listen()
        credentials, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self._port}").geturl()

    def refuse(self) -> None:
        """Reset every connection and accept no other; it is done when this returns."""
        if self._is_open:
            self._is_open = False
            with suppress(OSError):  # it may have seen that before it is woken
                self._bell.sendall(b"?")
            self._thread.join()
            self._bell.close()

    def hang(self) -> None:
        """Accept connections and commands and answer nothing; what was asked is carried out late, once healed."""
        self._flows = False
        self._wake()

    def reset(self, cut_at: int = 1) -> None:
        """Pass commands on, and reset the connection after `cut_at` bytes of the reply."""
        self._cut_at = cut_at

    def forget(self, how: Forgotten) -> None:
        """Do to the connections of now what a firewall does to those that rest; new ones work.

        `silent`: what comes is swallowed. `reset`: what comes is answered with a reset. `deaf`: what comes is carried
        out, and the reply is swallowed.
        """
        self.swallowed = []
        self._forget = how
        self._wake()

    def heal(self) -> None:
        """Pass everything on again."""
        self._cut_at, self._flows = None, True
        if self._is_open:
            self._wake()
        else:
            self._listen()

    def _listen(self) -> None:
        self._is_open = True
        listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        self._port = listener.getsockname()[1]
        self._bell, bell = socket.socketpair()
        self._thread = Thread(target=self._serve, args=(listener, bell), daemon=True)
        self._thread.start()

    def _wake(self) -> None:
        """Let the thread look again at what it is to do, and wait until it has."""
        self._bell.sendall(b"?")
        self._bell.recv(1)

    def _serve(self, listener: socket.socket, bell: socket.socket) -> None:
        relays: dict[socket.socket, Relay] = {}
        with listener, bell:
            while self._is_open:
                for ready in select([listener, bell, *(relays if self._flows else ())], [], [])[0]:
                    if ready is bell:
                        for relay in relays.values():
                            relay.forgotten = relay.forgotten or self._forget
                        self._forget = None
                        bell.sendall(bell.recv(1))
                    elif ready is listener:
                        relay = Relay(listener.accept()[0], socket.create_connection(self._target))
                        relays |= {relay.client: relay, relay.server: relay}
                    elif ready in relays and not self._pass_on(relays[ready], ready):
                        relays = {end: relay for end, relay in relays.items() if relay is not relays[ready]}
            for relay in relays.values():
                relay.close()

    def _pass_on(self, relay: "Relay", source: socket.socket) -> bool:
        if relay.forgotten and source is relay.client:
            with suppress(OSError):
                self.swallowed.append(source.recv(CHUNK, socket.MSG_PEEK))
        return relay.pass_on(source, self._cut_at)


class Relay:
    """One connection of a client, and the one to the store that belongs to it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.forgotten: Forgotten | None = None
        for end in (client, server):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    def pass_on(self, source: socket.socket, cut_at: int | None) -> bool:
        """Pass on what has come, of a reply no more than `cut_at` bytes; tell whether more may come."""
        is_whole = source is self.client or cut_at is None
        with suppress(OSError):
            came = source.recv(CHUNK)
            if came and self.forgotten == ("deaf" if source is self.server else "silent"):
                return True
            if self.forgotten == "reset":
                came = b""
            (self.server if source is self.client else self.client).sendall(came if is_whole else came[:cut_at])
            if came and is_whole:
                return True
        self.close()
        return False

    def close(self) -> None:
        self.client.close()
        self.server.close()
