"""Memory and processor time are those of a process and of all that it has started, whenever that was."""

import sys

import psutil
import pytest

from lab.cluster import process_stats
from lab.cluster.process import Process
from lab.cluster.supervised import Supervised
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

LARGE_BYTES = 50 << 20
LARGE = f"import time; kept = b'x' * {LARGE_BYTES}; time.sleep(600)"


def test_a_child_that_takes_the_place_of_another_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_stats, "GOOD_FOR_S", 0)
    shell = ["sh", "-c", 'sleep 600; "$0" -c "$1"; :', sys.executable, LARGE]
    part = Supervised("shell", lambda: Process("shell", shell), lambda: True)
    try:
        part.look()
        looks = process_stats.ProcessStats()
        eventually(lambda: psutil.Process(part.process.pid).children() != [], "the first child")
        assert 0 < (looks.of(part)["rss_bytes"] or 0) < LARGE_BYTES
        psutil.Process(part.process.pid).children()[0].kill()
        eventually(lambda: (looks.of(part)["rss_bytes"] or 0) > LARGE_BYTES, "what the second child takes")
    finally:
        part.process.stop()
    assert looks.of(part) == process_stats.NOTHING
