"""The end of a TLS connection, with a throw-away certificate: it decrypts for the lab's balancer, which speaks http."""

import select
import socket
import ssl
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

HOST = "127.0.0.1"
CHUNK = 65536


class TlsEnd:
    """Takes one TLS connection on a loopback port, and carries its plain bytes to `target` and back. Raise `OSError`.

    Its certificate is made for it alone. `client_context` trusts this certificate and no other.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        from lab.pages.tcp.certificate import self_signed  # noqa: PLC0415  # at the first capture: see there

        self._target = target
        certificate, key = self_signed(HOST)
        self._context = _server_context(certificate, key)
        self.client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client_context.load_verify_locations(cadata=certificate.decode())
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no connection any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread; close() alone does not
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed, or a broken connection
            accepted, _ = self._listener.accept()
            with (
                closing(self._context.wrap_socket(accepted, server_side=True)) as client,
                closing(socket.create_connection(self._target)) as server,
            ):
                _carry(client, server)


def _carry(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Carry bytes both ways until either end closes. One thread: a TLS connection is not for two at a time."""
    while True:
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for end in ready:
            chunk = end.recv(CHUNK)
            if not chunk:
                return
            (server if end is client else client).sendall(chunk)


def _server_context(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Return the context. `ssl` reads a key only from a file, which exists only meanwhile, for this user alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        file = Path(folder, "both.pem")
        file.write_bytes(certificate + key)
        context.load_cert_chain(file)
    return context
