"""What `python -m loadtests` does for the page, in a process of its own: a node should not load its libraries."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext
from werkzeug.exceptions import BadRequest, InternalServerError, ServiceUnavailable

from lab.pages.loadtests.runs import ListedRun
from service.config import ROOT
from service.web.one_at_a_time import COME_BACK_IN_S, heavy_work

REPORT = "report.html"
WITHIN_S = 50.0  # the balancer's timeout is a minute
# A report that is older than one of these is written again.
SOURCES = (
    *((ROOT / "loadtests", "*.py"), (ROOT / "templates" / "loadtests", "*report*")),
    *((ROOT / "translations", "*.mo"), (ROOT / "static" / "css", "tokens.css")),
)


def compare(runs: Sequence[Path]) -> Any:
    """Return the comparison of two runs. Raise `BadRequest` if they cannot be compared."""
    done = _run("compare", "--json", *map(str, runs))
    if done.returncode:
        raise BadRequest(
            gettext("These two runs cannot be compared: they measure different things, or one cannot be read.")
        )
    return json.loads(done.stdout)


def written_report(run: ListedRun, below: Path) -> Path:
    """Return the folder with the report of a run that the project keeps, which is written when it is first opened."""
    folder = below / run.name
    if not _is_current(folder / REPORT, run.folder):
        with heavy_work:
            done = _run("report", str(run.folder), "--out", str(folder))
        if done.returncode:
            current_app.logger.error("the report of %s was not written: %s", run.name, done.stderr.strip())
            raise InternalServerError(gettext("The report could not be written. The lab’s terminal says why."))
    return folder


def _is_current(report: Path, run: Path) -> bool:
    files = [file for folder, pattern in (*SOURCES, (run, "*")) for file in folder.rglob(pattern)]
    return report.is_file() and report.stat().st_mtime >= max(file.stat().st_mtime for file in files)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests", *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        said = gettext("This took too long; try again in a moment.")
        raise ServiceUnavailable(said, retry_after=COME_BACK_IN_S) from None
