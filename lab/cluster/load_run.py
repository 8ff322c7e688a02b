"""One load test at a time, for whoever orders it: a command of its own, which starts and ends a lab of its own."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT
from typing import Any

from lab.cluster.orders import Refused
from lab.cluster.process import Process

COMMAND = (sys.executable, "-m", "loadtests")
NEED_OWN_STORE = ("memory", "outage")
EXPERIMENTS = ("lookup-cost", "saturation", "scale-out", "memory", "revocation", "lifetimes", "outage")


class LoadRun:
    """Runs `python -m loadtests`; reports go into a folder of their own below `folder`.

    Without a store of the lab's own the load test uses the one at `REDIS_URL`, but for what breaks or fills its store.
    """

    def __init__(self, folder: Path, own_store: bool = True) -> None:
        self._folder = folder
        self._own_store = own_store
        self._process: Process | None = None
        self._name = ""
        self._stopping = False
        self._exit_code: int | None = None

    def start(self, experiment: str, quick: bool) -> None:
        """Start an experiment. Raise `Refused` for one that is not known or not for this store, or while one runs."""
        if experiment not in EXPERIMENTS:
            raise Refused(400, "bad_request", f"experiment must be one of {', '.join(EXPERIMENTS)}")
        if experiment in NEED_OWN_STORE and not self._own_store:
            raise Refused(409, "needs_own_store", f"{experiment} needs a store that it has started, not REDIS_URL's")
        if self._is_running():
            raise Refused(409, "run_in_progress", f"{self._name} is running; one load test at a time")
        self._name, self._stopping = f"{experiment}-{datetime.now(UTC):%Y%m%d-%H%M%S}", False
        self._exit_code = None
        options = [*(["--quick"] if quick else []), "--out", str(self._folder / self._name)]
        self._process = Process("load test", [*COMMAND, experiment, *options])

    def stop(self) -> None:
        """Stop it as Ctrl-C does: what was measured is kept. Raise `Refused` if none runs."""
        if self._process is None or not self._is_running():
            raise Refused(409, "no_run", "no load test is running")
        if not self._stopping:  # a second one would interrupt the writing down
            self._stopping = True
            self._process.signal(SIGINT)

    def look(self) -> None:
        """Notice that it has ended, end what a killed one has left, and have what that had measured concluded."""
        if self._process is None or self._process.exit_code is None:
            return
        self._process.stop()
        if self._exit_code is None:
            self._exit_code = self._process.exit_code
            if self._is_cut_off():
                self._process = Process("load test", [*COMMAND, "report", str(self._folder / self._name)])

    def end(self) -> None:
        """End it at once, with everything that it has started."""
        if self._process is not None:
            self._process.stop()

    def state(self) -> dict[str, Any] | None:
        """Return the last run, as `GET /state` shows it, or None before the first."""
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
        """Tell whether it has measured something and left no result: it was killed, or had no room on the disk."""
        windows, results = (self._folder / self._name / file for file in ("windows.jsonl", "results.json"))
        return not results.exists() and windows.exists() and windows.stat().st_size > 0
