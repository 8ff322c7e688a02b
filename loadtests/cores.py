"""Which core runs what, and the processor time that processes take, thread by thread, as Linux's kernel counts it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

CpuTimes = Mapping[int, int]  # nanoseconds by thread


@dataclass(frozen=True)
class Cores:
    """One core for the node, and those that all others share."""

    node: int
    others: frozenset[int]


def divided() -> Cores | None:
    """Return how this machine's cores are divided, or None: it has one only, or its system pins nothing."""
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Cores(there[-1], frozenset(there[:-1])) if len(there) > 1 else None


@contextmanager
def starting_on(cores: Iterable[int]) -> Iterator[None]:
    """Let what is started meanwhile run on these cores: a child has its parent's."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pid: int, cores: Iterable[int]) -> None:
    """Move a process, all that it has started and all their threads to these cores."""
    wanted = set(cores)
    for thread in _threads(pid):
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(thread, wanted)


def cpu_times_ns(pid: int) -> CpuTimes:
    """Return the processor time of a process and of all that it has started, by thread; only Linux tells.

    `schedstat` counts nanoseconds, where `stat` counts hundredths of a second.
    """
    times = {}
    for thread in _threads(pid):
        with suppress(OSError), open(f"/proc/{thread}/schedstat", "rb", buffering=0) as file:
            times[thread] = int(file.read().split()[0])
    return times


def added_us(before: CpuTimes, now: CpuTimes) -> float:
    """Return the microseconds that were added, those of threads that began meanwhile included."""
    return sum(ns - before.get(thread, 0) for thread, ns in now.items()) / 1000


def _threads(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(psutil.Error):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with suppress(psutil.Error):
                found += [thread.id for thread in process.threads()]
    return found
