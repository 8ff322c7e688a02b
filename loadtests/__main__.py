"""`python -m loadtests EXPERIMENT`: Measure, and leave a report; each starts labs of its own and ends them."""

import json
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import click
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from cluster.client import NoSupervisor
from cluster.orders import Refused
from cluster.runtime_folder import RuntimeFolder
from config import privately
from loadtests import compare as comparing
from loadtests.experiments import ALL, BY_NAME
from loadtests.lab import LabFailed
from loadtests.machine import describe
from loadtests.progress import Kept, read_windows
from loadtests.publishable import reasons_against
from loadtests.remote import GeneratorFailed
from loadtests.report import write_report
from loadtests.results import RESULTS, Run, as_json, read_results, write_csv, write_json
from loadtests.stage import Experiment, Size, Stage
from loadtests.windows import Window
from planner.commands import plan

# What a lab, its store, its member database or a process of it may come to; whatever was measured is kept.
FAILURES = (
    *(LabFailed, GeneratorFailed, NoSupervisor, Refused),
    *(OSError, CalledProcessError, RedisError, sqlite3.Error, SQLAlchemyError),
)
STOPPED = 130  # as a shell says of a command that Ctrl-C ended
# Whoever asks politely is treated as Ctrl-C is; a script that starts us with `&` would have us ignore that one.
POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OUT = Path("results")
FOLDER = click.Path(file_okay=False, path_type=Path)


