"""Run one load test at a time, as a separate command that starts and ends its own lab."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT
from typing import Any

from lab.cluster.process import Process
from lab.cluster.refused_command import RefusedCommand

COMMAND = (sys.executable, "-m", "loadtests")
NEED_OWN_STORE = ("memory", "outage")
EXPERIMENTS = ("lookup-cost", "saturation", "scale-out", "memory", "revocation", "lifetimes", "outage")


class Loadtest:
    """Runs `python -m loadtests`. Each run's report gets its own folder below `folder`.

    If the lab uses the store at `REDIS_URL`, the load test does too. Experiments that break or fill the store are then
    refused.
    """

    def __init__(self, folder: Path, own_store: bool = True) -> None:
        self._folder = folder
        self._own_store = own_store
        self._process: Process | None = None
        self._name = ""
        self._stopping = False
        self._exit_code: int | None = None

    def start(self, experiment: str, quick: bool) -> None:
        """Start an experiment. Raise `RefusedCommand` if it is unknown, needs another store, or one is running."""
        if experiment not in EXPERIMENTS:
            raise RefusedCommand(
                400, "bad_request", "experiment must be one of %(names)s", names=", ".join(EXPERIMENTS)
            )
        if experiment in NEED_OWN_STORE and not self._own_store:
            raise RefusedCommand(
                409, "needs_own_store", "%(name)s needs its own store, not the one at REDIS_URL", name=experiment
            )
        self.refuse_while_running()
        self._name, self._stopping = f"{experiment}-{datetime.now(UTC):%Y%m%d-%H%M%S}", False
        self._exit_code = None
        options = [*(["--quick"] if quick else []), "--out", str(self._folder / self._name)]
        self._process = Process("load test", [*COMMAND, experiment, *options])

    def stop(self) -> None:
        """Stop it as Ctrl-C does: its measurements are kept. Raise `RefusedCommand` if none runs."""
        if self._process is None or not self._is_running():
            raise RefusedCommand(409, "no_run", "no load test is running")
        if not self._stopping:  # a second signal would interrupt writing the results
            self._stopping = True
            self._process.signal(SIGINT)

    def refuse_while_running(self) -> None:
        """Raise `RefusedCommand` if a load test is running."""
        if self._is_running():
            raise RefusedCommand(
                409, "run_in_progress", "%(name)s is running; only one load test can run at a time", name=self._name
            )

    def look(self) -> None:
        """Check whether it has ended. After a killed run, end its processes and write a report of its results."""
        if self._process is None or self._process.exit_code is None:
            return
        self._process.stop()
        if self._exit_code is None:
            self._exit_code = self._process.exit_code
            if self._is_cut_off():
                self._process = Process("load test", [*COMMAND, "report", str(self._folder / self._name)])

    def end(self) -> None:
        """End it at once, with all processes that it has started."""
        if self._process is not None:
            self._process.stop()

    def state(self) -> dict[str, Any] | None:
        """Return the last run in the form of `GET /state`, or None before the first."""
        if self._process is None:
            return None
        running = "stopping" if self._stopping or self._exit_code is not None else "running"
        return {
            "name": self._name,
            "state": running if self._is_running() else "ended",
            "exit_code": self._exit_code,
        }

    def _is_running(self) -> bool:
        return self._process is not None and (self._exit_code is None or self._process.exit_code is None)

    def _is_cut_off(self) -> bool:
        """Return whether it left measurements but no result: it was killed, or the disk was full."""
        windows, results = (self._folder / self._name / file for file in ("windows.jsonl", "results.json"))
        return not results.exists() and windows.exists() and windows.stat().st_size > 0
