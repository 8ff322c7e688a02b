"""The end of a TLS connection, with a throw-away certificate: it decrypts for the lab's balancer, which speaks http."""

import select
import socket
import ssl
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
CHUNK = 65536
LIVES = timedelta(minutes=5)


class TlsEnd:
    """Takes one TLS connection on a loopback port, and carries its plain bytes to `target` and back. Raise `OSError`.

    Its certificate is made for it alone. `client_context` trusts this certificate and no other.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        certificate, key = _self_signed()
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


def _self_signed() -> tuple[bytes, bytes]:
    """Return a new certificate for this loopback address, and its private key, both as PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "session-or-token, for one connection")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIVES)
        .not_valid_after(now + LIVES)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _server_context(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Return the context. `ssl` reads a key only from a file, which exists only meanwhile, for this user alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        file = Path(folder, "both.pem")
        file.write_bytes(certificate + key)
        context.load_cert_chain(file)
    return context
