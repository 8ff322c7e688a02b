"""Run an experiment from start to report, also after a failure; and write a report again from stored windows."""

import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import click
import msgspec
from redis import RedisError

from lab.cluster.client import NoSupervisor
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.runtime_folder import RuntimeFolder
from loadtests.experiments import BY_NAME
from loadtests.given_store import BorrowedStore
from loadtests.lab import LabFailed
from loadtests.machine import describe
from loadtests.progress import Kept, State, holds_a_run, read_run, read_windows, tell_conclusion
from loadtests.publishable import reasons_against
from loadtests.remote import GeneratorFailed
from loadtests.report import write_report
from loadtests.results import WINDOWS, Run, as_json, read_results, write_csv, write_json
from loadtests.stage import Experiment, Size, Stage
from loadtests.whole import CannotWrite
from loadtests.windows import Window
from service.terminal import _, language

# Failures of a lab, its store, its member database or its processes. Measured windows are kept.
FAILURES = (
    *(LabFailed, GeneratorFailed, NoSupervisor, RefusedCommand, CannotWrite),
    *(OSError, CalledProcessError, RedisError, sqlite3.Error),
)
# These signals act like Ctrl-C. A script that starts this with `&` would otherwise let it ignore SIGINT.
POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hear_polite_signals() -> None:
    """Let each of these signals act like Ctrl-C."""
    hears_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # `nohup` ignores SIGHUP
    for polite in POLITE if hears_hang_up else POLITE[:2]:
        signal.signal(polite, _interrupt)


def run(experiment: Experiment, size: Size, folder: Path, store: BorrowedStore | None = None) -> bool:
    """Measure, write everything into `folder`, and print the answer. Return whether the run was completed.

    Without a `store` the labs start their own.
    """
    size = replace(size, own_store=store is None)
    refuse_taken(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(_("%(path)s cannot be created (%(why)s)", path=folder, why=error.strerror)) from None
    described = Run(experiment.name, now().isoformat(timespec="seconds"), describe(), asdict(size))
    click.echo(f"{experiment.name}: {experiment.question.said_in(language())}")
    kept = Kept(folder, described, experiment.windows(size))
    try:
        with kept:
            finished, failure = _measure(experiment, size, kept, store)
            with _undisturbed():
                _end(experiment, size, kept, "failed" if failure else "finished" if finished else "stopped")
    except CannotWrite as error:
        raise click.ClickException(f"{error}{_how_to_conclude(kept)}") from None
    if failure:
        raise click.ClickException(_("%(name)s had to stop: %(why)s", name=experiment.name, why=failure))
    return finished


def refuse_taken(*folders: Path) -> None:
    """Raise `ClickException` if a folder contains a run, or the windows of a killed one."""
    for folder in folders:
        if holds_a_run(folder):
            raise click.ClickException(
                _("%(path)s already contains a run; choose another folder with --out", path=folder)
            )


def report(folder: Path, out: Path | None = None) -> None:
    """Write a run's report again from its windows. Raise `ClickException`.

    With `out` only the report is written, into that folder, and nothing in the run's folder changes.
    """
    try:
        described, windows = read_run(folder), read_windows(folder)
        experiment, size = BY_NAME[described.experiment], msgspec.convert(described.options, Size)
    except (ValueError, KeyError) as error:
        raise click.ClickException(
            _("%(path)s is not the folder of a run that has ended (%(why)s)", path=folder, why=error)
        ) from None
    stopped = len(windows) < experiment.windows(size) and not _was_complete(folder)
    try:
        if out:
            outcome = experiment.conclude(windows, size)
            reasons = reasons_against(windows, outcome.checks, stopped)
            out.mkdir(parents=True, exist_ok=True)
            write_report(described, experiment.question, outcome, reasons, out)
            return
        conclude(experiment, size, windows, described, folder, stopped)
        tell_conclusion(folder, finished=not stopped)
    except (CannotWrite, OSError) as error:
        raise click.ClickException(str(error)) from None
    except (LookupError, TypeError, AttributeError) as error:
        said = _(
            "%(path)s does not contain windows of %(name)s (%(why)r)",
            path=folder / WINDOWS,
            name=experiment.name,
            why=error,
        )
        raise click.ClickException(said) from None


def _was_complete(folder: Path) -> bool:
    """Return whether the run was complete when it ended. The experiment may have more arms today."""
    try:
        return read_results(folder).get("publishable") is True
    except ValueError:
        return False


def conclude(
    experiment: Experiment, size: Size, windows: Sequence[Window], described: Run, folder: Path, stopped: bool
) -> None:
    """Write the conclusion from the windows into `folder`, and print it.

    `results.json` is written last: if it exists, the run has ended and all other files exist. Raise `CannotWrite`.
    """
    outcome = experiment.conclude(windows, size)
    reasons = reasons_against(windows, outcome.checks, stopped)
    written = write_report(described, experiment.question, outcome, reasons, folder)
    write_csv(outcome.arms, folder)
    write_json(as_json(described, outcome.answer, outcome.arms, outcome.checks, reasons), folder)
    if stopped:
        planned = experiment.windows(size)
        click.echo(
            _(
                "Stopped. %(done)s of %(planned)s windows were measured and are kept.",
                done=len(windows),
                planned=planned,
            )
        )
    click.echo(f"\n{outcome.answer.said_in(language())}\n")
    click.echo(_("Publishable.") if not reasons else _("Not publishable:"))
    for reason in reasons:
        click.echo(f"  ✕ {reason.said_in(language())}")
    click.echo(_("Report: %(file)s", file=written))


def now() -> datetime:
    """Return the current time in the time zone of a run's date."""
    return datetime.now(UTC)


def _measure(experiment: Experiment, size: Size, kept: Kept, store: BorrowedStore | None) -> tuple[bool, str | None]:
    """Measure until the end, Ctrl-C or SIGTERM. Return whether the end was reached, and the failure, if any.

    All started processes have ended afterwards.
    """
    folder: RuntimeFolder | None = None
    try:
        folder = RuntimeFolder()
        with kept.shown(), Stage(folder.path, kept, size, store) as stage:
            experiment.collect(stage)
    except KeyboardInterrupt:
        return False, None
    except FAILURES as error:
        return False, str(error) or type(error).__name__
    finally:
        if folder:
            folder.remove()
    return True, None


def _end(experiment: Experiment, size: Size, kept: Kept, ending: State) -> None:
    """Write the conclusion and the final state of the run. Raise `CannotWrite`."""
    if kept.windows:
        stopped = len(kept.windows) < experiment.windows(size)
        conclude(experiment, size, kept.windows, kept.described, kept.folder, stopped)
    else:
        click.echo(_("Stopped before the first window; nothing was kept."))
    kept.say(ending)


def _how_to_conclude(kept: Kept) -> str:
    if not kept.windows:
        return ""
    return _(
        ". What was measured is kept: with more room, `python -m loadtests report %(folder)s` concludes it",
        folder=kept.folder,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Delay signals during a short step: an incomplete report would be worse than none."""
    before = {polite: signal.signal(polite, signal.SIG_IGN) for polite in POLITE}
    try:
        yield
    finally:
        for polite, handler in before.items():
            signal.signal(polite, handler)


def _interrupt(_number: int, _frame: Any) -> None:
    """Stop as after Ctrl-C, but only once: a second Ctrl-C would interrupt the clean-up."""
    for polite in POLITE:
        signal.signal(polite, signal.SIG_IGN)
    raise KeyboardInterrupt
