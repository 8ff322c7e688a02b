"""Format a run as tables, for the terminal and the docs, in English and Korean."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import comparisons
from bench.arms.left_out import LANGUAGES, said
from bench.arms.table import ARMS
from bench.over_http import UNDISTURBED
from lab.cluster.process import ROOT
from loadtests.estimates import Estimate, median_of

Results = Mapping[str, Any]
RESULTS = ROOT / "results" / "bench"
Table = tuple[Sequence[str], list[list[str]]]

KOREAN = {
    "arm": "대상",
    "× bare Flask": "bare Flask의 배수",
    "over bare": "bare보다 더",
    "server": "서버",
    "requests/s": "초당 요청",
    "node µs": "노드 CPU µs",
    "store µs": "저장소 CPU µs",
    "core": "코어",
    "ratio": "비율",
    "by the clock": "시계로",
    "by CPU time": "CPU 시간으로",
    "aim": "목표",
    "leaves out": "하지 않는 것",
    "In-process": "프로세스 안에서",
    "Over HTTP, {} connections": "HTTP, 연결 {}개",
    "Over HTTP, 1 connection": "HTTP, 연결 1개",
}


def in_process(results: Results) -> Table:
    """Return one row per arm, the cheapest first."""
    rounds: Mapping[str, list[float]] = results["in_process"]["us"]
    cpu, bare = results["in_process"]["cpu_us"], rounds.get(comparisons.BARE)
    rows = []
    for name, taken in sorted(rounds.items(), key=lambda item: median(item[1])):
        estimate = median_of(taken)
        pairs = list(zip(taken, bare, strict=True)) if bare else []
        times = f"{median(mine / floor for mine, floor in pairs):.2f}" if pairs else ""
        over = f"{median(mine - floor for mine, floor in pairs):+.0f}" if pairs else ""
        rows.append([name, f"{estimate.value:.0f}", _interval(estimate, 0), f"{median(cpu[name]):.0f}", times, over])
    return ("arm", "µs", "95 %", "CPU µs", "× bare Flask", "over bare"), rows


def over_http(results: Results, connections: int) -> Table:
    """Return one row per arm and server, the fastest first."""
    taken: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for window in results["http"]:
        if window["connections"] == connections:
            taken.setdefault((window["arm"], window["server"]), []).append(window)

    def over(windows: Sequence[Mapping[str, Any]], figure: str) -> float:
        return median(window[figure] for window in windows)

    rows = [
        [
            *key,
            f"{over(windows, 'rps'):,.0f}",
            f"{over(windows, 'p50_us') / 1000:.2f}",
            f"{over(windows, 'p99_us') / 1000:.1f}",
            f"{over(windows, 'node_cpu_us'):.0f}",
            f"{over(windows, 'store_cpu_us'):.0f}",
            f"{over(windows, 'node_share'):.0%}",
        ]
        for key, windows in sorted(taken.items(), key=lambda item: -over(item[1], "rps"))
    ]
    return ("arm", "server", "requests/s", "p50 ms", "p99 ms", "node µs", "store µs", "core"), rows


Told = Sequence[tuple[comparisons.Comparison, Estimate]]


def ratios(by_the_clock: Told, by_cpu: Told) -> Table:
    """Return one row per comparison: by elapsed time, and by processor time, which other programs disturb less."""
    rows = [
        [what.name, *(f"{ratio.value:.2f} {_interval(ratio, 2)}" for ratio in (clock, cpu)), what.aim]
        for (what, clock), (_, cpu) in zip(by_the_clock, by_cpu, strict=True)
    ]
    return ("ratio", "by the clock", "by CPU time", "aim"), rows


def leaves_out(language: str) -> Table:
    """Return the table of what each arm leaves out."""
    rows = [
        [f"[{arm.name}]({arm.documentation})" if arm.documentation else arm.name, said(arm.leaves_out, language)]
        for arm in ARMS
    ]
    return ("arm", "leaves out"), rows


@dataclass(frozen=True)
class Section:
    """One section of a report: its key (also its chart's name), its title, its table, and its comparisons."""

    key: str
    title: str
    table: Table
    ratios: Table


def sections(results: Results, language: str = "en") -> list[Section]:
    """Return the sections of a run, one per way of measuring."""
    called, http = results["in_process"], results["http"]
    told = []
    if called["us"]:
        pairs = ratios(*(comparisons.in_process(called[figure]) for figure in ("us", "cpu_us")))
        told.append(Section("in-process", _word("In-process", language), in_process(results), pairs))
    for connections in sorted({window["connections"] for window in http}):
        both = (comparisons.by_the_clock, comparisons.by_cpu)
        pairs = ratios(*(comparisons.over_http(http, connections, figure) for figure in both))
        title = _word("Over HTTP, 1 connection" if connections == 1 else "Over HTTP, {} connections", language)
        told.append(Section(f"http-{connections}", title.format(connections), over_http(results, connections), pairs))
    return told


def as_text(table: Table) -> str:
    """Return a table for a terminal."""
    rows = [list(table[0]), *table[1]]
    if not table[1]:
        return "(nothing to compare)"
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if is_word else cell.rjust(width) for cell, width, is_word in _cells(row, widths))
        for row in rows
    )


def _cells(row: Sequence[str], widths: Sequence[int]) -> Iterable[tuple[str, int, bool]]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell, width, place == 0


def as_markdown(table: Table, language: str) -> str:
    """Return a table for the docs."""
    head = " | ".join(_word(name, language) for name in table[0])
    lines = [f"| {head} |", "|---" * len(table[0]) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in table[1])])


def in_terminal(results: Results) -> str:
    """Return a run as text for the terminal."""
    parts = [part for each in sections(results) for part in (each.title, as_text(each.table), as_text(each.ratios))]
    return "\n\n".join([*parts, *warnings(results)])


def in_markdown(results: Results) -> str:
    """Return a run as Markdown, for a file beside its data."""
    parts = [
        part
        for each in sections(results)
        for part in (f"## {each.title}", as_markdown(each.table, "en"), as_markdown(each.ratios, "en"))
    ]
    return "\n\n".join([*parts, *warnings(results)]) + "\n"


def warnings(results: Results) -> list[str]:
    """Return warnings about a run: disturbed servers, a busy client, failures, arms left out."""
    http = results["http"]
    full = [window for window in http if window["connections"] > 1]
    disturbed = sum(window["node_share"] < UNDISTURBED for window in full)
    failed = sum(window["failures"] for window in http)
    busiest = max((window["client_share"] + window["store_share"] for window in http), default=0.0)
    told = [f"{disturbed} of {len(full)} windows were disturbed: other programs had some of the server's core."]
    told += [f"The client and the store took {busiest:.0%} of their core at most."]
    return [
        *(told if http else []),
        *([f"{failed} requests failed."] if failed else []),
        *(f"Not measured: {why}" for why in results["left_out"]),
    ]


def _interval(estimate: Estimate, places: int) -> str:
    return f"({estimate.low:.{places}f} to {estimate.high:.{places}f})"


def _word(name: str, language: str) -> str:
    return KOREAN.get(name, name) if language == LANGUAGES[1] else name
