"""Keep one process in its wanted state: restart it if it ends by itself, and leave it down if it was stopped."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, time
from typing import Literal

from lab.cluster.process import Process
from service.terminal import _

Wanted = Literal["running", "stopped", "killed", "hanging"]
State = Literal["starting", "running", "stopping", "stopped", "killed", "hanging", "crashed"]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0  # a process that ran this long is restarted without a longer pause


class Supervised:
    """A process called `name`. `launch` starts it, `answers` returns whether it works. Not thread-safe."""

    def __init__(
        self, name: str, launch: Callable[[], Process], answers: Callable[[], bool], process: Process | None = None
    ) -> None:
        self.name = name
        self.restarts = 0
        self._launch = launch
        self._answers = answers
        self._wanted: Wanted = "running"
        self._pause_s = FIRST_PAUSE_S
        self._restart_at: float | None = None
        self.is_ready = False
        self._began(process or launch())

    @property
    def state(self) -> State:
        """Its current state."""
        if self._wanted in ("stopped", "killed"):
            return self._wanted if self.has_ended else "stopping"
        if self.has_ended:
            return "starting" if self._restart_at is not None and self._restart_at <= monotonic() else "crashed"
        if self._restart_at is not None:
            return "stopping"
        return "hanging" if self._wanted == "hanging" else "running" if self.is_ready else "starting"

    @property
    def has_ended(self) -> bool:
        """Whether it has no running process."""
        return self.process.exit_code is not None

    def want(self, wanted: Wanted) -> None:
        """Bring it into the state `wanted`. A second call does nothing."""
        if wanted == "hanging":
            self.process.signal(signal.SIGSTOP, whole_group=True)
        elif self._wanted == "hanging":
            self.process.signal(signal.SIGCONT, whole_group=True)
        if wanted == "stopped":
            self.process.end()
        elif wanted == "killed":
            self.process.signal(signal.SIGKILL, whole_group=True)
        elif wanted == "running" and (self.has_ended or self._wanted in ("stopped", "killed")):
            self._restart_at = monotonic()  # at once, without the rest of a pause
        self._wanted = wanted

    def restart(self, launch: Callable[[], Process] | None = None) -> None:
        """End it gracefully, and start it again at once; from now on by `launch`, if given."""
        self._launch = launch or self._launch
        self.want("running")
        self.process.end()
        self._restart_at = monotonic()

    def look(self) -> None:
        """Check the process, and start it if necessary. Called periodically."""
        if self.has_ended:
            self.process.stop()  # if its process guard was killed, the command still runs
        if self._wanted in ("stopped", "killed"):
            return
        if not self.has_ended:
            self.is_ready = self.is_ready or (self._wanted == "running" and self._answers())
        elif self._restart_at is None:
            self._plan_restart(_("has ended by itself (exit code %(code)s)", code=self.process.exit_code))
        elif monotonic() >= self._restart_at:
            self._start_again()

    def _start_again(self) -> None:
        self._wanted = "running"
        try:
            self._began(self._launch())
        except OSError as error:  # no more processes, or the disk is full
            self._plan_restart(_("cannot be started (%(why)s)", why=error.strerror))

    def _began(self, process: Process) -> None:
        self.process = process
        self.is_ready = False
        self.up_since = time()
        self._restart_at = None

    def _plan_restart(self, what_happened: str) -> None:
        if time() - self.up_since > STEADY_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        say(
            _(
                "%(name)s %(what)s; it starts again in %(seconds)s s",
                name=self.name,
                what=what_happened,
                seconds=f"{self._pause_s:g}",
            )
        )
        self.restarts += 1
        self._restart_at = monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


def say(line: str) -> None:
    """Print a line on the lab's terminal."""
    with suppress(OSError):  # the terminal is closed; the lab continues
        print(f"app.py: {line}", file=sys.stderr, flush=True)
