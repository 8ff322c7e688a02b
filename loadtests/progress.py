"""How far a run is: for whoever watches the terminal, and in files that others can follow while it goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from cluster.published import publish
from loadtests.results import WINDOWS
from loadtests.windows import Window

PROGRESS = "progress.json"

Tick = Callable[[int, str], None]
State = Literal["running", "finished", "stopped", "failed"]


class Kept:
    """Windows as they are measured: each is on disk before the next begins.

    `windows.jsonl` has one line each; `progress.json` says how many of how many, and what becomes of the run.
    """

    def __init__(self, folder: Path, experiment: str, planned: int, tick: Tick) -> None:
        self.windows: list[Window] = []
        self._folder = folder
        self._experiment = experiment
        self._planned = planned
        self._tick = tick
        (folder / WINDOWS).write_text("")
        self.say("running")

    def add(self, window: Window) -> None:
        """Keep a window."""
        self.windows.append(window)
        with open(self._folder / WINDOWS, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(window.view(), default=_plain) + "\n")
        self.say("running")
        self._tick(1, window.label)

    def say(self, state: State) -> None:
        """Tell those who follow how far the run is."""
        latest = self.windows[-1].label if self.windows else None
        told = {"experiment": self._experiment, "state": state, "latest": latest}
        publish(json.dumps({**told, "done": len(self.windows), "planned": self._planned}), self._folder / PROGRESS)


def read_windows(folder: Path) -> list[Window]:
    """Return what a run kept. Raise `ValueError` with one line that says why not."""
    file = folder / WINDOWS
    try:
        return [Window.of_view(json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{file} does not hold the windows of a run") from None


def _plain(value: Any) -> Any:
    return dict(value)
