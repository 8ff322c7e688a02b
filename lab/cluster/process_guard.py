"""Run a command that must end with the process that started it, and prefix each line of its output with a name.

`python -m lab.cluster.process_guard NAME COMMAND …` starts the command and prints its process id on standard output.
Then it waits for the end of its standard input, a pipe. When the other end closes, after a normal stop, a crash or
`kill -9`, it ends the command and all processes that the command has started.
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

PATIENCE_S = 3.0  # how long the command may take to end by itself
ENDINGS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Child(Protocol):
    """A running command: `subprocess.Popen` or a replacement."""

    pid: int
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


def main(name: str, command: list[str]) -> int:
    """Run `command` in its own process group until it ends or is ended. Return its exit code."""
    return run_guarded(
        name,
        lambda: subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0
        ),
    )


def run_guarded(name: str, start: Callable[[], Child]) -> int:
    """Start a command in its own process group with its output in a pipe, and wait until it ends or must be ended."""
    wake = _wake_on_signals()
    child = start()
    assert child.stdout is not None  # a pipe, as `Child` requires
    # All output goes to standard error: the lab's standard output has only its Ready lines.
    printer = Thread(target=_print_named, args=(name, child.stdout), daemon=True)
    printer.start()
    with suppress(OSError):  # the process that started us has already ended
        os.write(sys.stdout.fileno(), b"%d\n" % child.pid)
    _wait(child, wake)
    code = _end(child)
    printer.join(1.0)
    return code if code >= 0 else 128 - code


def _print_named(name: str, output: IO[bytes]) -> None:
    mark = f"{name} | ".encode()
    for line in output:
        with suppress(OSError):  # the terminal is closed; the command must not block
            os.write(sys.stderr.fileno(), mark + line.rstrip(b"\n") + b"\n")  # one write, so that lines do not mix


def _wake_on_signals() -> int:
    """Return a file descriptor from which the numbers of received signals can be read."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (*ENDINGS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _wait(child: Child, wake: int) -> None:
    """Return when the command has ended, the pipe closes, or a signal asks us to end."""
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake], [], [])
        if sys.stdin in ready or ENDINGS.intersection(os.read(wake, 64)):
            return


def _end(child: Child) -> int:
    """Ask the command to end, then kill what is left of its process group. Return its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGCONT)  # a suspended process would not receive the signal
    with suppress(subprocess.TimeoutExpired):
        child.terminate()
        child.wait(PATIENCE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
