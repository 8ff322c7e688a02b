"""The members' side of a load test: what a server tells, schedules, and that Locust stays where it belongs."""

import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest

from loadtests import neighbours
from loadtests.experiments import ALL
from loadtests.pacer import Pacer
from loadtests.recording import Recording
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


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
def test_members_who_rest_do_not_fall_into_step_with_the_balancer(
    monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    """Equal pauses dealt whoever was turned away the other node, every time: a third of all were, not half."""
    slept: list[float] = []
    monkeypatch.setattr("loadtests.pacer.gevent.sleep", slept.append)
    pacer = Pacer(pause_s)
    pacer.open()
    assert [pacer.next() for _ in range(5000)] == [None] * 5000
    assert sum(slept) / 5000 == pytest.approx(pause_s, rel=0.1)
    assert len(set(slept)) == (5000 if pause_s else 1)


def test_only_who_was_let_in_counts_for_the_times() -> None:
    recording = Recording()
    told = {"server-timing": "store;dur=0.100, app;dur=0.200", "x-node": "node-1"}
    for took_us in (100.0, 200.0, 300.0):
        recording.page(told, took_us, None, None)
    recording.page({"x-node": "node-2"}, 5.0, None, RuntimeError("401"))
    summary = recording.summary()
    assert (summary["requests"], summary["failures"], summary["kinds"]) == (4, 1, {"ok": 3, "other": 1})
    assert (summary["p50_us"], summary["store_us_p50"], summary["server_us_p50"]) == (200.0, 100.0, 300.0)
    assert summary["nodes"] == {"node-1": 3, "node-2": 1}
    assert summary["since_due"]["p50_us"] is None


def test_who_is_late_counts_from_when_the_request_was_due() -> None:
    """A server that stalls delays the requests behind it, whose own answers are quick."""
    recording = Recording()
    recording.page({}, 100.0, perf_counter() - 2.0, None)
    assert recording.summary()["since_due"]["p50_us"] > 2_000_000
    assert recording.summary()["p50_us"] == 100.0


def test_what_others_use_is_told_from_what_we_use(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = {
        "_all_s": iter([100.0, 103.0]),
        "_ours_s": iter([{1: 5.0}, {1: 6.0, 2: 0.5}]),
        "perf_counter": iter([0, 2]),
    }
    for name, values in readings.items():
        monkeypatch.setattr(neighbours, name, partial(next, values))
    monkeypatch.setattr(neighbours.os, "cpu_count", lambda: 2)
    assert neighbours.Neighbours().share() == (3.0 - 1.5) / 4


def test_what_our_children_use_is_ours() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in neighbours._ours_s()
        child.communicate(b"\n")


@pytest.mark.own_processes
def test_the_command_line_is_never_patched_and_starts_quickly() -> None:
    """Locust replaces blocking calls in the whole process: it has one of its own. What takes long to import has too."""
    script = "import loadtests.__main__, sys; print({'gevent', 'locust', 'scipy', 'sqlalchemy'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


def test_there_is_an_experiment_for_every_question() -> None:
    names = ["lookup-cost", "saturation", "scale-out", "memory", "revocation", "lifetimes", "outage"]
    assert [experiment.name for experiment in ALL] == names
