"""The runs that the page lists: those that this lab has measured, and those that the project keeps.

A run is a folder. Its name is looked up in a list or matches a pattern; it is never used as a path before that.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lab.pages.loadtests.ages import age
from lab.pages.loadtests.findings import Figures, figures_of, finding

RUN = re.compile(r"[a-z-]{1,40}-\d{8}-\d{6}", re.ASCII)
RESULTS = "results.json"
LARGEST_BYTES = 20_000_000  # a report contains its chart library


@dataclass(frozen=True)
class ListedRun:
    """A run with a result. `own`: this lab has measured it; otherwise the project keeps it in `docs/results`."""

    name: str
    folder: Path
    own: bool
    said: Mapping[str, Any]  # the fields of its results that the page shows
    figures: Figures | None

    @property
    def experiment(self) -> str:
        """Return the name of its experiment."""
        return str(self.said["experiment"])

    @property
    def started(self) -> datetime | None:
        """Return when it was started; None if that cannot be read."""
        return _time(self.said["started"])

    @property
    def older_than_code(self) -> str:
        """Return before which change of the code it was measured, or "". Of a lab's own runs that is not known."""
        return age(self.started) if self.started and not self.own else ""

    def view(self) -> dict[str, Any]:
        """Return it as JSON data for the page, in the reader's language."""
        line = finding(self.experiment, self.figures) if self.figures else ""
        said = {"name": self.name, "own": self.own, "older_than_code": self.older_than_code}
        return {**said, **self.said, "finding": line}


class Runs:
    """The runs of this lab in `own`, and those that the project keeps below `project`."""

    def __init__(self, own: Path, project: Path) -> None:
        self._own = own
        self._project = project

    def listed(self) -> list[ListedRun]:
        """Return every run that has a result, newest first. A run of the project that was copied here is one's own."""
        own = own_runs(self._own)
        names = {run.name for run in own}
        kept = [run for name, run in self.of_project.items() if name not in names]
        return sorted([*own, *kept], key=lambda run: str(run.said["started"]), reverse=True)

    def folder_of(self, name: str, file: str) -> Path | None:
        """Return the folder of a run that has this file, or None."""
        if _is_file_of_a_run(self._own / name, name, file):
            return self._own / name
        run = self.of_project.get(name)
        return run.folder if run and _is_readable(run.folder / file) else None

    @cached_property
    def of_project(self) -> dict[str, ListedRun]:
        """Return the project's runs by name: experiment and time, like those of a lab. They are read only once."""
        return {run.name: run for run in self._read_project()}

    def _read_project(self) -> Iterator[ListedRun]:
        for file in sorted([*self._project.glob(f"*/{RESULTS}"), *self._project.glob(f"*/*/{RESULTS}")]):
            results = read_json(file) if _is_readable(file) else None
            started = _time(results.get("started")) if results else None
            if results is not None and started and _says_enough(results):
                name = f"{results['experiment']}-{started:%Y%m%d-%H%M%S}"
                if RUN.fullmatch(name):
                    yield _listed(name, file.parent, False, results)


def own_runs(folder: Path) -> list[ListedRun]:
    """Return every run of this lab that has a result."""
    found = []
    for file in folder.glob(f"*/{RESULTS}"):
        results = read_json(file) if _is_file_of_a_run(file.parent, file.parent.name, file.name) else None
        if results is not None and _says_enough(results):
            found.append(_listed(file.parent.name, file.parent, True, results))
    return found


def _listed(name: str, folder: Path, own: bool, results: dict[str, Any]) -> ListedRun:
    said = {field: results[field] for field in ("experiment", "started", "publishable", "said")}
    return ListedRun(name, folder, own, said, figures_of(results["experiment"], results))


def _is_file_of_a_run(folder: Path, name: str, file: str) -> bool:
    return RUN.fullmatch(name) is not None and not folder.is_symlink() and _is_readable(folder / file)


def _is_readable(path: Path) -> bool:
    """Return whether this is a file, not too large, and not a link."""
    return not path.is_symlink() and path.is_file() and path.stat().st_size <= LARGEST_BYTES


def _says_enough(results: dict[str, Any]) -> bool:
    """Return whether the page can show a run: another program may have written a file there."""
    said = results.get("said")
    texts = [results.get("experiment"), results.get("started")]
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(results.get("publishable"), bool)
        and isinstance(said, dict)
        and all(isinstance(each, dict) and isinstance(each.get("reasons"), list) for each in said.values())
    )


def _time(started: Any) -> datetime | None:
    """Return the time at which a run was started, or None."""
    try:
        said = datetime.fromisoformat(str(started))
    except ValueError:
        return None
    return said.astimezone(UTC) if said.tzinfo else None


def read_json(file: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, or None."""
    try:
        return parsed(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def parsed(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None if the text is incomplete or not a JSON object."""
    try:
        read = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
