"""A child process that ends with us, however we end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE_S = 5.0  # longer than a tether's own


class Process:
    """A command on a tether (see `cluster.tether`). `folder` is removed when the command has ended."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self._tether = subprocess.Popen(
            [sys.executable, "-m", "cluster.tether", str(folder or ""), *command],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor, which ends the rest in order
        )

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, or None while it runs."""
        return self._tether.poll()

    def stop(self) -> None:
        """End the command and all that it started, and wait until they are gone. Twice is no more than once."""
        assert self._tether.stdin is not None  # asked for above
        self._tether.stdin.close()
        try:
            self._tether.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._tether.kill()
            self._tether.wait()
        if self._tether.returncode < 0:
            self._kill_command()

    def _kill_command(self) -> None:
        """End the command of a tether that was killed and could not do it."""
        assert self._tether.stdout is not None  # asked for above
        pid = self._tether.stdout.readline()
        with suppress(ProcessLookupError, PermissionError):
            if pid.strip():
                os.killpg(int(pid), signal.SIGKILL)
