"""The store behind TLS: a certificate of one's own authority is taken, every other one is refused, and why is said."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from app import create_app
from tests.conftest import MakeConfig
from tests.support.certificates import make_certificates
from tests.support.session_probe import admit

pytestmark = pytest.mark.xdist_group("engines")


class TlsStore:
    """Ends TLS before the real store, as stunnel does."""

    def __init__(self, store_url: str, certificate: Path) -> None:
        parts = urlsplit(store_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        credentials, at, _ = parts.netloc.rpartition("@")
        port = self._listener.getsockname()[1]
        self.url = parts._replace(scheme="rediss", netloc=f"{credentials}{at}127.0.0.1:{port}").geturl()
        Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain, self._context.wrap_socket(plain, server_side=True) as client:
            server = socket.create_connection(self._target)
            Thread(target=pass_on, args=(server, client), daemon=True).start()
            pass_on(client, server)


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), source, target:
        while came := source.recv(65536):
            target.sendall(came)


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
Serve = Callable[[x509.GeneralName], tuple[TlsStore, Path]]


@pytest.fixture
def serve(store_url: str, tmp_path: Path) -> Iterator[Serve]:
    started = []

    def serve(host: x509.GeneralName) -> tuple[TlsStore, Path]:
        authority, certificate = make_certificates(tmp_path / f"certificates-{len(started)}", host)
        started.append(TlsStore(store_url, certificate))
        return started[-1], authority

    yield serve
    for store in started:
        store.stop()


def test_a_certificate_of_ones_own_authority_is_taken(
    serve: Serve, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, authority = serve(LOOPBACK)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    app = create_app(make_config(redis_url=store.url))
    alice = admit(app)
    assert alice.who() == "alice"
    assert alice.delete("logins").status_code == 204
    assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        (LOOPBACK, "another", "unable to get local issuer certificate"),
        (LOOPBACK, "the system's", "unable to get local issuer certificate"),
        (x509.DNSName("store.example"), "its own", "IP address mismatch"),
    ],
)
def test_any_other_certificate_is_refused_and_the_log_says_why(
    serve: Serve,
    make_config: MakeConfig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    host: x509.GeneralName,
    trusted: str,
    why: str,
) -> None:
    """SECURITY, faults: a store that cannot prove who it is gets no password and no session."""
    store, own = serve(host)
    _, another = serve(host)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted != "the system's":
        monkeypatch.setenv("SSL_CERT_FILE", str(own if trusted == "its own" else another))
    app = create_app(make_config(redis_url=store.url))
    assert app.test_client().get("/readyz").status_code == 503
    assert "its certificate is refused" in caplog.text
    assert why in caplog.text
