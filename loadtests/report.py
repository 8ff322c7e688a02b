"""Write a run as one self-contained HTML file: both languages, both themes, the answer first."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lab.cluster.process import ROOT
from loadtests.charts import figure, plotly_script
from loadtests.hues import THEMES, colours
from loadtests.in_figures import in_figures
from loadtests.outcome import Chart, Outcome
from loadtests.results import ARMS, COLUMNS, REPORT, RESULTS, WINDOWS, ArmResult, Run
from loadtests.whole import write_whole
from loadtests.words import LANGUAGES, Text, _

TEMPLATES = ROOT / "templates" / "loadtests"
RAW = {RESULTS: _("everything below, for programs"), ARMS: _("one row an arm"), WINDOWS: _("every window, as measured")}


def write_report(run: Run, question: Text, outcome: Outcome, reasons: Sequence[Text], folder: Path) -> Path:
    """Write the report into the folder of its data. Return its path."""
    page = _environment().get_template("report.html")
    text = page.render(
        run=run,
        question=question,
        outcome=outcome,
        reasons=reasons,
        arms=[_row(arm) for arm in outcome.arms],
        columns=COLUMNS,
        languages=LANGUAGES,
        raw=RAW,
        palettes={theme: colours(theme) for theme in THEMES},
        figures=_embedded(_figures(run, outcome)),
        plotly=Markup(plotly_script()),  # noqa: S704  # from the installed package
    )
    file = folder / REPORT
    write_whole(file, text)
    return file


def _environment() -> Environment:
    # Only these two functions are needed by a report's template.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = lambda message, **values: both(Text(message, values))
    environment.filters["both"] = both
    return environment


def both(value: Any) -> Markup:
    """Return a text in every language, of which the page shows one; any other value unchanged."""
    if not isinstance(value, Text):
        return escape(value)
    said = {language: value.said_in(language) for language in LANGUAGES}
    if len(set(said.values())) == 1:
        return escape(next(iter(said.values())))
    return Markup("").join(Markup('<span lang="{}">{}</span>').format(name, text) for name, text in said.items())


def _figures(run: Run, outcome: Outcome) -> list[dict[str, dict[str, Any]]]:
    return [
        {
            language: {theme: figure(chart, language, theme) for theme in THEMES}
            | {"said": _said_in_picture(run, chart, number, language)}
            for language in LANGUAGES
        }
        for number, chart in enumerate(outcome.charts, 1)
    ]


def _said_in_picture(run: Run, chart: Chart, number: int, language: str) -> dict[str, Any]:
    """Return what a saved picture of a chart says beside it, and the name of its file."""
    machine = (f"{name}: {run.machine[name]}" for name in ("processor", "cores") if run.machine.get(name))
    return {
        "title": chart.title.said_in(language),
        "figures": in_figures(chart, language),
        "run": " · ".join([run.experiment, run.started, *machine]),
        "file": f"{run.experiment}-{run.started[:10]}-{number}",
    }


def _embedded(value: Any) -> Markup:
    """Return JSON for a script element, escaped so that no text in it can close the element."""
    text = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  # escaped above for a script element


def _row(arm: ArmResult) -> list[str]:
    return [arm.name, *(_cell(name, getattr(arm, name)) for name in COLUMNS)]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return " … ".join(_number(end) for end in value)
    return f"{value:.4g}" if name == "store_commands_per_request" else _number(value)


def _number(value: float) -> str:
    """Format microseconds and counts as the pages do: one decimal up to 100, then none."""
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "−∞"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"
