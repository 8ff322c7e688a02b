"""End what a test run has started when the run itself is ended: by SIGTERM, SIGKILL, Ctrl-C or a lost terminal.

Each test process has one of these beside it. It is told of processes and folders, and waits at the other end of a pipe.
When the pipe closes, the test process is gone: what it did not end itself is ended here, and its folders are removed.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

IN_ORDER_S = 10.0  # for a lab to end what it has started


class Aftermath:
    """The process that ends what this one leaves."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def ends(self, pid: int) -> None:
        """Have this process ended, and its group if it leads one."""
        self._tell("ends", pid)

    def removes(self, folder: Path) -> None:
        """Have this folder removed."""
        self._tell("removes", folder)

    def forgets(self, pid: int) -> None:
        """Let a process go that has ended: its id may be given to another one."""
        self._tell("forgets", pid)

    def _tell(self, verb: str, what: int | Path) -> None:
        assert self._process.stdin is not None  # asked for above
        self._process.stdin.write(f"{verb} {what}\n")
        self._process.stdin.flush()


@cache
def aftermath() -> Aftermath:
    """Return the one of this test process."""
    return Aftermath()


def end_with_parent() -> None:
    """Have this test process, one of several, end at once when the one that hands out the tests is gone.

    By itself it would go on to the end of its test, which may wait for a browser that has ended too.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=watch, daemon=True).start()


def main() -> None:
    """Listen until the pipe closes, then end and remove what is left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    pids: set[int] = set()
    folders: list[Path] = []
    for line in sys.stdin:
        verb, _, what = line.rstrip("\n").partition(" ")
        if verb == "removes":
            folders.append(Path(what))
        else:
            (pids.add if verb == "ends" else pids.discard)(int(what))
    _end(pids)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end(pids: set[int]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, number)
        deadline = monotonic() + IN_ORDER_S
        while monotonic() < deadline and any(_lives(pid) for pid in pids):
            sleep(0.05)


def _lives(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False


if __name__ == "__main__":
    main()
