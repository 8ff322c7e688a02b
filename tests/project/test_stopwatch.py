"""The stopwatch itself: on a machine that is kept busy a wait is as long as ever, and work takes no longer."""

import subprocess
import sys
from collections.abc import Iterator
from os import cpu_count
from pathlib import Path
from time import sleep, thread_time

import pytest

from tests.support.stopwatch import Stopwatch

WORK_S = 0.1
# Not our children, or their waits would count as ours; each ends with this process.
KEEP_BUSY = """
import os, sys
owner, starter = int(sys.argv[1]), os.getpid()
if os.fork() == 0:
    print("busy", flush=True)
    while os.path.exists(f"/proc/{owner}"): sum(range(10_000))
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system counts no such waits")


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Keep every core busy with two other programs, until the owner of their pipe ends."""
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    starters = [
        subprocess.Popen([sys.executable, "-c", KEEP_BUSY, str(owner.pid)], stdout=subprocess.PIPE)
        for _ in range(2 * (cpu_count() or 1))
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"busy\n"
        starter.wait()
    yield
    owner.kill()
    owner.wait()
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.read() == b""  # the last of them has ended


def test_a_wait_of_the_labs_own_is_held_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait is no time in which a thread could have run. What other threads wait here meanwhile is left out."""
    monkeypatch.setattr("tests.support.stopwatch.waits_ns", lambda: iter(()))
    watch = Stopwatch()
    sleep(0.3)
    assert watch.own_s() >= 0.3
    with pytest.raises(AssertionError, match="of its own"):
        watch.assert_within(0.2)


@pytest.mark.usefixtures("busy_machine")
def test_work_takes_the_time_that_it_has_a_core() -> None:
    watch, began = Stopwatch(), thread_time()
    while thread_time() - began < WORK_S:
        pass
    own_s, wall_s = watch._times()
    assert own_s - WORK_S < (wall_s - WORK_S) / 2
