"""Measured runs: those that provide constants for a plan, and the two for the simulation."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from planner.constants import UNDISTURBED, Constants, with_run
from service.config import ROOT
from service.terminal import _

OWN_RUNS = Path(__file__).parent / "runs"
COMMITTED = (ROOT / "docs" / "results",)
SCALE_OUT = COMMITTED[0] / "scale-out" / "results.json"


@dataclass(frozen=True)
class MeasuredConstant:
    """A constant with a run's value of it."""

    constant: str
    here: float
    there: float
    run: str


class Runs:
    """The runs below some folders that measure constants, by folder name, which begins with the experiment's name.

    A name is looked up in the list, and never used as a path.
    """

    def __init__(self, folders: Sequence[Path] = COMMITTED) -> None:
        self._folders = folders

    def names(self) -> list[str]:
        """Return the names of the runs, sorted."""
        return sorted(self._files())

    def days(self) -> dict[str, str]:
        """Return the names of the runs with their dates, without unreadable ones."""
        found = {}
        for name, file in sorted(self._files().items()):
            with suppress(ValueError):
                found[name] = str(results_of(file).get("started", ""))[:10]
        return found

    def read(self, name: str) -> dict[str, Any]:
        """Return a run's results. Raise `BadRequest` for an unknown name, or a file that is not a run."""
        file = self._files().get(name)
        if file is None:
            listed = ", ".join(self.names()) or "–"
            raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name="run", choices=listed))
        try:
            return results_of(file)
        except ValueError:
            raise BadRequest(gettext("The run %(name)s cannot be read.", name=name)) from None

    def _files(self) -> dict[str, Path]:
        return {
            file.parent.name: file
            for folder in self._folders
            for file in folder.glob("*/results.json")
            if file.parent.name.startswith(UNDISTURBED) and file.is_file() and not file.is_symlink()
        }


def results_of(file: Path) -> dict[str, Any]:
    """Return the results in a file. Raise `ValueError` if it has none."""
    try:
        results = json.loads(file.read_text("utf-8"))
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(results, dict) or not isinstance(results.get("arms"), list):
        raise ValueError(_("%(path)s is not the results.json of a run", path=file))
    return results


def read_again(constants: Constants) -> list[MeasuredConstant]:
    """Return the constants that published runs have measured in another way, with both values."""
    taken = {name: with_run(constants, results_of(COMMITTED[0] / name / "results.json")) for name in UNDISTURBED}
    found = sorted((name, run) for run, there in taken.items() for name in there.of_run)
    return [MeasuredConstant(name, getattr(constants, name), getattr(taken[run], name), run) for name, run in found]
