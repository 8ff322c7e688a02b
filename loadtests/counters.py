"""The store's own counters: commands by name, and the time spent on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from redis import Redis

# Commands of connecting clients, of the supervisor, and of this counter. They belong to no request.
CONNECTING = frozenset({"hello", "auth", "select", "client", "ping", "info", "config", "command", "dbsize"})


@dataclass(frozen=True)
class Counted:
    """Commands by name, and the store's microseconds for each kind."""

    calls: Mapping[str, int]
    worked_us: Mapping[str, int]

    def since(self, before: "Counted") -> "Counted":
        """Return the difference to an earlier reading."""
        return Counted(_added(self.calls, before.calls), _added(self.worked_us, before.worked_us))

    @property
    def total(self) -> int:
        """All commands."""
        return sum(self.calls.values())

    @property
    def us_each(self) -> float:
        """The store's average microseconds per command."""
        return sum(self.worked_us.values()) / self.total if self.total else 0.0


def _added(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: value - before.get(name, 0) for name, value in now.items() if value != before.get(name, 0)}


class StoreCounters:
    """Reads the counters of the store at `url` over one permanent connection."""

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
        """Return the processor time of the store's process, in user and system mode."""
        told = self._connected().info("cpu")
        return 1e6 * (float(told["used_cpu_user"]) + float(told["used_cpu_sys"]))

    def read(self) -> Counted:
        """Return the current counters of its clients' commands."""
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
