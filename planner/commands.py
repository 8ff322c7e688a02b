"""The planner's commands: `plan` prints what `/planner` shows, `simulate` updates the stored simulations."""

import json
import textwrap
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from werkzeug.exceptions import BadRequest

from planner.constants import UNDISTURBED, Constants, listed, measured, with_run
from planner.expression import readable
from planner.fleet import prospect
from planner.formulas import PLANNED, Terms
from planner.load import INPUTS, Load, read_load
from planner.plan import ApproachPlan, view
from planner.plan import plan as reckon
from planner.reproduce import SIMULATED, committed, simulate_committed, worst
from planner.runs import read_again, results_of
from planner.words import ASSUMPTIONS, FIGURES, RESOURCES, number, shown
from service.config import privately

WIDTH = 110

ARM = "approach · nodes · balancer · ms to the store · ms of work · members · ms of pause · threads"


@click.command()
def simulate() -> None:
    """Simulate the committed runs again and store the results: after a change of a run, a constant or the model."""
    arms = [asdict(arm) for arm in simulate_committed(measured()[0])]
    SIMULATED.write_text(json.dumps(arms, indent=1, ensure_ascii=False) + "\n", "utf-8")
    click.echo(f"{len(arms)} arms are in {SIMULATED}")


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    for each in reversed(INPUTS):
        told = f"{each.label} ({each.unit}), {each.low} to {each.high}."
        option = click.option(each.option, each.name, type=click.IntRange(each.low, each.high), help=told)
        command = option(command)
    return command


@click.command()
@_inputs
@click.option("--run", type=click.Path(path_type=Path), help="Take constants from this results.json of a run.")
@click.option("--formulas", is_flag=True, help="Print each formula with its numbers.")
@click.option(
    "--simulate", is_flag=True, help="Simulate a node of this fleet, and print the simulations of the committed runs."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(run: Path | None, formulas: bool, simulate: bool, as_json: bool, **given: int | None) -> None:
    """Compute what each approach needs for a number of members, and which resource is full first."""
    try:
        load = read_load(given)
    except BadRequest as mistake:
        raise click.UsageError(str(mistake.description)) from None
    constants = _constants(run)
    plans = reckon(load, constants)
    if as_json:
        click.echo(json.dumps(view(load, plans), indent=1))
        return
    _print_load(load)
    _print_table(plans)
    _print_findings(plans)
    _print_source(constants, run)
    if formulas:
        _print_formulas(plans)
    if simulate:
        _print_simulation(load, constants)


def _constants(run: Path | None) -> Constants:
    if run is None:
        return measured()[0]
    try:
        constants = with_run(measured()[0], results_of(run / "results.json" if run.is_dir() else run))
    except ValueError as unusable:
        raise click.BadParameter(str(unusable), param_hint="--run") from None
    if not constants.of_run:
        raise click.BadParameter(f"{run} measures no constant; {' and '.join(UNDISTURBED)} do", param_hint="--run")
    return constants


def _print_load(load: Load) -> None:
    click.echo(f"{load.members:,} members, {load.requests_per_minute} requests a minute each, {load.nodes:,} nodes")
    _print_wrapped(" · ".join(f"{each.label}: {getattr(load, each.name):,} {each.unit}" for each in INPUTS))


def _print_table(plans: list[ApproachPlan]) -> None:
    rows = {label: [shown(name, one.figures[name].value) for one in plans] for name, (label, _) in FIGURES.items()}
    width = 2 + max(len(cell) for row in rows.values() for cell in row)
    click.echo(f"\n{'':42}" + "".join(f"{one.approach:>{width}}" for one in plans))
    for label, row in rows.items():
        click.echo(f"{label!s:42}" + "".join(f"{cell:>{width}}" for cell in row))


def _print_findings(plans: list[ApproachPlan]) -> None:
    click.echo()
    for one in plans:
        first = one.first
        says = "is over its limit:" if first.is_over else "holds; the first resource to be full:"
        click.echo(f"{one.approach} {says} {RESOURCES[first.resource]}, at {number(first.breaks_at.value)} members")
        click.echo(f"    {first.breaks_at.text} = {first.breaks_at.worked} = {readable(first.breaks_at.value)}")
    click.echo("\nAssumed:")
    for assumption in ASSUMPTIONS:
        _print_wrapped(f"- {assumption}")


def _print_source(constants: Constants, run: Path | None) -> None:
    day = measured()[1].started[:10]
    if run is None:
        click.echo(f"\nConstants measured on {day}. Published runs have measured some of them in another way (--run):")
        for each in read_again(constants):
            click.echo(f"    {each.constant} {each.here:,g} here, {each.there:,g} in docs/results/{each.run}")
    else:
        told = ", ".join(f"{name} {value:,g}" for name, value in listed(constants) if name in constants.of_run)
        click.echo(f"\nFrom {run}: {told}; all other constants from {day}")


def _print_formulas(plans: list[ApproachPlan]) -> None:
    for one in plans:
        click.echo(f"\n{one.approach}")
        for name, expression in {**one.figures, **one.helpers}.items():
            is_plain = expression.text == expression.worked
            worked = "" if is_plain else f"\n        = {expression.worked} = {readable(expression.value)}"
            click.echo(f"    {name} = {expression.text}{worked}")


def _print_simulation(load: Load, constants: Constants) -> None:
    click.echo("\nPages of one simulated node of this fleet; shared resources in closed form (M/D/1)")
    for facts in PLANNED:
        seen = prospect(Terms(facts, load, constants))
        told = f"over its limit: {RESOURCES[seen.overloaded]}" if seen.overloaded else _times(seen.p50_us, seen.p99_us)
        click.echo(f"    {facts.name:10}{told}")
    compared = committed()
    click.echo("\nTwo measured runs, simulated: the planner's own, then the load test scale-out")
    click.echo(f"    ({ARM})")
    for arm in compared:
        rps, p50 = arm.off
        note = "  (gives the machine's constant)" if arm.calibrates else ""
        click.echo(f"    {arm.name:48}{arm.measured_rps:9.1f}/s {rps:+7.1%}   p50 {p50:+7.1%}{note}")
    click.echo(f"    the largest deviation: {worst(compared):.1%}")


def _print_wrapped(text: str) -> None:
    click.echo(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="      "))


def _times(p50_us: float, p99_us: float) -> str:
    return f"p50 {p50_us:,.0f} µs, p99 {p99_us:,.0f} µs"


def group() -> click.Group:
    """Return `python -m planner`."""
    commands: dict[str, Any] = {"plan": plan, "simulate": simulate}
    return click.Group("planner", commands=commands, callback=privately, help=__doc__)
