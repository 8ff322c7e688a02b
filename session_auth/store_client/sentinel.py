"""Client of the master that Redis Sentinel names."""

from collections.abc import Callable
from typing import Any, TypeVar

from redis import RedisError
from redis.exceptions import ConnectionError, ResponseError  # noqa: A004

from .address import StoreAddress
from .line import Argument
from .refusal import why_no_writes
from .server import Server, refuse_late, text
from .single import CommandsFor, SingleStore

Replies = TypeVar("Replies")


class NoMasterNamed(ConnectionError):
    """No sentinel answers with a master."""


class SentinelStore(SingleStore):
    """Client of the current master. It asks the sentinels, without a password, on first use and after each failure."""

    def __init__(self, address: StoreAddress, timeout_s: float) -> None:
        super().__init__(address, timeout_s)
        self._sentinels = [Server(host, address, timeout_s) for host in address.hosts]
        self._servers = {}
        self._master: Server | None = None

    def execute_command(self, *command: Argument) -> Any:
        return self._ask_master(lambda master, begin_until: master.send(command, begin_until))

    def ask_each(self, commands_for: CommandsFor) -> list[list[Any]]:
        def ask(master: Server, begin_until: float) -> list[Any]:
            replies = master.exchange(commands_for(""), begin_until, may_repeat=True)
            if any(_may_be_none(reply) for reply in replies if isinstance(reply, ResponseError)):
                self._master = None
            return replies

        return [self._ask_master(ask)]

    def close(self) -> None:
        super().close()
        for sentinel in self._sentinels:
            sentinel.close()

    def _ask_master(self, ask: Callable[[Server, float], Replies]) -> Replies:
        begin_until = self._begin_until()
        master = self._master or self._find_master(begin_until)
        try:
            return ask(master, begin_until)
        except (RedisError, OSError) as error:
            if not isinstance(error, ResponseError) or _may_be_none(error):
                self._master = None
            raise

    def _find_master(self, begin_until: float) -> Server:
        # The sentinel that answered last is asked first. Each caller asks for itself, so that none waits for a lock.
        for sentinel in [*self._sentinels]:
            refuse_late(begin_until)
            try:
                named = sentinel.send(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service), begin_until)
            except (RedisError, OSError):
                self._sentinels = [*(each for each in self._sentinels if each is not sentinel), sentinel]
                continue
            if named is not None:
                host = (text(named[0]), int(named[1]))
                server = self._servers.get(host) or self._server(host)
                self._servers = {host: server}
                self._master = server
                return server
        raise NoMasterNamed("no sentinel names a master")


def _may_be_none(refusal: ResponseError) -> bool:
    """Return whether this refusal suggests that the server is no longer the master.

    A server without replicas may be cut off from the network, and the sentinels may have chosen another master.
    """
    return why_no_writes(refusal) in ("READONLY", "NOREPLICAS")
