"""The charts of a run, drawn by Plotly in a headless Chromium: SVG files of a few kilobytes."""

from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote

from bench import browser
from bench.arms.table import ARMS
from bench.report import Results
from loadtests.charts import FONT, plotly_script
from loadtests.estimates import median_of
from loadtests.hues import colours

WIDTH, ROW, AROUND = 900, 22, 110
OURS, PEERS = 1.0, 0.45  # how opaque a bar is
DRAW = """async ([figure, width, height]) => {
  const place = document.createElement("div");
  await Plotly.newPlot(place, figure.data, { ...figure.layout, width, height });
  return await Plotly.toImage(place, { format: "svg", width, height });
}"""


def draw(results: Results, folder: Path) -> list[str]:
    """Draw a run's charts into a folder. Return their names, or why there are none."""
    figures = {}
    if results["in_process"]["us"]:
        figures["in-process.svg"] = in_process(results)
    for connections in sorted({window["connections"] for window in results["http"]}):
        figures[f"http-{connections}.svg"] = over_http(results, connections)
    return save(figures, folder)


def save(figures: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    """Write each figure to a file. Return the names, or a message that there is no Chromium."""
    if browser.where() is None:
        return ["(no charts: there is no Chromium)"]
    with browser.opened() as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=plotly_script())
        for name, figure in figures.items():
            height = figure.pop("rows") * ROW + AROUND
            url = page.evaluate(DRAW, [figure, WIDTH, height])
            (folder / name).write_text(unquote(url.partition(",")[2]), "utf-8")
    return list(figures)


def in_process(results: Results) -> dict[str, Any]:
    """Draw microseconds per request with intervals, the cheapest arm at the top."""
    estimates = {name: median_of(taken) for name, taken in results["in_process"]["us"].items()}
    names = sorted(estimates, key=lambda name: -estimates[name].value)
    bars = {
        **_bars(names, [estimates[name].value for name in names]),
        "error_x": {
            "type": "data",
            "array": [estimates[name].high - estimates[name].value for name in names],
            "arrayminus": [estimates[name].value - estimates[name].low for name in names],
            "color": colours("light")["ink"],
            "thickness": 1,
        },
    }
    return {"data": [bars], "layout": layout("µs a request, in-process (median, 95 % interval)"), "rows": len(names)}


def over_http(results: Results, connections: int) -> dict[str, Any]:
    """Draw requests per second on one core: one bar per arm and server, the fastest at the top."""
    taken: dict[str, list[float]] = {}
    arms: dict[str, str] = {}
    for window in results["http"]:
        if window["connections"] == connections:
            name = f"{window['arm']} · {window['server']}"
            taken.setdefault(name, []).append(window["rps"])
            arms[name] = window["arm"]
    names = sorted(taken, key=lambda name: median(taken[name]))
    bars = _bars([arms[name] for name in names], [median(taken[name]) for name in names])
    bars["y"] = [_strong(name, arms[name]) for name in names]
    title = f"requests/s on one core, {connections} connection{'s' if connections > 1 else ''} (median)"
    return {"data": [bars], "layout": layout(title), "rows": len(names)}


def _bars(arms: list[str], values: list[float]) -> dict[str, Any]:
    """Return bars in the colours of the approaches: ours opaque, peers pale."""
    named, by_name = colours("light"), {arm.name: arm for arm in ARMS}
    return {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": [_strong(name, name) for name in arms],
        "text": [f"{value:,.0f}" for value in values],
        "textposition": "inside",
        "insidetextanchor": "start",  # beside the interval, which is at the end of the bar
        "textfont": {"color": [named["on-hue"] if by_name[name].is_ours else named["ink"] for name in arms]},
        "marker": {
            "color": [named.get(by_name[name].approach, named["other"]) for name in arms],
            "opacity": [OURS if by_name[name].is_ours else PEERS for name in arms],
        },
    }


def _strong(label: str, arm: str) -> str:
    return f"<b>{label}</b>" if arm.startswith("/") else label


def layout(title: str) -> dict[str, Any]:
    """Return the common layout of all charts: a white background, an axis with zero."""
    named = colours("light")
    return {
        "font": {"family": FONT, "color": named["ink"], "size": 13},
        "paper_bgcolor": named["surface"],
        "plot_bgcolor": named["surface"],
        "margin": {"l": 20, "r": 40, "t": 20, "b": 60},
        "xaxis": {"title": {"text": title}, "gridcolor": named["line"], "rangemode": "tozero", "automargin": True},
        "yaxis": {"automargin": True},
        "showlegend": False,
        "bargap": 0.25,
    }
