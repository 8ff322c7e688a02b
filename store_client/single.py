"""A store of one server, and what the other kinds have in common with it."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, Protocol, Self

from redis.exceptions import ConnectionError  # noqa: A004

from store_client.address import Host, StoreAddress
from store_client.server import Argument, Server

# A look-up before the command, or a redirection after it, begins within this share of the timeout or not at all:
# then all of them together end within two and a half.
BEGIN_WITHIN = 1.4


class StoreClient(Protocol):
    """Sends commands to where they belong. Each has at most one key. Raises `redis.RedisError` or `OSError`."""

    def execute_command(self, *command: Argument) -> Any:
        """Send one command and return its reply."""

    def close(self) -> None:
        """Close all connections."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...


class SingleStore:
    """One server."""

    def __init__(self, address: StoreAddress, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._servers = {host: self._server(host) for host in address.hosts}

    def execute_command(self, *command: Argument) -> Any:
        [server] = self._servers.values()
        return server.send(*command)

    def close(self) -> None:
        for server in [*self._servers.values()]:
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _server(self, host: Host, **options: Any) -> Server:
        address = self._address
        credentials = {"username": address.username, "password": address.password}
        return Server(host, address, self._timeout_s, address.number, **credentials, **options)

    def _begin_until(self) -> float:
        return monotonic() + BEGIN_WITHIN * self._timeout_s


def while_there_is_time(servers: list[Server], begin_until: float) -> Iterator[Server]:
    for server in servers:
        if monotonic() > begin_until:
            return
        yield server


def refuse_late(begin_until: float) -> None:
    if monotonic() > begin_until:
        raise ConnectionError("the look-up took too long")


def text(reply: str | bytes) -> str:
    return reply.decode() if isinstance(reply, bytes) else reply
