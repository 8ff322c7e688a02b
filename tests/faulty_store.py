"""A proxy on loopback between an app and the real store, that refuses, hangs and cuts replies when it is told to."""

import socket
import struct
from contextlib import ExitStack, suppress
from select import select
from threading import Thread
from time import sleep
from urllib.parse import urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CHUNK = 65536
LOOK_UP_S = 0.005  # how often a relay looks whether it still should


class FaultyStore:
    """Passes everything on until it is told otherwise; `heal()` makes it do so again."""

    def __init__(self, store_url: str) -> None:
        parts = urlsplit(store_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._port = 0
        self._is_open = self._flows = True
        self._cut_at: int | None = None
        self._threads: list[Thread] = []
        self._listen()
        credentials, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self._port}").geturl()

    def refuse(self) -> None:
        """Reset every connection and accept no other; it is done when this returns."""
        self._is_open = False
        for thread in self._threads:
            thread.join()
        self._threads = []

    def hang(self) -> None:
        """Accept connections and commands and answer nothing; what was asked is carried out late, once healed."""
        self._flows = False

    def reset(self, cut_at: int = 1) -> None:
        """Pass commands on, and reset the connection after `cut_at` bytes of the reply."""
        self._cut_at = cut_at

    def heal(self) -> None:
        """Pass everything on again."""
        self._cut_at, self._flows = None, True
        if not self._is_open:
            self._listen()

    def _listen(self) -> None:
        self._is_open = True
        listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        self._port = listener.getsockname()[1]
        self._start(self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while self._is_open:
                if select([listener], [], [], LOOK_UP_S)[0]:
                    self._start(self._relay, listener.accept()[0], socket.create_connection(self._target))

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with ExitStack() as sockets, suppress(OSError):
            for each in (client, server):
                sockets.enter_context(each).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            while self._is_open and self._pass_on(client, server):
                pass

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what has come; tell whether more may come."""
        if not self._flows:
            sleep(LOOK_UP_S)
            return True
        for source in select([client, server], [], [], LOOK_UP_S)[0]:
            came = source.recv(CHUNK)
            if source is server and self._cut_at is not None:
                client.sendall(came[: self._cut_at])
                return False
            (client if source is server else server).sendall(came)
            if not came:
                return False
        return True

    def _start(self, work: object, *arguments: socket.socket) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
