"""The members' side of a load test: what a server tells, schedules, and that Locust stays where it belongs."""

import random
import subprocess
import sys
from pathlib import Path

from loadtests.experiments import ALL
from loadtests.schedule import schedule
from loadtests.server_timing import parts_us

ROOT = Path(__file__).parents[2]


def test_server_timing_is_read_in_microseconds() -> None:
    told = parts_us('store;dur=0.091, verify;dur=1.5, cache;desc="hit", app;dur=0.200')
    assert told == {"store": 91.0, "verify": 1500.0, "app": 200.0}
    assert parts_us("") == {}


def test_an_open_loop_keeps_its_rate_and_knows_no_answer() -> None:
    moments = schedule(100.0, 50.0, random.Random(1))
    assert 4700 < len(moments) < 5300
    assert moments == sorted(moments)
    assert moments == schedule(100.0, 50.0, random.Random(1))


def test_the_command_line_is_never_patched() -> None:
    """Locust replaces blocking calls in the whole process: it has one of its own."""
    script = "import loadtests.__main__, sys; print({'gevent', 'locust'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


def test_there_is_an_experiment_for_every_question() -> None:
    names = ["lookup-cost", "scale-out", "memory", "revocation", "lifetimes", "outage"]
    assert [experiment.name for experiment in ALL] == names
