"""Processor time of other processes during a measurement, which the measured processes did not get."""

import os
from contextlib import suppress
from time import perf_counter

import psutil

BUSY = ("user", "nice", "system", "irq", "softirq", "steal")  # steal: other virtual machines of the host


class Neighbours:
    """Measures from its creation on. Descendants of this process do not count as neighbours."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self._all_s, self._ours_s = _all_s(), _ours_s()

    def share(self) -> float:
        """Return the share of all processors that other processes have used since."""
        capacity_s = (perf_counter() - self._began) * (os.cpu_count() or 1)
        ours_s = sum(spent - self._ours_s.get(pid, 0.0) for pid, spent in _ours_s().items())
        return max(0.0, (_all_s() - self._all_s - ours_s) / capacity_s)


def _all_s() -> float:
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in BUSY))


def _ours_s() -> dict[int, float]:
    """Return seconds of processor time by process."""
    us, spent = psutil.Process(), {}
    for process in (us, *us.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended
            times = process.cpu_times()
            spent[process.pid] = times.user + times.system
    return spent