loadtests = click.Group(
    "loadtests",
    callback=privately,
    help=(__doc__ or "").partition(": ")[2],
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _sizes(command: Callable[..., None]) -> Callable[..., None]:
    """Add what every experiment can be told."""
    options = (
        click.option("--quick", is_flag=True, help="Small, within a minute: to see that it works."),
        click.option("--out", type=FOLDER, help="The folder for the report [results/EXPERIMENT-…]"),
        click.option("--repeats", type=click.IntRange(1, 100), help="How often each arm is measured."),
        click.option("--seconds", type=click.FloatRange(0.1, 3600), help="How long each measured window is."),
        click.option("--users", type=click.IntRange(1, 500), help="How many members each arm has."),
        click.option("--seed", type=int, default=1, show_default=True, help="Of the order of arms, and of intervals."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _command(experiment: Experiment) -> None:
    """Add one experiment's command."""

    @loadtests.command(experiment.name, help=str(experiment.question))
    @_sizes
    def command(out: Path | None, **sizes: Any) -> None:
        sys.exit(0 if run(experiment, _size(experiment, **sizes), out or _folder(experiment)) else STOPPED)


for _experiment in ALL:
    _command(_experiment)


@loadtests.command("all")
@_sizes
def run_all(out: Path | None, **sizes: Any) -> None:
    """All experiments, one after the other."""
    folders = [out / experiment.name if out else _folder(experiment) for experiment in ALL]
    _refuse_taken(*folders)
    for experiment, folder in zip(ALL, folders, strict=True):
        if not run(experiment, _size(experiment, **sizes), folder):
            sys.exit(STOPPED)


@loadtests.command("compare")
@click.argument("run_a", type=click.Path(exists=True, path_type=Path))
@click.argument("run_b", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="For programs.")
def compare(run_a: Path, run_b: Path, as_data: bool) -> None:
    """Two runs side by side, and which differences exceed the noise."""
    try:
        first, second = read_results(run_a), read_results(run_b)
        rows, unlike = comparing.compare(first, second), comparing.unlike(first, second)
    except (ValueError, comparing.NotComparable) as error:
        raise click.ClickException(str(error)) from None
    if as_data:
        click.echo(json.dumps({"rows": [row.view() for row in rows], "unlike": unlike}))
        return
    click.echo("\n".join(comparing.table(rows)))
    if unlike:
        click.echo(f"The runs themselves were not alike. {'; '.join(unlike)}.")


@loadtests.command("report")
@click.argument("folder", type=FOLDER)
def report_anew(folder: Path) -> None:
    """Conclude a run anew, from the windows that it kept: its report, results.json and CSV."""
    try:
        told, windows = read_results(folder), read_windows(folder)
        described = Run(told["experiment"], told["started"], told["machine"], told["options"])
        experiment, size = BY_NAME[described.experiment], Size(**described.options)
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{folder} is not the folder of a run ({error})") from None
    conclude(experiment, size, windows, described, folder)


loadtests.add_command(plan)


def run(experiment: Experiment, size: Size, folder: Path) -> bool:
    """Measure, write everything into `folder`, and say the answer; return whether it came to its end."""
    _refuse_taken(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be made ({error.strerror})") from None
    described = Run(experiment.name, _now().isoformat(timespec="seconds"), describe(), asdict(size))
    click.echo(f"{experiment.name}: {experiment.question}")
    planned = experiment.windows(size)
    with click.progressbar(length=planned, show_pos=True, item_show_func=_shown) as bar:
        kept = Kept(folder, experiment.name, planned, bar.update)
        finished, failure = _measure(experiment, size, kept)
    with _undisturbed():
        if kept.windows:
            conclude(experiment, size, kept.windows, described, folder)
        else:
            click.echo("Stopped before anything was measured; nothing was kept.")
        kept.say("failed" if failure else "finished" if finished else "stopped")
    if failure:
        raise click.ClickException(f"{experiment.name} had to stop: {failure}")
    return finished


def _refuse_taken(*folders: Path) -> None:
    for folder in folders:
        if (folder / RESULTS).exists():
            raise click.ClickException(f"{folder} holds a run already; --out takes another folder")


def _measure(experiment: Experiment, size: Size, kept: Kept) -> tuple[bool, str | None]:
    """Measure until the end, Ctrl-C or SIGTERM; return whether it was the end, and what failed, if something did.

    No process is left either way.
    """
    folder = RuntimeFolder()
    try:
        with Stage(folder.path, kept, size) as stage:
            experiment.collect(stage)
    except KeyboardInterrupt:
        return False, None
    except FAILURES as error:
        return False, str(error) or type(error).__name__
    finally:
        folder.remove()
    return True, None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let nobody interrupt what is soon done: half a report would be worse than none."""
    before = {polite: signal.signal(polite, signal.SIG_IGN) for polite in POLITE}
    try:
        yield
    finally:
        for polite, handler in before.items():
            signal.signal(polite, handler)


def _interrupt(_number: int, _frame: Any) -> None:
    """Stop as after Ctrl-C, once: who presses it again would interrupt the cleaning up."""
    for polite in POLITE:
        signal.signal(polite, signal.SIG_IGN)
    raise KeyboardInterrupt


def conclude(experiment: Experiment, size: Size, windows: Sequence[Window], described: Run, folder: Path) -> None:
    """Write what the windows say into `folder`, and say it; fewer than were planned are a run that was stopped."""
    outcome = experiment.conclude(windows, size)
    stopped = len(windows) < experiment.windows(size)
    reasons = reasons_against(windows, outcome.checks, stopped)
    write_json(as_json(described, outcome.answer, outcome.arms, outcome.checks, reasons), folder)
    write_csv(outcome.arms, folder)
    report = write_report(described, experiment.question, outcome, reasons, folder)
    if stopped:
        click.echo(f"Stopped. {len(windows)} of {experiment.windows(size)} windows were measured and are kept.")
    click.echo(f"\n{outcome.answer}\n")
    click.echo("Publishable." if not reasons else "Not publishable:")
    for reason in reasons:
        click.echo(f"  ✕ {reason}")
    click.echo(f"Report: {report}")


def _size(experiment: Experiment, quick: bool, seed: int, **chosen: Any) -> Size:
    base = experiment.quick if quick else experiment.full
    return replace(base, seed=seed, **{name: value for name, value in chosen.items() if value is not None})


def _folder(experiment: Experiment) -> Path:
    return OUT / f"{experiment.name}-{_now():%Y%m%d-%H%M%S}"


def _now() -> datetime:
    return datetime.now(UTC)


def _shown(item: str | None) -> str:
    return item or ""


if __name__ == "__main__":
    hears_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as `nohup` sets it
    for polite in POLITE if hears_hang_up else POLITE[:2]:
        signal.signal(polite, _interrupt)
    loadtests(prog_name="python -m loadtests")
