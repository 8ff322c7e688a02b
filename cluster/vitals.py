"""How much memory and processor time the lab's processes take."""

from time import monotonic

import psutil

from cluster.supervised import Supervised

MEMORY_KNOWN_FOR_S = 1.0  # to look it up takes milliseconds, and the state is asked for in a hurry


class Vitals:
    """Memory and processor time of processes. Processor time is measured from one look to the next."""

    def __init__(self) -> None:
        self._seen: dict[int, psutil.Process] = {}  # each remembers when it was last looked at
        self._memory: dict[int, tuple[float, int]] = {}

    def of(self, part: Supervised) -> dict[str, int | float | None]:
        """Return pid, memory in bytes, share of one core in percent, and since when in seconds since the epoch.

        What processes share, as nodes share what was imported before they were forked, counts once: each has its part
        of it (Linux calls that PSS). Elsewhere it is the resident memory, and nodes share little.
        """
        pid = None if part.has_ended else part.process.pid
        family = [] if pid is None else self._family(pid)
        readings = [reading for member in family if (reading := self._reading(member)) is not None]
        if pid is None or not readings:
            return {"pid": None, "rss_bytes": None, "cpu_percent": None, "up_since": None}
        return {
            "pid": pid,
            "rss_bytes": sum(memory for memory, _ in readings),
            "cpu_percent": round(sum(cpu for _, cpu in readings), 1),
            "up_since": round(part.up_since, 3),
        }

    def _family(self, pid: int) -> list[psutil.Process]:
        try:
            parent = self._seen.setdefault(pid, psutil.Process(pid))
            return [parent, *(self._seen.setdefault(child.pid, child) for child in parent.children(recursive=True))]
        except psutil.Error:
            return []

    def _reading(self, process: psutil.Process) -> tuple[int, float] | None:
        try:
            return self._memory_of(process), process.cpu_percent()
        except psutil.Error:
            self._seen.pop(process.pid, None)
            self._memory.pop(process.pid, None)
            return None

    def _memory_of(self, process: psutil.Process) -> int:
        looked_at, memory = self._memory.get(process.pid, (0.0, 0))
        if monotonic() - looked_at > MEMORY_KNOWN_FOR_S:
            memory = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
            self._memory[process.pid] = monotonic(), memory
        return memory
