"""Charts for Plotly: the lab's colours, intervals, an axis with zero, and the finding as the title."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from loadtests.hues import ALIASES, colours
from loadtests.outcome import Chart, Trace
from loadtests.words import Text, said_in
from service.approaches import APPROACHES

FONT = 'system-ui, -apple-system, "Segoe UI", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans CJK KR", sans-serif'
# Lines of similar colours also have different markers.
KINDS = {
    "nothing": "circle-open",
    "memory": "square",
    "store": "circle",
    "signature": "diamond",
    "signature_store": "triangle-up",
}
MARKS = {facts.name: KINDS[facts.kind] for facts in APPROACHES if facts.kind in KINDS} | {"eddsa": "diamond-open"}


def plotly_script() -> str:
    """Return Plotly's JavaScript from its wheel, so that a report needs no network."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")


def figure(chart: Chart, language: str, theme: str) -> dict[str, Any]:
    """Return a chart in one language and one theme."""
    named = colours(theme)
    return {
        "data": [_trace(trace, language, named) for trace in chart.traces],
        "layout": {
            "font": {"family": FONT, "color": named["ink"], "size": 14},
            "paper_bgcolor": named["surface"],
            "plot_bgcolor": named["surface"],
            "margin": {"l": 70, "r": 20, "t": 20, "b": 90},
            "xaxis": _axis(chart.x, language, named) | _scale(chart) | {"zeroline": False},
            "yaxis": _axis(chart.y, language, named) | {"rangemode": "tozero", "zeroline": True},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "showlegend": any(trace.kind == "line" for trace in chart.traces) or _groups(chart.traces),
            "barmode": "group",
            "hoverlabel": {"font": {"family": FONT}},
        },
    }


def _scale(chart: Chart) -> dict[str, Any]:
    if chart.logarithmic_x:  # between powers of ten Plotly's tick labels show only one digit
        values = sorted({x for trace in chart.traces for x in trace.x if isinstance(x, int | float)})
        return {"type": "log", "tickvals": values, "ticktext": [f"{value:,g}" for value in values]}
    names = all(isinstance(x, str | Text) for trace in chart.traces for x in trace.x)
    return {"type": "category" if names else "linear"}


def _groups(traces: Sequence[Trace]) -> bool:
    return any(len(trace.x) > 1 for trace in traces)


def _axis(title: Any, language: str, named: dict[str, str]) -> dict[str, Any]:
    return {
        "title": {"text": said_in(title, language)},
        "gridcolor": named["line"],
        "zerolinecolor": named["ink"],
        "linecolor": named["line-strong"],
        "automargin": True,
    }


def _trace(trace: Trace, language: str, named: dict[str, str]) -> dict[str, Any]:
    hue = named.get(trace.hue, named["other"])
    drawn: dict[str, Any] = {
        "name": said_in(trace.name, language),
        "x": [said_in(x, language) for x in trace.x],
        "y": list(trace.y),
        "error_y": _intervals(trace, named["ink"]),
    }
    if trace.kind == "bar":
        pattern = {"pattern": {"shape": "/"}} if trace.hue in ALIASES or trace.dashed else {}
        return drawn | {"type": "bar", "marker": {"color": hue, **pattern}}
    line = {"color": hue, "width": 2, "dash": "dash" if trace.dashed else "solid"}
    mark = {"color": hue, "size": 8, "symbol": MARKS.get(trace.hue, "x")}
    mode = "lines" if trace.dashed else "lines+markers"
    return drawn | {"type": "scatter", "mode": mode, "line": line, "marker": mark}


def _intervals(trace: Trace, ink: str) -> dict[str, Any]:
    if trace.low is None or trace.high is None:
        return {"visible": False}
    points = [(y, low, high) for y, low, high in zip(trace.y, trace.low, trace.high, strict=True)]
    return {
        "type": "data",
        "symmetric": False,
        "array": [_finite(high - y) if y is not None else None for y, _low, high in points],
        "arrayminus": [_finite(y - low) if y is not None else None for y, low, _high in points],
        "color": ink,
        "thickness": 1.5,
        "width": 6,
    }


def _finite(room: float) -> float | None:
    return room if abs(room) < float("inf") else None
