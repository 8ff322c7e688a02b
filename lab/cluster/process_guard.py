"""Run a command that must not outlive whoever started it, and name each line that it prints.

`python -m lab.cluster.process_guard NAME COMMAND …` starts the command and says its process id on standard output.
Then it waits at the other end of a pipe, its standard input. When that closes, for whatever reason (an orderly stop, a
crash, `kill -9`), it ends the command and everything that the command has started.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import IO, Protocol

PATIENCE_S = 3.0  # for the command to end by itself
ENDINGS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Child(Protocol):
    """What is needed of a command that runs: `subprocess.Popen`, or what stands in for it."""

    pid: int
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


def main(name: str, command: list[str]) -> int:
    """Run `command` in a process group of its own until it ends or has to; return its exit code."""
    return run_guarded(
        name,
        lambda: subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0
        ),
    )


def run_guarded(name: str, start: Callable[[], Child]) -> int:
    """Start a command, in a process group of its own and with its output in a pipe; hold it until it ends or has to."""
    wake = _wake_on_signals()
    child = start()
    assert child.stdout is not None  # asked for above
    # To standard error, whatever it is: on the lab's standard output stands its Ready line alone.
    printer = Thread(target=_print_named, args=(name, child.stdout), daemon=True)
    printer.start()
    with suppress(OSError):  # whoever started us is gone already
        os.write(sys.stdout.fileno(), b"%d\n" % child.pid)
    _wait(child, wake)
    code = _end(child)
    printer.join(1.0)
    return code if code >= 0 else 128 - code


def _print_named(name: str, output: IO[bytes]) -> None:
    mark = f"{name} | ".encode()
    for line in output:
        with suppress(OSError):  # the terminal is gone; the command must not stall for it
            os.write(sys.stderr.fileno(), mark + line.rstrip(b"\n") + b"\n")  # one write: lines do not mix


def _wake_on_signals() -> int:
    """Return a descriptor from which the number of each signal can be read that concerns us."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (*ENDINGS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _wait(child: Child, wake: int) -> None:
    """Return when the command has ended, the pipe closes, or somebody asks us to end."""
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake], [], [])
        if sys.stdin in ready or ENDINGS.intersection(os.read(wake, 64)):
            return


def _end(child: Child) -> int:
    """Ask the command to end, and make sure of it and of all that it started; return its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGCONT)  # one that hangs could not hear it
    with suppress(subprocess.TimeoutExpired):
        child.terminate()
        child.wait(PATIENCE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
