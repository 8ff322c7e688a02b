"""The page `/loadtests`: start a load test, watch it, open its report, and compare two runs.

The supervisor runs the load test as a separate command (`python -m loadtests`). This page only reads its files.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request, send_from_directory
from flask_babel import gettext, lazy_gettext
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from lab.controls import Switches
from service.config import ROOT
from service.errors import NotFound
from service.web.one_at_a_time import COME_BACK_IN_S, heavy_work

RUN = re.compile(r"[a-z-]{1,40}-\d{8}-\d{6}", re.ASCII)
FILES = ("report.html", "results.json", "arms.csv", "windows.jsonl")
# A report is one file with inline scripts. The sandbox gives it its own origin, so it cannot access the lab.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
COMPARES_WITHIN_S = 50.0  # the balancer's timeout is a minute
LARGEST_BYTES = 20_000_000  # a report contains its chart library

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


def loadtests_blueprint(switches: Switches, folder: Path) -> Blueprint:
    """Return the page and its controls. Runs are stored below `folder`."""
    guard, press = switches.guard, switches.press
    loadtests = Blueprint("loadtests", __name__)
    loadtests.before_request(guard)

    @loadtests.get("/loadtests")
    def page() -> Response:
        """Show the experiments, the running load test, and earlier runs."""
        shown = {"experiments": EXPERIMENTS, "may_press": guard.may_press(), "takes_code": bool(guard.code)}
        return make_response(render_template("loadtests.html", **shown))

    @loadtests.get("/loadtests/<run>/<file>")
    def kept(run: str, file: str) -> Response:
        """Send one file of a run."""
        if file not in FILES or not _is_kept(folder, run, file):
            raise NotFound(gettext("There is no such run, or no such file in it."))
        response = send_from_directory(folder / run, file)
        if file == "report.html":
            response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    @loadtests.get("/lab/load-tests")
    def load_state() -> Response:
        """Return the state of the last run, and every run with a result."""
        run = switches.state()["load_run"]
        return jsonify(run=run and {**run, **_progress(folder / run["name"])}, runs=kept_runs(folder))

    @loadtests.get("/lab/load-tests/compare")
    def compare() -> Response:
        """Return which differences between two runs exceed the noise."""
        runs = [request.args.get(name, "") for name in ("first", "second")]
        if not all(_is_kept(folder, run, "results.json") for run in runs):
            raise NotFound(gettext("There is no such run, or no such file in it."))
        with heavy_work:
            return jsonify(_compare([folder / run for run in runs]))

    loadtests.add_url_rule(
        "/lab/load-run", "start_run", lambda: press("POST", "/load-run", "experiment", "quick"), methods=["POST"]
    )
    loadtests.add_url_rule("/lab/load-run", "stop_run", lambda: press("DELETE", "/load-run"), methods=["DELETE"])
    return loadtests


def _is_kept(folder: Path, run: str, file: str) -> bool:
    """Return whether this is a file of a run: in its folder, not too large, and not a link."""
    path = folder / run / file
    if RUN.fullmatch(run) is None or path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        return False
    return path.stat().st_size <= LARGEST_BYTES


def _progress(run: Path) -> dict[str, Any]:
    """Return a run's progress: windows done and planned, and the measurements of each."""
    said = _read_json(run / "progress.json") or {}
    try:
        lines = (run / "windows.jsonl").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    measured = [window for line in lines if (window := _parsed(line)) is not None]
    points = [
        {"arm": window["label"], "approach": window["approach"], "p50_us": window["reading"].get("p50_us")}
        for window in measured
    ]
    return {"planned": said.get("planned"), "done": len(measured), "points": points}


def kept_runs(folder: Path) -> list[dict[str, Any]]:
    """Return every run that has a result, newest first."""
    found = []
    for file in folder.glob("*/results.json"):
        results = _read_json(file) if _is_kept(folder, file.parent.name, file.name) else None
        if results is not None and _says_enough(results):
            said = {name: results[name] for name in ("experiment", "started", "publishable", "said")}
            found.append({"name": file.parent.name, **said})
    return sorted(found, key=lambda run: str(run["started"]), reverse=True)


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


def _compare(runs: list[Path]) -> Any:
    """Run the command that compares: a node should not load its statistics library."""
    command = [sys.executable, "-m", "loadtests", "compare", "--json", *map(str, runs)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=COMPARES_WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        said = gettext("The comparison took too long; try again in a moment.")
        raise ServiceUnavailable(said, retry_after=COME_BACK_IN_S) from None
    if done.returncode:
        raise BadRequest(
            gettext("These two runs cannot be compared: they measure different things, or one cannot be read.")
        )
    return json.loads(done.stdout)


def _read_json(file: Path) -> dict[str, Any] | None:
    try:
        return _parsed(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None if the text is incomplete or not a JSON object."""
    try:
        read = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
