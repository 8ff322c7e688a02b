"""Memory and processor time of the lab's processes."""

from time import monotonic
from typing import TYPE_CHECKING

from lab.cluster.supervised import Supervised

if TYPE_CHECKING:
    from psutil import Process

Reading = dict[str, int | float | None]

NOTHING: Reading = {"pid": None, "rss_bytes": None, "cpu_percent": None, "up_since": None}
# A reading takes up to 10 ms per process: once a second would cost 5 % of a core for two nodes.
GOOD_FOR_S = 3.0


class ProcessStats:
    """Memory and processor time of processes. Processor time is measured between two readings."""

    def __init__(self) -> None:
        self._seen: dict[int, Process] = {}  # psutil objects keep the last reading
        self._families: dict[int, list[Process]] = {}
        self._readings: dict[int, tuple[float, Reading]] = {}

    def of(self, part: Supervised) -> Reading:
        """Return pid, memory in bytes, percent of one core, and start time in seconds since the epoch.

        On Linux the memory is PSS: memory that forked nodes share is divided among them. On other systems it is the
        resident memory, and nodes share little.
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

    def _family(self, pid: int, has_started: bool) -> "list[Process]":
        """Return a process and its descendants. After its start the list is cached until one of them has ended.

        Listing children reads every process of the system: 10 ms for 200 processes.
        """
        family = self._families.get(pid, [])
        if not family or not all(member.is_running() for member in family):
            family = self._find_family(pid)
            if has_started:
                self._families[pid] = family
        return family

    def _find_family(self, pid: int) -> "list[Process]":
        import psutil  # noqa: PLC0415  # at the first reading: nodes are forked before it, and a start needs none

        try:
            parent = self._seen.setdefault(pid, psutil.Process(pid))
            return [parent, *(self._seen.setdefault(child.pid, child) for child in parent.children(recursive=True))]
        except psutil.Error:
            return []

    def _use_of(self, process: "Process") -> tuple[int, float] | None:
        import psutil  # noqa: PLC0415  # as above

        try:
            memory = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
            return memory, process.cpu_percent()
        except psutil.Error:
            self._seen.pop(process.pid, None)
            return None
