"""The progress of a run: in the terminal, and in files that other processes can read meanwhile."""

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import click
import msgspec

from lab.cluster.process import ROOT
from loadtests.results import RESULTS, WINDOWS, Run, read_results
from loadtests.whole import append_line, write_whole
from loadtests.windows import Window
from loadtests.witness import PROGRESS
from service.terminal import _

Tick = Callable[[int, str], None]
State = Literal["running", "finished", "stopped", "failed"]  # `loadtests.witness` writes "killed"


class Kept:
    """Stores windows: each is on disk before the next one begins.

    `windows.jsonl` has one line per window. `progress.json` has the experiment, the numbers of windows done and
    planned, and the state of the run. Raise `CannotWrite`.
    """

    def __init__(self, folder: Path, described: Run, planned: int) -> None:
        self.folder = folder
        self.described = described
        self.windows: list[Window] = []
        self._planned = planned
        self._tick: Tick = lambda _windows, _label: None

    def __enter__(self) -> Self:
        write_whole(self.folder / WINDOWS, "")
        self._lock = open(self.folder / WINDOWS, "rb")  # closed at the end of the run, even after a crash
        with suppress(OSError):  # a file system without locks: `is_running` returns False
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.say("running")
        self._witness = subprocess.Popen(
            [sys.executable, "-m", "loadtests.witness", str(self.folder.absolute())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # only this process gets the terminal's Ctrl-C
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()
        self._witness.communicate()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show a progress bar in the terminal while the context is open."""
        with click.progressbar(length=self._planned, show_pos=True, item_show_func=lambda label: label or "") as bar:
            self._tick = bar.update
            yield

    def add(self, window: Window) -> None:
        """Store a window."""
        append_line(self.folder / WINDOWS, json.dumps(window.view(), default=_plain))
        self.windows.append(window)
        self.say("running")
        self._tick(1, window.label)

    def say(self, state: State) -> None:
        """Write the state of the run to `progress.json`."""
        latest = self.windows[-1].label if self.windows else None
        told = {"state": state, "latest": latest, "done": len(self.windows), "planned": self._planned}
        write_whole(self.folder / PROGRESS, json.dumps({**asdict(self.described), **told}))


def is_running(folder: Path) -> bool:
    """Return whether a run is being measured into `folder`. The system releases its lock even after a crash."""
    try:
        with open(folder / WINDOWS, "rb") as windows:
            fcntl.flock(windows, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def holds_a_run(folder: Path) -> bool:
    """Return whether `folder` has windows or results, or a run that has just started."""
    windows = folder / WINDOWS
    return (folder / RESULTS).exists() or (windows.exists() and windows.stat().st_size > 0) or is_running(folder)


def read_run(folder: Path) -> Run:
    """Return the run in `folder`, complete or killed.

    Raise `ValueError` with a message of one line.
    """
    if is_running(folder):
        raise ValueError(_("it is still being measured"))
    try:
        return _described(_read_progress(folder))
    except ValueError:  # stored without progress.json, as the published runs are
        return _described(read_results(folder))


def _described(said: Mapping[str, Any]) -> Run:
    return msgspec.convert({name: said.get(name) for name in Run.__dataclass_fields__}, Run)


def tell_conclusion(folder: Path, finished: bool) -> None:
    """Record in `progress.json`, if it exists, that a run was concluded later. Raise `CannotWrite`."""
    with suppress(ValueError):
        told = {**_read_progress(folder), "state": "finished" if finished else "stopped"}
        write_whole(folder / PROGRESS, json.dumps(told))


def _read_progress(folder: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode((folder / PROGRESS).read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ValueError(_("%(path)s cannot be read (%(why)s)", path=folder / PROGRESS, why=error.strerror)) from None


def read_windows(folder: Path) -> list[Window]:
    """Return a run's windows. Raise `ValueError` with a message of one line.

    An incomplete last line was being written when the run was killed. That window is ignored.
    """
    file = folder / WINDOWS
    try:
        whole, _, last = file.read_text("utf-8").rpartition("\n")
        return [Window.of_view(json.loads(line)) for line in whole.splitlines() or [last]]
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{file} does not contain the windows of a run") from None


def _plain(value: Any) -> Any:
    return dict(value)
