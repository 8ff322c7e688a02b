"""Simulate a distant store: a TCP relay that delays every reply.

It runs only while a round trip time is set; otherwise nodes connect directly. It uses threads: the timers of an event
loop have a resolution of a millisecond, which is as long as the round trips of interest.
"""

import socket
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep

CHUNK = 65536
BACKLOG = 1024

Replies = SimpleQueue[tuple[float, bytes]]


class SlowLink:
    """Relays from one loopback port to another, and delays each reply by `delay_s` seconds. Raise `OSError`."""

    def __init__(self, listen_port: int, store_port: int, delay_s: float) -> None:
        self.delay_s = delay_s
        self._store_port = store_port
        self._listener = socket.create_server(("127.0.0.1", listen_port), backlog=BACKLOG)
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
            store = socket.create_connection(("127.0.0.1", self._store_port))
        except OSError:
            client.close()
            return
        for end in (client, store):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies: Replies = SimpleQueue()
        Thread(target=_pass_on, args=(client, store), daemon=True).start()
        Thread(target=_deliver, args=(replies, client, store), daemon=True).start()
        with suppress(OSError):
            while chunk := store.recv(CHUNK):
                replies.put((monotonic() + self.delay_s, chunk))
        replies.put((0.0, b""))


def _pass_on(client: socket.socket, store: socket.socket) -> None:
    """Forward commands at once. When the client disconnects, close its connection to the store."""
    with suppress(OSError):
        while chunk := client.recv(CHUNK):
            store.sendall(chunk)
    with suppress(OSError):
        store.shutdown(socket.SHUT_RDWR)


def _deliver(replies: Replies, client: socket.socket, store: socket.socket) -> None:
    """Send each reply at its due time, in order."""
    with suppress(OSError):
        while (reply := replies.get())[1]:
            due, chunk = reply
            sleep(max(0.0, due - monotonic()))
            client.sendall(chunk)
    for end in (client, store):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
