"""The planner's commands: `plan` prints what `/planner` shows, `simulate` updates the stored simulations."""

import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_babel import Babel
from werkzeug.exceptions import BadRequest

from planner.constants import UNDISTURBED, Constants, listed, measured, with_run
from planner.expression import readable
from planner.fleet import prospect
from planner.formulas import PLANNED, Terms
from planner.growth import Way, growth
from planner.load import INPUTS, Load, read_load
from planner.plan import ApproachPlan, view
from planner.plan import plan as reckon
from planner.reproduce import SIMULATED, committed, simulate_committed, worst
from planner.runs import read_again, results_of
from planner.words import ASSUMPTIONS, FIGURES, RESOURCES, number, shown
from service.config import privately
from service.terminal import N_, TRANSLATIONS, _, columns, language, left, right

WIDTH = 110

TWO_RUNS = N_("Two measured runs, simulated: the planner’s own, then the load test scale-out")
ARM = N_("approach · nodes · balancer · ms to the store · ms of work · members · ms of pause · threads")


@contextmanager
def _speaking() -> Iterator[None]:
    """Let the planner's words, which the page says in its reader's language, be said in the terminal's meanwhile."""
    app = Flask("planner")
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=language)
    with app.app_context():
        yield


@click.command(
    help=_("Simulate the committed runs again and store the results: after a change of a run, a constant or the model.")
)
def simulate() -> None:
    """`python -m planner simulate`."""
    arms = [asdict(arm) for arm in simulate_committed(measured()[0])]
    SIMULATED.write_text(json.dumps(arms, indent=1, ensure_ascii=False) + "\n", "utf-8")
    click.echo(_("%(count)s arms are in %(file)s", count=len(arms), file=SIMULATED))


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    for each in reversed(INPUTS):
        with _speaking():
            told = f"{each.label} ({each.unit}), {each.low}–{each.high}."
        option = click.option(each.option, each.name, type=click.IntRange(each.low, each.high), help=told)
        command = option(command)
    return command


