"""What the store itself counted: commands by name, and how long it worked on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from redis import Redis

# What a client says when it connects, what a supervisor asks, and what we do in order to count: none is a request's.
CONNECTING = frozenset({"hello", "auth", "select", "client", "ping", "info", "config", "command", "dbsize"})


@dataclass(frozen=True)
class Counted:
    """Commands by name, and microseconds that the store worked on each kind."""

    calls: Mapping[str, int]
    worked_us: Mapping[str, int]

    def since(self, before: "Counted") -> "Counted":
        """Return what was added."""
        return Counted(_added(self.calls, before.calls), _added(self.worked_us, before.worked_us))

    @property
    def total(self) -> int:
        """All commands."""
        return sum(self.calls.values())

    @property
    def us_each(self) -> float:
        """Microseconds that the store worked on one command."""
        return sum(self.worked_us.values()) / self.total if self.total else 0.0


def _added(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: value - before.get(name, 0) for name, value in now.items() if value != before.get(name, 0)}


class StoreCounters:
    """Reads the counters of the store at `url`, on one connection that stays."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()

    def cpu_us(self) -> float:
        """Return the processor time that the store's process has taken, in user and in system mode."""
        told = self._connected().info("cpu")
        return 1e6 * (float(told["used_cpu_user"]) + float(told["used_cpu_sys"]))

    def read(self) -> Counted:
        """Return what the store has counted of its clients' requests until now."""
        told = self._connected().info("commandstats")
        stats = {name.removeprefix("cmdstat_"): stat for name, stat in told.items()}
        wanted = {name: stat for name, stat in stats.items() if name.partition("|")[0] not in CONNECTING}
        return Counted(
            {name: int(stat["calls"]) for name, stat in wanted.items()},
            {name: int(stat["usec"]) for name, stat in wanted.items()},
        )

    def _connected(self) -> Redis:
        self._client = self._client or Redis.from_url(self._url)
        return self._client
