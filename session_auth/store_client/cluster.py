"""Client of a Redis cluster: each server has some of the slots, and a command goes to the server of its key's slot."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from redis import RedisError
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)

from .address import Host, StoreAddress
from .connections import NotAsked
from .line import Argument, Command, Greeting
from .server import Server, greet, refuse_late, text
from .single import CommandsFor, SingleStore

SLOTS = 16384
REDIRECTIONS = 4
TAGS_TRIED = 4096  # finds every server with 1 % of the slots or more; one with very few slots may be missed


class NoMap(ClusterDownError):
    """No server returned a usable slot map: none belongs to a cluster, or the cluster is incomplete."""


class Map(NamedTuple):
    """Which server has which slot, as the server `told_by` reported it."""

    slots: Mapping[int, Host]
    told_by: Server | None = None

    @property
    def is_first_hand(self) -> bool:
        """Whether the reporting server has slots itself. A removed server may report an old map."""
        return self.told_by is not None and self.told_by.host in self.slots.values()

    @property
    def is_whole(self) -> bool:
        return len(self.slots) == SLOTS


NOTHING_KNOWN = Map({})


class ClusterStore(SingleStore):
    """Client of a cluster. It reads the slot map on first use, and again after an error shows that it was wrong."""

    def __init__(self, address: StoreAddress, timeout_s: float) -> None:
        super().__init__(address, timeout_s)
        self._map = NOTHING_KNOWN

    def execute_command(self, *command: Argument) -> Any:
        begin_until = self._begin_until()
        key = _key_of(command)
        if key is None:
            return self._ask_any(command, begin_until)
        slot = key_slot(key)
        server = self._server_of(slot, begin_until)
        send = server.send
        for _ in range(REDIRECTIONS):
            refuse_late(begin_until)
            try:
                return send(command, begin_until)
            except MovedError as moved:  # not executed; the reply names the slot's new server
                server = self._at((moved.host or server.host[0], moved.port))
                self._map = self._map._replace(slots={**self._map.slots, slot: server.host})
                send = server.send
            except AskError as asked:  # not executed; the slot is migrating, and this key has already moved
                send = self._at((asked.host or server.host[0], asked.port)).send_asking
            except (ClusterDownError, ReadOnlyError) as refusal:  # not executed; other servers may have a better map
                self._distrust_map()
                last, server = server, self._server_of(slot, begin_until)
                if server is last:
                    raise refusal from None
                send = server.send
            except (RedisError, OSError) as error:
                if not isinstance(error, ResponseError | NotAsked):
                    self._distrust_map_about(server)
                raise
        raise ConnectionError("too many redirections in the cluster")

    def ask_each(self, commands_for: CommandsFor) -> list[list[Any]]:
        begin_until = self._begin_until()
        replies = self._ask_each(commands_for, begin_until)
        if any(isinstance(reply, MovedError | ClusterDownError) for each in replies for reply in each):
            self._distrust_map()
            replies = self._ask_each(commands_for, begin_until)
        for refusal in (reply for each in replies for reply in each if isinstance(reply, ClusterDownError)):
            raise refusal
        # ASK means that the key is not on this server: absent, or migrated, and then the target server returns it.
        return [[None if isinstance(reply, AskError) else reply for reply in each] for each in replies]

    def _ask_each(self, commands_for: CommandsFor, begin_until: float) -> list[list[Any]]:
        known = self._map if self._map.is_whole else self._read_map(begin_until)
        if not known.is_whole:
            raise NoMap("not every slot has a server")
        return [
            self._ask_own(self._at(host), commands_for(tag), begin_until) for host, tag in _tags(known.slots).items()
        ]

    def _ask_own(self, server: Server, commands: Sequence[Command], begin_until: float) -> list[Any]:
        try:
            return server.exchange(commands, begin_until, may_repeat=True)
        except (RedisError, OSError) as error:
            if not isinstance(error, ResponseError | NotAsked):
                self._distrust_map_about(server)
            raise

    def _server_of(self, slot: int, begin_until: float) -> Server:
        host = self._map.slots.get(slot) or self._read_map(begin_until).slots.get(slot)
        if host is None:
            raise ClusterDownError("no server has this slot")
        return self._at(host)

    def _read_map(self, begin_until: float) -> Map:
        """Ask servers until one with slots returns a complete map; else use the best map. Raise if there is none.

        A removed server, or one that has just joined, returns an empty or partial map. The servers that it names are
        asked next. Each caller asks for itself, so that no caller waits for a lock.
        """
        best, asked, waiting = NOTHING_KNOWN, set[Server](), [*self._servers.values()]
        error: Exception = NoMap("no server returned a slot map")
        while waiting and not (best.is_whole and best.is_first_hand):
            server = waiting.pop(0)
            asked.add(server)
            try:
                told = self._map_of(server, begin_until)
            except (RedisError, OSError) as failure:
                error = failure
                if not isinstance(failure, NotAsked):
                    self._ask_last(server)
                continue
            best = max(best, told, key=lambda each: (each.is_first_hand, len(each.slots)))
            waiting = [self._at(host) for host in dict.fromkeys(told.slots.values())] + waiting
            waiting = [each for each in dict.fromkeys(waiting) if each not in asked]
        if not best.slots:
            raise error
        self._map = best
        self._forget_all_but(best)
        return best

    def _map_of(self, server: Server, begin_until: float) -> Map:
        refuse_late(begin_until)
        try:
            ranges = server.send(("CLUSTER", "SLOTS"), begin_until)
        except NoPermissionError:
            raise
        except ResponseError:
            raise NoMap("this server belongs to no cluster") from None
        slots: dict[int, Host] = {}
        for first, last, master, *_replicas in ranges:
            name = text(master[0] or b"")
            host = (server.host[0] if name in ("", "?") else name, int(master[1]))  # as the protocol says
            slots |= dict.fromkeys(range(int(first), int(last) + 1), host)
        return Map(slots, server)

    def _distrust_map(self) -> None:
        """Drop the map, so that it is read again, from another server first."""
        if self._map.told_by is not None:
            self._ask_last(self._map.told_by)
        self._map = NOTHING_KNOWN

    def _distrust_map_about(self, server: Server) -> None:
        """Drop this server's slots from the map, so that they are read again. Other slots stay usable."""
        self._map = self._map._replace(slots={s: host for s, host in self._map.slots.items() if host != server.host})
        if self._map.told_by is not None:
            self._ask_last(self._map.told_by)
        self._ask_last(server)

    def _ask_last(self, server: Server) -> None:
        self._servers = {host: each for host, each in [*self._servers.items()] if each is not server} | {
            server.host: server
        }

    def _forget_all_but(self, known: Map) -> None:
        """Close and forget the servers that are neither in the map nor in the address."""
        kept = {*known.slots.values(), *self._address.hosts}
        gone = [server for host, server in [*self._servers.items()] if host not in kept]
        self._servers = {host: server for host, server in [*self._servers.items()] if host in kept}
        for server in gone:
            server.close()

    def _ask_any(self, command: Command, begin_until: float) -> Any:
        for server in [*self._servers.values()]:
            refuse_late(begin_until)
            try:
                return server.send(command, begin_until)
            except (RedisError, OSError):
                self._ask_last(server)
        raise ConnectionError("no server of the cluster answers")

    def _server(self, host: Host, greeting: Greeting = greet) -> Server:
        """Accept replicas too: a replica returns the slot map, and redirects commands to its master (MOVED)."""
        return super()._server(host, greeting)

    def _at(self, host: Host) -> Server:
        return self._servers.get(host) or self._servers.setdefault(host, self._server(host))


def _tags(slots: Mapping[int, Host]) -> dict[Host, str]:
    """Return for each server a hash tag whose slot belongs to it."""
    return dict(islice(_new_tags(slots), len(set(slots.values()))))


def _new_tags(slots: Mapping[int, Host]) -> Iterator[tuple[Host, str]]:
    found = set[Host]()
    for number in range(TAGS_TRIED):
        host = slots[key_slot(b"%d" % number)]
        if host not in found:
            found.add(host)
            yield host, f"{{{number}}}"


def _key_of(command: Command) -> bytes | None:
    place = 3 if command[0] == "EVAL" else 1
    return _bytes(command[place]) if len(command) > place else None


def _bytes(argument: Argument) -> bytes:
    return argument if isinstance(argument, bytes) else str(argument).encode()
