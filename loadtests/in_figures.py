"""A chart in a few lines of figures, for a reader of its picture who has not got the report."""

from collections.abc import Iterator, Sequence

from loadtests.outcome import Chart, Trace
from loadtests.words import _, said_in

MOST_POINTS = 16  # of a chart: more would be a table


def in_figures(chart: Chart, language: str) -> list[str]:
    """Return a line of what is shown, and one for each series: its values with their intervals, or its range."""
    measured = [trace for trace in chart.traces if not trace.dashed]
    each = sum(len(trace.y) for trace in measured) <= MOST_POINTS
    what, where = said_in(chart.y, language), said_in(chart.x, language)
    if each and all(len(trace.y) == 1 for trace in measured):
        return [f"{what}: {' · '.join(_value_of(trace, language) for trace in measured)}"]
    by_place = f"{where} → {what}" if where else what
    shown = by_place if each else _("%(what)s, lowest … highest", what=what).said_in(language)
    lines = (f"{said_in(trace.name, language)}: {_values(trace, language, each)}" for trace in measured)
    return [shown, *lines, *_levels(chart, language)]


def _levels(chart: Chart, language: str) -> Iterator[str]:
    """Yield the dashed lines that are level: one value, drawn across the others. Fitted lines are no figures."""
    for trace in chart.traces:
        if trace.dashed and len(set(trace.y)) == 1 and trace.y[0] is not None:
            yield f"{said_in(trace.name, language)}: {_short(trace.y[0])}"


def _value_of(trace: Trace, language: str) -> str:
    return f"{said_in(trace.name, language)} {next(_points(trace, language))[1]}"


def _values(trace: Trace, language: str, each: bool) -> str:
    if each:
        return " · ".join(f"{x} → {y}" for x, y in _points(trace, language))
    values = [y for y in trace.y if y is not None]
    return f"{_short(min(values))} … {_short(max(values))}" if values else "–"


def _points(trace: Trace, language: str) -> Iterator[tuple[str, str]]:
    """Yield where each point is, and its value with its interval."""
    for at, (x, y) in enumerate(zip(trace.x, trace.y, strict=True)):
        place = f"{x:,g}" if isinstance(x, int | float) else said_in(x, language)
        yield place, "–" if y is None else f"{_short(y)}{_interval(trace.low, trace.high, at)}"


def _interval(low: Sequence[float] | None, high: Sequence[float] | None, at: int) -> str:
    return "" if low is None or high is None else f" ({_short(low[at])} … {_short(high[at])})"


def _short(value: float) -> str:
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
