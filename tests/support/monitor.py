"""What the store saw, told by the store itself (MONITOR), so that no counter of ours can be wrong about it."""

from types import TracebackType
from uuid import uuid4

from redis import Redis


class Monitor:
    """Collects the commands whose keys begin with `prefix`, wherever they come from."""

    def __init__(self, url: str, prefix: str) -> None:
        self._redis = Redis.from_url(url)
        self._listener = Redis.from_url(url).monitor()
        self._prefix = prefix

    def __enter__(self) -> "Monitor":
        self._listener.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.__exit__(kind, error, trace)
        self._redis.close()

    def commands(self) -> list[str]:
        """Return the names of the commands since the last call, in order."""
        mark = f"mark-{uuid4().hex}"
        self._redis.echo(mark)
        seen = []
        while True:
            entry = self._listener.next_command()
            if mark in entry["command"]:
                return seen
            if self._prefix in entry["command"] and entry["client_type"] != "lua":
                seen.append(entry["command"].split(" ")[0].upper())
