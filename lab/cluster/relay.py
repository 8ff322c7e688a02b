"""A TCP relay on loopback. It simulates a distant store by delaying every reply, and can overhear a connection.

For the store it runs only while a round trip time is set; otherwise nodes connect directly. It uses threads: the timers
of an event loop have a resolution of a millisecond, which is as long as the round trips of interest.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Literal

CHUNK = 65536
BACKLOG = 1024

Sender = Literal["client", "server"]
Hears = Callable[[Sender, bytes], None]
Replies = SimpleQueue[tuple[float, bytes]]


def hear_nothing(_sender: Sender, _chunk: bytes) -> None:
    """Do nothing with what passes."""


class Relay:
    """Relays from a loopback port to `target`, and delays each reply by `delay_s` seconds. Raise `OSError`.

    `hears` gets all that passes, before it is passed on. Port 0: any free one; `port` is the one that it has.
    """

    def __init__(
        self, listen_port: int, target: tuple[str, int], delay_s: float = 0.0, hears: Hears = hear_nothing
    ) -> None:
        self.delay_s = delay_s
        self._target = target
        self._hears = hears
        self._listener = socket.create_server(("127.0.0.1", listen_port), backlog=BACKLOG)
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections. Open ones stay until either end closes them."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread; close() alone does not
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies: Replies = SimpleQueue()
        Thread(target=self._pass_on, args=(client, server), daemon=True).start()
        Thread(target=_deliver, args=(replies, client, server), daemon=True).start()
        with suppress(OSError):
            while chunk := server.recv(CHUNK):
                self._hears("server", chunk)
                replies.put((monotonic() + self.delay_s, chunk))
        replies.put((0.0, b""))

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Forward requests at once. When the client disconnects, close its connection to the server."""
        with suppress(OSError):
            while chunk := client.recv(CHUNK):
                self._hears("client", chunk)
                server.sendall(chunk)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _deliver(replies: Replies, client: socket.socket, server: socket.socket) -> None:
    """Send each reply at its due time, in order."""
    with suppress(OSError):
        while (reply := replies.get())[1]:
            due, chunk = reply
            sleep(max(0.0, due - monotonic()))
            client.sendall(chunk)
    for end in (client, server):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
