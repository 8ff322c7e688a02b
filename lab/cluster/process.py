"""A child process that always ends with this process, even after `kill -9`."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol

ROOT = Path(__file__).parents[2]
PATIENCE_S = 5.0  # longer than the process guard's own


class RunningProcessGuard(Protocol):
    """A running process guard: `subprocess.Popen` or a replacement."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    returncode: int | Any

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


class Process:
    """A command under a process guard (see `lab.cluster.process_guard`).

    Its output appears on standard error, prefixed with `name`. `process_guard`: one that runs already, instead of a
    command.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        process_guard: RunningProcessGuard | None = None,
    ) -> None:
        self._process_guard: RunningProcessGuard = process_guard or subprocess.Popen(
            [sys.executable, "-m", "lab.cluster.process_guard", name, *command],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # only the supervisor gets the terminal's Ctrl-C; it ends the others gracefully
        )
        self._listening = Lock()
        self._pid: bytes | None = None
        self._is_gone = False

    @property
    def pid(self) -> int | None:
        """The command's process id, or None if its process guard ended before it could start the command."""
        assert self._process_guard.stdout is not None  # a pipe, see above
        with self._listening:  # the process guard prints it only once
            if self._pid is None:
                self._pid = self._process_guard.stdout.readline().strip()
        return int(self._pid) if self._pid else None

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, or None while it runs; 128 plus the signal's number if a signal ended it."""
        return self._process_guard.poll()

    def signal(self, number: signal.Signals, whole_group: bool = False) -> None:
        """Send a signal to the command, or to its whole process group. Do nothing if it has ended."""
        if self.exit_code is None and self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number) if whole_group else os.kill(self.pid, number)

    def end(self) -> None:
        """Ask the command and its children to end. `exit_code` is set when they have."""
        assert self._process_guard.stdin is not None  # a pipe, see above
        self._process_guard.stdin.close()

    def stop(self) -> None:
        """End the command and its children, and wait for their end. A second call does nothing.

        After that the system may give their process id to another process.
        """
        if self._is_gone:
            return
        self.end()
        try:
            self._process_guard.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process_guard.kill()
            self._process_guard.wait()
        if self._process_guard.returncode < 0:  # a killed process guard could not end the command
            self._kill_command()
        self._is_gone = True

    def _kill_command(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if self.pid is not None:
                os.killpg(self.pid, signal.SIGKILL)
