"""The page `/loadtests`: start a load test, watch it, open reports, and compare two runs.

The supervisor runs the load test as a separate command (`python -m loadtests`). This page only reads its files, and
those of the runs that the project keeps.
"""

from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    after_this_request,
    jsonify,
    make_response,
    render_template,
    request,
    send_from_directory,
)
from flask_babel import format_date, gettext, lazy_gettext

from lab.controls import Switches
from lab.pages.loadtests import commands
from lab.pages.loadtests.findings import finding
from lab.pages.loadtests.runs import ListedRun, Runs, parsed, read_json
from service.config import ROOT
from service.errors import NotFound
from service.web.one_at_a_time import heavy_work

KEPT_BY_THE_PROJECT = ROOT / "docs" / "results"
FILES = (commands.REPORT, "results.json", "arms.csv", "windows.jsonl")
# A report is one file with inline scripts. The sandbox gives it its own origin, so it cannot access the lab. It may
# save its charts as files.
REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

EXPERIMENTS = {
    "lookup-cost": lazy_gettext("What does looking up a login cost on every request?"),
    "saturation": lazy_gettext("How many requests does one core serve?"),
    "scale-out": lazy_gettext(
        "Do twice as many nodes serve twice as many requests, and do all members stay logged in?"
    ),
    "memory": lazy_gettext("What does a logged-in member cost in memory, and where?"),
    "revocation": lazy_gettext("After a log-out, how long is the ended login still accepted?"),
    "lifetimes": lazy_gettext("How long should an access token live?"),
    "outage": lazy_gettext("Who is still served, and who is still logged in, when the store or a node fails?"),
}


def loadtests_blueprint(switches: Switches, instance: Path, project: Path = KEPT_BY_THE_PROJECT) -> Blueprint:
    """Return the page and its controls. This lab's runs are below `instance`, those of the project below `project`."""
    guard, press, folder = switches.guard, switches.press, instance / "loadtests"
    runs = Runs(folder, project)
    loadtests = Blueprint("loadtests", __name__)
    loadtests.before_request(guard)

    @loadtests.get("/loadtests")
    def page() -> Response:
        """Show what was found, the running load test, and all runs."""
        found = [_found(name, [*runs.of_project.values()]) for name in EXPERIMENTS]
        shown = {"found": found, "experiments": EXPERIMENTS}
        may = {"may_press": guard.may_press(), "takes_code": bool(guard.code)}
        return make_response(render_template("loadtests.html", **shown, **may))

    @loadtests.get("/loadtests/<run>/<file>")
    def kept(run: str, file: str) -> Response:
        """Send one file of a run. The report of a run that the project keeps is written now, unless it was before."""
        in_folder = _folder_of(run, file)
        response = send_from_directory(in_folder, file)
        if file == commands.REPORT:
            response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    @loadtests.get("/lab/load-tests")
    def load_state() -> Response:
        """Return the state of the last run, and every run with a result."""
        run = switches.state()["load_run"]
        listed = runs.listed()
        views = [{**each.view(), "natural": _natural(each, listed)} for each in listed]
        return jsonify(run=run and {**run, **_progress(folder / run["name"])}, runs=views)

    @loadtests.get("/lab/load-tests/compare")
    def compare() -> Response:
        """Return which differences between two runs exceed the noise."""
        names = [request.args.get(name, "") for name in ("first", "second")]
        compared = [found for name in names if (found := runs.folder_of(name, "results.json"))]
        if len(compared) < len(names):
            raise _no_such_file()
        with heavy_work:
            return jsonify(commands.compare(compared))

    def _folder_of(name: str, file: str) -> Path:
        """Return the folder that a file of a run is sent from. Raise `NotFound`."""
        if file in FILES and (found := runs.folder_of(name, file)):
            return found
        if file == commands.REPORT and name in runs.of_project:
            after_this_request(_open_again)
            return commands.written_report(runs.of_project[name], instance / "reports")
        raise _no_such_file()

    loadtests.add_url_rule(
        "/lab/load-run", "start_run", lambda: press("POST", "/load-run", "experiment", "quick"), methods=["POST"]
    )
    loadtests.add_url_rule("/lab/load-run", "stop_run", lambda: press("DELETE", "/load-run"), methods=["DELETE"])
    return loadtests


def _no_such_file() -> NotFound:
    return NotFound(gettext("There is no such run, or no such file in it."))


def _open_again(response: Response) -> Response:
    """Let a browser ask by itself again when a busy node has time."""
    if after_s := response.headers.get("Retry-After"):
        response.headers["Refresh"] = after_s
    return response


def _found(experiment: str, runs: list[ListedRun]) -> dict[str, Any]:
    """Return what the publishable runs of an experiment found, and the newest of them to open."""
    mine = [run for run in runs if run.experiment == experiment and run.said["publishable"] and run.figures]
    mine.sort(key=lambda run: str(run.said["started"]))
    if not mine:
        return {"experiment": experiment}
    line = finding(experiment, *(run.figures for run in mine if run.figures))
    newest = mine[-1]
    dated = {"measured": format_date(newest.started), "older_than_code": newest.older_than_code}
    return {"experiment": experiment, "line": line, "run": newest.name, **dated}


def _natural(run: ListedRun, listed: list[ListedRun]) -> str | None:
    """Return the run to compare with: the one before of the same experiment, and for the first the next."""
    alike = [each.name for each in listed if each.experiment == run.experiment]  # newest first
    at = alike.index(run.name)
    others = [*alike[at + 1 : at + 2], *alike[max(at - 1, 0) : at]]
    return others[0] if others else None


def _progress(run: Path) -> dict[str, Any]:
    """Return a run's progress: windows done and planned, and the measurements of each."""
    said = read_json(run / "progress.json") or {}
    try:
        lines = (run / "windows.jsonl").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    measured = [window for line in lines if (window := parsed(line)) is not None]
    points = [
        {"arm": window["label"], "approach": window["approach"], "p50_us": window["reading"].get("p50_us")}
        for window in measured
    ]
    return {"planned": said.get("planned"), "done": len(measured), "points": points}
