"""The master that sentinels name."""

from typing import Any

from redis import Connection, RedisError
from redis.exceptions import ConnectionError, ReadOnlyError, ResponseError  # noqa: A004

from store_client.address import StoreAddress
from store_client.server import Argument, Server
from store_client.single import SingleStore, refuse_late, text, while_there_is_time


class SentinelStore(SingleStore):
    """The master that the sentinels name. They are asked without a password, at the start and after each failure."""

    def __init__(self, address: StoreAddress, timeout_s: float) -> None:
        super().__init__(address, timeout_s)
        self._sentinels = [Server(host, address, timeout_s, 0) for host in address.hosts]
        self._servers = {}
        self._master: Server | None = None

    def execute_command(self, *command: Argument) -> Any:
        begin_until = self._begin_until()
        master = self._master or self._find_master(begin_until)
        refuse_late(begin_until)
        try:
            return master.send(*command)
        except (RedisError, OSError) as error:
            if isinstance(error, ReadOnlyError) or not isinstance(error, ResponseError):
                self._master = None  # it may be none any more
            raise

    def close(self) -> None:
        super().close()
        for sentinel in self._sentinels:
            sentinel.close()

    def _find_master(self, begin_until: float) -> Server:
        # Whoever answered last is asked first. Each caller asks for itself: nobody waits behind a lock.
        for sentinel in while_there_is_time([*self._sentinels], begin_until):
            try:
                named = sentinel.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
            except (RedisError, OSError):
                self._sentinels = [*(each for each in self._sentinels if each is not sentinel), sentinel]
                continue
            if named is not None:
                host = (text(named[0]), int(named[1]))
                server = self._servers.get(host) or self._server(host, redis_connect_func=_only_a_master)
                self._servers = {host: server}
                self._master = server
                return server
        raise ConnectionError("no sentinel names a master")


def _only_a_master(connection: Connection) -> None:
    """Refuse a server that was demoted: a replica still answers reads, and may never hear what was written since."""
    connection.on_connect()  # type: ignore[no-untyped-call]
    connection.send_command("ROLE")  # type: ignore[no-untyped-call]
    if text(connection.read_response()[0]) != "master":
        raise ConnectionError("this server is no master any more")
