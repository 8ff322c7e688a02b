"""Client of a store with one server. It is also the base class of the other kinds."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Protocol, Self

from .address import Host, StoreAddress
from .line import Argument, Command, Greeting
from .server import Server, greet_a_master

# Every step (a look-up, the command, a redirection, a second try) begins within 1.4 timeouts or not at all. So all of
# them together end within 2.5 timeouts.
BEGIN_WITHIN = 1.4

CommandsFor = Callable[[str], Sequence[Command]]


class StoreClient(Protocol):
    """Sends each command to the right server. A command has at most one key. Raises `redis.RedisError` or `OSError`."""

    def execute_command(self, *command: Argument) -> Any:
        """Send one command and return its raw reply."""

    def ask_each(self, commands_for: CommandsFor) -> list[list[Any]]:
        """Send `commands_for(tag)` to each server that stores keys. Return each server's replies.

        The commands' keys must contain `tag`, which is empty or a hash tag in braces. No other code may use these keys:
        the commands may be sent twice. An error reply is returned as an exception object.
        """

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
        return server.send(command, self._begin_until())

    def ask_each(self, commands_for: CommandsFor) -> list[list[Any]]:
        [server] = self._servers.values()
        return [server.exchange(commands_for(""), self._begin_until(), may_repeat=True)]

    def close(self) -> None:
        for server in [*self._servers.values()]:
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _server(self, host: Host, greeting: Greeting = greet_a_master) -> Server:
        address = self._address
        credentials: dict[str, Any] = {"username": address.username, "password": address.password, "db": address.number}
        return Server(host, address, self._timeout_s, greeting, **credentials)

    def _begin_until(self) -> float:
        return monotonic() + BEGIN_WITHIN * self._timeout_s
