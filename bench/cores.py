"""Which core runs what, and how much processor time it takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, process_time, process_time_ns

import psutil


@dataclass(frozen=True)
class Cores:
    """The server has a core of its own; client and store share one where there are only two. None: not pinned."""

    server: int | None = None
    client: int | None = None
    store: int | None = None


def divided() -> Cores:
    """Return the cores of this machine as they are used here; nothing is pinned where that cannot be done."""
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Cores(there[0], there[1], there[min(2, len(there) - 1)]) if len(there) > 1 else Cores()


@contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Let what is started meanwhile run on this core: a child has its parent's."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and of all that it started, so far."""
    with suppress(psutil.NoSuchProcess):
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(map(_seconds, processes))
    return 0.0


class Stopwatch:
    """Runs from when it is made; the time in which other programs had this thread's core does not count (Linux)."""

    def __init__(self) -> None:
        self._cpu_ns, self._began_ns, self._waited_ns = process_time_ns(), perf_counter_ns(), _waited_ns()

    def us(self) -> tuple[float, float]:
        """Return the microseconds that have passed, waiting for a store included, and those of the processor."""
        waited_ns = _waited_ns() - self._waited_ns  # first: what the clocks do not see must not be taken off
        cpu_ns, passed_ns = process_time_ns() - self._cpu_ns, perf_counter_ns() - self._began_ns
        return (passed_ns - waited_ns) / 1000, cpu_ns / 1000


def _waited_ns() -> int:
    """Return for how long this thread could have run and did not, by the kernel's count; 0 where it keeps none."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except OSError:
        return 0


def own_seconds() -> float:
    """Return the processor time of this process so far."""
    return process_time()


def _seconds(process: psutil.Process) -> float:
    """Read the kernel's nanoseconds by thread where it tells (Linux), else its ticks."""
    try:
        files = list(Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9 if files else _ticks(process)
    except (OSError, psutil.NoSuchProcess):  # it has ended meanwhile
        return 0.0


def _ticks(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
