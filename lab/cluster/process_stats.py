"""How much memory and processor time the lab's processes take."""

from time import monotonic

import psutil

from lab.cluster.supervised import Supervised

Reading = dict[str, int | float | None]

NOTHING: Reading = {"pid": None, "rss_bytes": None, "cpu_percent": None, "up_since": None}
# Reading these takes up to ten milliseconds a process: once a second would be a twentieth of a core for two nodes.
GOOD_FOR_S = 3.0


class ProcessStats:
    """Memory and processor time of processes. Processor time is measured from one look to the next."""

    def __init__(self) -> None:
        self._seen: dict[int, psutil.Process] = {}  # each remembers when it was last looked at
        self._families: dict[int, list[psutil.Process]] = {}
        self._readings: dict[int, tuple[float, Reading]] = {}

    def of(self, part: Supervised) -> Reading:
        """Return pid, memory in bytes, share of one core in percent, and since when in seconds since the epoch.

        What processes share, as nodes share what was imported before they were forked, counts once: each has its part
        of it (Linux calls that PSS). Elsewhere it is the resident memory, and nodes share little.
        """
        pid = None if part.has_ended else part.process.pid
        if pid is None:
            return NOTHING
        looked_at, reading = self._readings.get(pid, (0.0, NOTHING))
        if reading is NOTHING or monotonic() - looked_at > GOOD_FOR_S:
            reading = self._look(pid, part)
            self._readings[pid] = monotonic(), reading
        return reading

    def _look(self, pid: int, part: Supervised) -> Reading:
        uses = [use for member in self._family(pid, part.is_ready) if (use := self._use_of(member)) is not None]
        if not uses:
            return NOTHING
        return {
            "pid": pid,
            "rss_bytes": sum(memory for memory, _ in uses),
            "cpu_percent": round(sum(cpu for _, cpu in uses), 1),
            "up_since": round(part.up_since, 3),
        }

    def _family(self, pid: int, has_started: bool) -> list[psutil.Process]:
        """Return a process and all below it; once it has started, those seen before, until one of them is gone.

        To ask for children reads every process of the system: ten milliseconds where there are two hundred.
        """
        family = self._families.get(pid, [])
        if not family or not all(member.is_running() for member in family):
            family = self._find_family(pid)
            if has_started:
                self._families[pid] = family
        return family

    def _find_family(self, pid: int) -> list[psutil.Process]:
        try:
            parent = self._seen.setdefault(pid, psutil.Process(pid))
            return [parent, *(self._seen.setdefault(child.pid, child) for child in parent.children(recursive=True))]
        except psutil.Error:
            return []

    def _use_of(self, process: psutil.Process) -> tuple[int, float] | None:
        try:
            memory = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
            return memory, process.cpu_percent()
        except psutil.Error:
            self._seen.pop(process.pid, None)
            return None
