"""Measured runs that a plan can take its constants from: the committed ones, and those of this lab's load tests."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from config import ROOT

OWN_RUNS = Path(__file__).parent / "runs"
COMMITTED = (OWN_RUNS, ROOT / "docs" / "results")


class Runs:
    """The runs below some folders, each by its name there. A name is looked up in the list, never used as a path."""

    def __init__(self, folders: Sequence[Path] = COMMITTED) -> None:
        self._folders = folders

    def names(self) -> list[str]:
        """Return what can be chosen, sorted."""
        return sorted(self._files())

    def read(self, name: str) -> dict[str, Any]:
        """Return a run's results. Raise `BadRequest` for a name that is not listed, or a file that is no run."""
        file = self._files().get(name)
        if file is None:
            listed = ", ".join(self.names()) or "–"
            raise BadRequest(gettext("%(name)s takes one of %(choices)s.", name="run", choices=listed))
        try:
            return results_of(file)
        except ValueError:
            raise BadRequest(gettext("The run %(name)s cannot be read.", name=name)) from None

    def _files(self) -> dict[str, Path]:
        own = {file.stem: file for file in OWN_RUNS.glob("*.json")} if OWN_RUNS in self._folders else {}
        others = (folder for folder in self._folders if folder != OWN_RUNS)
        found = {
            str(file.parent.relative_to(folder)): file for folder in others for file in folder.glob("**/results.json")
        }
        return {**found, **own}


def results_of(file: Path) -> dict[str, Any]:
    """Return the results in a file. Raise `ValueError` for one that holds none."""
    try:
        results = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ValueError(str(error)) from None
    if not isinstance(results, dict) or not isinstance(results.get("arms"), list):
        raise ValueError(f"{file} is not the results.json of a run")
    return results