@click.command(help=_("Compute what each approach needs for a number of members, and which resource is full first."))
@_inputs
@click.option("--run", type=click.Path(path_type=Path), help=_("Take constants from this results.json of a run."))
@click.option("--formulas", is_flag=True, help=_("Print each formula with its numbers."))
@click.option(
    "--simulate",
    is_flag=True,
    help=_("Simulate a node of this fleet, and print the simulations of the committed runs."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON."))
@_speaking()
def plan(run: Path | None, formulas: bool, simulate: bool, as_json: bool, **given: int | None) -> None:
    """`python -m loadtests plan`."""
    try:
        load = read_load(given)
    except BadRequest as mistake:
        raise click.UsageError(str(mistake.description)) from None
    constants = _constants(run)
    plans = reckon(load, constants)
    if as_json:
        click.echo(json.dumps(view(load, plans, growth(load, constants)), indent=1))
        return
    _print_load(load)
    _print_table(plans)
    _print_growth(load, constants)
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
        said = _("%(run)s measures no constant; these do: %(runs)s", run=run, runs=", ".join(UNDISTURBED))
        raise click.BadParameter(said, param_hint="--run")
    return constants


def _print_load(load: Load) -> None:
    click.echo(
        _(
            "%(members)s members, %(requests)s requests a minute each, %(nodes)s nodes",
            members=f"{load.members:,}",
            requests=load.requests_per_minute,
            nodes=f"{load.nodes:,}",
        )
    )
    _print_wrapped(" · ".join(f"{each.label}: {getattr(load, each.name):,} {each.unit}" for each in INPUTS))


def _print_table(plans: list[ApproachPlan]) -> None:
    rows = {label: [shown(name, one.figures[name].value) for one in plans] for name, (label, _) in FIGURES.items()}
    width = 2 + max(columns(cell) for row in rows.values() for cell in row)
    click.echo(f"\n{'':42}" + "".join(f"{one.approach:>{width}}" for one in plans))
    for label, row in rows.items():
        click.echo(left(label, 42) + "".join(right(cell, width) for cell in row))


def _print_growth(load: Load, constants: Constants) -> None:
    said = _("Up (one larger machine) or out (more machines): members held, price (price of 1,000 members)")
    click.echo(f"\n{said}")
    for one in growth(load, constants):
        click.echo(f"    {one.approach}")
        for step in one.steps:
            up, out = (
                _("up, threads: %(count)s", count=step.up.threads_each),
                _("out, nodes: %(count)s", count=step.size),
            )
            click.echo(f"        {left(up, 22)}{left(_way(step.up), 38)}{left(out, 22)}{_way(step.out)}")


def _way(way: Way) -> str:
    return f"{number(way.first.breaks_at.value)}, {number(way.price.value)} ({number(way.price_per_1000.value)})"


def _print_findings(plans: list[ApproachPlan]) -> None:
    click.echo()
    for one in plans:
        first = one.first
        values = {
            "approach": one.approach,
            "resource": RESOURCES[first.resource],
            "members": number(first.breaks_at.value),
        }
        if first.is_over:
            click.echo(_("%(approach)s is over its limit: %(resource)s, at %(members)s members", **values))
        else:
            click.echo(
                _("%(approach)s holds; the first resource to be full: %(resource)s, at %(members)s members", **values)
            )
        if one.needs_sticky:
            share = shown("refused_percent", one.figures["refused_percent"].value)
            told = _("only with sticky balancing: round robin refuses %(share)s of its requests", share=share)
            click.echo(f"    {told}")
        click.echo(f"    {first.breaks_at.text} = {first.breaks_at.worked} = {readable(first.breaks_at.value)}")
    click.echo("\n" + _("Assumed:"))
    for assumption in ASSUMPTIONS:
        _print_wrapped(f"- {assumption}")


def _print_source(constants: Constants, run: Path | None) -> None:
    day = measured()[1].started[:10]
    if run is None:
        told = _(
            "Constants measured on %(day)s. Published runs have measured some of them in another way (--run):", day=day
        )
        click.echo(f"\n{told}")
        for each in read_again(constants):
            here, there = f"{each.here:,g}", f"{each.there:,g}"
            told = _("%(here)s here, %(there)s in docs/results/%(run)s", here=here, there=there, run=each.run)
            click.echo(f"    {each.constant} {told}")
    else:
        told = ", ".join(f"{name} {value:,g}" for name, value in listed(constants) if name in constants.of_run)
        click.echo("\n" + _("From %(run)s: %(told)s; all other constants from %(day)s", run=run, told=told, day=day))


def _print_formulas(plans: list[ApproachPlan]) -> None:
    for one in plans:
        click.echo(f"\n{one.approach}")
        for name, expression in {**one.figures, **one.helpers}.items():
            is_plain = expression.text == expression.worked
            worked = "" if is_plain else f"\n        = {expression.worked} = {readable(expression.value)}"
            click.echo(f"    {name} = {expression.text}{worked}")


def _print_simulation(load: Load, constants: Constants) -> None:
    click.echo("\n" + _("Pages of one simulated node of this fleet; shared resources in closed form (M/D/1)"))
    for facts in PLANNED:
        seen = prospect(Terms(facts, load, constants))
        told = _times(seen.p50_us, seen.p99_us)
        if seen.overloaded:
            told = _("over its limit: %(resource)s", resource=RESOURCES[seen.overloaded])
        click.echo(f"    {facts.name:10}{told}")
    compared = committed()
    click.echo(f"\n{_(TWO_RUNS)}")
    click.echo(f"    ({_(ARM)})")
    for arm in compared:
        rps, p50 = arm.off
        note = "  " + _("(gives the constant of the machine)") if arm.calibrates else ""
        click.echo(f"    {arm.name:48}{arm.measured_rps:9.1f}/s {rps:+7.1%}   p50 {p50:+7.1%}{note}")
    click.echo("    " + _("the largest deviation: %(share)s", share=f"{worst(compared):.1%}"))


def _print_wrapped(text: str) -> None:
    click.echo(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="      "))


def _times(p50_us: float, p99_us: float) -> str:
    return f"p50 {p50_us:,.0f} µs, p99 {p99_us:,.0f} µs"


def group() -> click.Group:
    """Return `python -m planner`."""
    commands: dict[str, Any] = {"plan": plan, "simulate": simulate}
    return click.Group(
        "planner",
        commands=commands,
        callback=privately,
        help=_("What each approach needs, and the stored simulations."),
    )
