"""Run a command that must not outlive whoever started it.

`python -m cluster.tether COMMAND …` starts the command and waits at the other end of a pipe, its standard input. When
that closes, for whatever reason (an orderly stop, a crash, `kill -9`), it ends the command and everything that the
command has started.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread

PATIENCE_S = 3.0  # for the command to end by itself


def main(command: list[str]) -> None:
    """Run `command` in a process group of its own, until it ends or the pipe closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    signal.signal(signal.SIGTERM, lambda *_: _end(child))
    Thread(target=_exit_with, args=(child,), daemon=True).start()
    sys.stdin.buffer.read()
    _end(child)


def _exit_with(child: "subprocess.Popen[bytes]") -> None:
    code = child.wait()
    _kill_group(child)
    os._exit(code if code >= 0 else 128 - code)


def _end(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(PATIENCE_S)
    _kill_group(child)
    os._exit(0)


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
