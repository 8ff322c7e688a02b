"""`python -m loadtests EXPERIMENT`: Measure and write a report. Each experiment starts and ends its own labs."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from loadtests import compare as comparing
from loadtests import running
from loadtests.experiments import ALL
from loadtests.given_store import STORE_SETTINGS, BorrowedStore, given_store
from loadtests.lab import SETTINGS
from loadtests.numbers import NumberRange
from loadtests.results import read_results
from loadtests.running import now, refuse_taken, run
from loadtests.stage import Experiment, Size
from planner.commands import plan
from service.config import BadConfig, privately
from service.terminal import _, language

STOPPED = 130  # the shell's exit code after Ctrl-C
OUT = Path("results")
FOLDER = click.Path(file_okay=False, path_type=Path)
HIGHEST_SEED = 2**32 - 1


loadtests = click.Group(
    "loadtests",
    callback=privately,
    help=_("Measure and write a report. Each experiment starts and ends its own labs."),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _sizes(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every experiment has."""
    options = (
        click.option("--quick", is_flag=True, help=_("Small: takes about a minute, to check that it works.")),
        click.option("--out", type=FOLDER, help=_("The folder for the report [results/EXPERIMENT-…]")),
        click.option("--repeats", type=click.IntRange(1, 100), help=_("Number of repeats of each arm.")),
        click.option("--seconds", type=NumberRange(0.1, 3600), help=_("Length of each measured window.")),
        click.option("--users", type=click.IntRange(1, 500), help=_("Number of members of each arm.")),
        click.option(
            "--seed",
            type=click.IntRange(0, HIGHEST_SEED),
            default=1,
            show_default=True,
            help=_("Random seed for the order of arms and for intervals."),
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _command(experiment: Experiment) -> None:
    """Add one experiment's command."""

    @loadtests.command(experiment.name, help=experiment.question.said_in(language()))
    @_sizes
    def command(out: Path | None, **sizes: Any) -> None:
        store = _store(experiment)
        finished = run(experiment, _size(experiment, **sizes), out or _folder(experiment), store)
        sys.exit(0 if finished else STOPPED)


for _experiment in ALL:
    _command(_experiment)


@loadtests.command("all", help=_("Run all experiments, one after the other."))
@_sizes
def run_all(out: Path | None, **sizes: Any) -> None:
    """`python -m loadtests all`."""
    folders = [out / experiment.name if out else _folder(experiment) for experiment in ALL]
    refuse_taken(*folders)
    store = _store(*ALL)
    for experiment, folder in zip(ALL, folders, strict=True):
        if not run(experiment, _size(experiment, **sizes), folder, store):
            sys.exit(STOPPED)


@loadtests.command("compare", help=_("Compare two runs, and show which differences exceed the noise."))
@click.argument("run_a", type=click.Path(exists=True, path_type=Path))
@click.argument("run_b", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_data", is_flag=True, help=_("For programs."))
def compare(run_a: Path, run_b: Path, as_data: bool) -> None:
    """`python -m loadtests compare`."""
    try:
        comparison = comparing.compare(read_results(run_a), read_results(run_b))
    except (ValueError, comparing.NotComparable) as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(comparison.view()) if as_data else "\n".join(comparing.text(comparison)))


@loadtests.command(
    "report",
    help=_("Write report, results.json and CSV again from a run's windows. Also works for a killed run."),
)
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help=_("Write only the report, into this folder."))
def report_anew(folder: Path, out: Path | None) -> None:
    """`python -m loadtests report`."""
    running.report(folder, out)


loadtests.add_command(plan)


def _store(*experiments: Experiment) -> BorrowedStore | None:
    """Return the store at `REDIS_URL` or None, and print which settings are not used. Raise `BadConfig`."""
    store = given_store()
    refusals = [f"{each.name} ({each.needs_own_store})" for each in experiments if each.needs_own_store]
    if store and refusals:
        why = _("unset it for %(experiments)s: it then starts its own store", experiments=", ".join(refusals))
        raise BadConfig(f"REDIS_URL: {why}")
    used = STORE_SETTINGS if store else ()
    if unused := [name for name in SETTINGS if os.environ.get(name) and name not in used]:
        said = _("Not used: %(names)s. The labs of a load test have their own settings.", names=", ".join(unused))
        click.echo(said, err=True)
    if store:
        click.echo(_("Used: %(store)s.", store=store), err=True)
    return store


def _size(experiment: Experiment, quick: bool, seed: int, **chosen: Any) -> Size:
    base = experiment.quick if quick else experiment.full
    return replace(base, seed=seed, **{name: value for name, value in chosen.items() if value is not None})


def _folder(experiment: Experiment) -> Path:
    return OUT / f"{experiment.name}-{now():%Y%m%d-%H%M%S}"


if __name__ == "__main__":
    running.hear_polite_signals()
    loadtests(prog_name="python -m loadtests")
