"""Pin processes to cores, and read their processor time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, process_time, process_time_ns

import psutil


@dataclass(frozen=True)
class Cores:
    """The cores of server, client and store. With two cores client and store share one. None: not pinned."""

    server: int | None = None
    client: int | None = None
    store: int | None = None


def divided() -> Cores:
    """Return the division of this machine's cores. Nothing is pinned if that is not possible."""
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Cores(there[0], there[1], there[min(2, len(there) - 1)]) if len(there) > 1 else Cores()


@contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Let processes that are started meanwhile run on this core: children inherit the setting."""
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
    """Return the processor time of a process and its descendants so far."""
    with suppress(psutil.NoSuchProcess):
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(map(_seconds, processes))
    return 0.0


class Stopwatch:
    """Measures from its creation, without the time in which other programs used this thread's core (Linux)."""

    def __init__(self) -> None:
        self._cpu_ns, self._began_ns, self._waited_ns = process_time_ns(), perf_counter_ns(), _waited_ns()

    def us(self) -> tuple[float, float]:
        """Return the elapsed microseconds, including waiting for a store, and the processor time."""
        waited_ns = _waited_ns() - self._waited_ns  # first: do not subtract waiting that the clocks do not include
        cpu_ns, passed_ns = process_time_ns() - self._cpu_ns, perf_counter_ns() - self._began_ns
        return (passed_ns - waited_ns) / 1000, cpu_ns / 1000


def _waited_ns() -> int:
    """Return how long this thread was ready but not running, from the kernel; 0 if there is no such count."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except OSError:
        return 0


def own_seconds() -> float:
    """Return the processor time of this process so far."""
    return process_time()


def _seconds(process: psutil.Process) -> float:
    """Read nanoseconds by thread (Linux), or clock ticks on other systems."""
    try:
        files = list(Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9 if files else _ticks(process)
    except (OSError, psutil.NoSuchProcess):  # the process has ended
        return 0.0


def _ticks(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
