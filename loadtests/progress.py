"""How far a run is: for whoever watches the terminal, and in a file that others can follow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loadtests.windows import Window

Tick = Callable[[int, str], None]


class Kept:
    """Windows as they are measured: each is on disk before the next begins, and moves the bar by one."""

    def __init__(self, file: Path, tick: Tick) -> None:
        self.windows: list[Window] = []
        self._file = file
        self._tick = tick
        file.write_text("")

    def add(self, window: Window) -> None:
        """Keep a window."""
        self.windows.append(window)
        with open(self._file, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(window.view(), default=_plain) + "\n")
        self._tick(1, window.label)


def _plain(value: Any) -> Any:
    return dict(value)
