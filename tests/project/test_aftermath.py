"""A test run that is ended leaves no process, store or folder behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lab_processes import ROOT, SOON_S, Running, descendants, process_table
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

IN_THE_MIDDLE = """
import subprocess, tempfile
from pathlib import Path
from time import sleep

from lab.cluster.embedded_store import EmbeddedStore
from tests.support.aftermath import aftermath

def test_that_is_ended_in_the_middle(lab):
    EmbeddedStore()
    aftermath().ends(subprocess.Popen(["sleep", "600"]).pid)
    folder = Path(tempfile.mkdtemp())
    aftermath().removes(folder)
    Path({said!r}).write_text(str(folder))
    sleep(600)
"""


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(each, marks=pytest.mark.nightly) for each in (signal.SIGINT, signal.SIGHUP, signal.SIGKILL)),
    ],
)
def test_a_run_that_is_ended_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """SIGHUP is a lost terminal. A lab of two nodes went on after a SIGTERM."""
    test, said = tmp_path / "test_ended.py", tmp_path / "said"
    test.write_text(IN_THE_MIDDLE.format(said=str(said)))
    command = [sys.executable, "-m", "pytest", "-n", "1", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    running = subprocess.Popen(
        [*command, "-c", str(ROOT / "pyproject.toml"), "--basetemp", str(tmp_path / "base"), str(test)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(said.exists, "a test in the middle")
    family = descendants(running.pid)
    assert any("app.py" in process.command for process in family)
    if number in (signal.SIGINT, signal.SIGHUP):  # as a terminal does it
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    running.wait(SOON_S)
    eventually(lambda: not still_there(family), f"the end of {family}")
    eventually(lambda: not Path(said.read_text()).exists(), "the folder's end")


def still_there(family: list[Running]) -> list[Running]:
    pids = {process.pid for process in family}
    return [process for process in process_table() if process.pid in pids]
