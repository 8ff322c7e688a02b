"""A cluster: each server has its slots, and each command goes to the server of its key."""

from typing import Any

from redis import RedisError
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MasterDownError,
    MovedError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from store_client.address import Host, StoreAddress
from store_client.server import Argument, Paused, Server
from store_client.single import SingleStore, refuse_late, text, while_there_is_time

REDIRECTIONS = 4


class ClusterStore(SingleStore):
    """The servers of a cluster, each with its slots. The map is read at the start, and anew when it was wrong."""

    def __init__(self, address: StoreAddress, timeout_s: float) -> None:
        super().__init__(address, timeout_s)
        self._slots: dict[int, Host] = {}

    def execute_command(self, *command: Argument) -> Any:
        begin_until = self._begin_until()
        key = _key_of(command)
        if key is None:
            return self._ask_any(command, begin_until)
        slot = key_slot(key)
        server = self._at((self._slots or self._read_map(begin_until)).get(slot))
        send = server.send
        for _ in range(REDIRECTIONS):
            refuse_late(begin_until)
            try:
                return send(*command)
            except MovedError as moved:  # not carried out; it says where the slot is now
                server = self._at((moved.host or server.host[0], moved.port))
                self._slots = {**self._slots, slot: server.host}
                send = server.send
            except AskError as asked:  # not carried out; this key has moved ahead of its slot
                send = self._at((asked.host or server.host[0], asked.port)).send_asking
            except (ClusterDownError, MasterDownError, ReadOnlyError, TryAgainError):
                self._slots = {}
                raise
            except (RedisError, OSError) as error:
                if not isinstance(error, ResponseError | Paused):
                    self._slots = {}
                raise
        raise ConnectionError("the cluster sends us in circles")

    def _read_map(self, begin_until: float) -> dict[int, Host]:
        """Ask whoever answers first. Each caller asks for itself: nobody waits behind a lock."""
        slots: dict[int, Host] = {}
        server, ranges = self._first_answer(("CLUSTER", "SLOTS"), begin_until)
        for first, last, master, *_replicas in ranges:
            host = (text(master[0] or b"") or server.host[0], int(master[1]))
            slots |= dict.fromkeys(range(int(first), int(last) + 1), host)
        self._slots = slots
        for host in set(slots.values()):
            self._at(host)
        return slots

    def _ask_any(self, command: tuple[Argument, ...], begin_until: float) -> Any:
        return self._first_answer(command, begin_until)[1]

    def _first_answer(self, command: tuple[Argument, ...], begin_until: float) -> tuple[Server, Any]:
        for server in while_there_is_time([*self._servers.values()], begin_until):
            try:
                return server, server.send(*command)
            except (RedisError, OSError):  # another one is asked first next time
                self._servers = {**{h: s for h, s in [*self._servers.items()] if s is not server}, server.host: server}
        raise ConnectionError("no server of the cluster answers")

    def _at(self, host: Host | None) -> Server:
        if host is None:
            self._slots = {}
            raise ClusterDownError("no server has this slot")
        return self._servers.get(host) or self._servers.setdefault(host, self._server(host))


def _key_of(command: tuple[Argument, ...]) -> bytes | None:
    place = 3 if command[0] == "EVAL" else 1
    return _bytes(command[place]) if len(command) > place else None


def _bytes(argument: Argument) -> bytes:
    return argument if isinstance(argument, bytes) else str(argument).encode()
