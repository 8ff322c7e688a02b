"""Part of L2: one node with more threads, against more nodes of two threads each."""

from collections.abc import Mapping, Sequence
from statistics import median

from lab.cluster.node import NODE_THREADS, THREADS
from loadtests.approaches import WITH_LOGINS
from loadtests.estimates import median_of
from loadtests.experiments.naming import hue_of, name_of
from loadtests.lab import Lab
from loadtests.outcome import Cell, Chart, Table, Trace
from loadtests.stage import Size, Stage
from loadtests.windows import Key, Window
from loadtests.words import Text, _

UP = "scaled up"  # used instead of a port: the only node is behind the same balancer

Arms = Mapping[Key, list[Window]]


def bigger(size: Size) -> tuple[int, ...]:
    """Return the numbers of threads to which a size scales a node up. A run from before this part has none."""
    return tuple(threads for threads in THREADS if NODE_THREADS < threads <= size.most_threads)


def scaled_up_lab(stage: Stage, threads: int) -> Lab:
    """Start a lab whose only running node is to have so many threads (see `scale_up`)."""
    return stage.lab(f"lab-of-{threads}-threads", 2)


def scale_up(lab: Lab, threads: int) -> None:
    """Restart a lab's first node with more threads, and stop the other one. No member is logged in yet."""
    lab.control("PUT", "/nodes/node-1/threads", {"threads": threads})
    lab.control("PUT", "/nodes/node-2", {"state": "stopped"})


def threads_of(window: Window) -> int:
    """Return the threads of each of its nodes."""
    return int(window.factors.get("threads", NODE_THREADS))


def up_chart(up: Arms, small: Arms, work_ms: int, seed: int) -> Chart:
    """Draw what one node serves, over its threads. `small`: the arms with one node of two threads."""
    by_threads = sorted({threads_of(windows[0]) for windows in (*up.values(), *small.values())})
    traces = []
    for approach in (facts.name for facts in WITH_LOGINS):
        mine = {threads_of(windows[0]): windows for windows in _of(approach, small, up)}
        spreads = [median_of([window.reading["rps"] for window in mine[each]], seed) for each in sorted(mine)]
        ends = [spread.low for spread in spreads], [spread.high for spread in spreads]
        x, y = [str(each) for each in sorted(mine)], [spread.value for spread in spreads]
        traces.append(Trace(name_of(approach), hue_of(approach), x, y, *ends, "line"))
    ideal = [threads * 1000 / work_ms for threads in by_threads]
    x = [str(threads) for threads in by_threads]
    traces.append(Trace(_("ideal: threads ÷ page time"), "ink-soft", x, ideal, kind="line", dashed=True))
    return Chart(
        _finding(up, small, by_threads), _("threads of the node"), _("requests a second that let the member in"), traces
    )


def up_table(up: Arms, out: Arms) -> Table:
    """Set one node with more threads beside more nodes with as many threads together."""
    rows: list[list[Cell]] = []
    for key, windows in up.items():
        threads = threads_of(windows[0])
        beside = [others for other, others in out.items() if (other[0], other[1] * NODE_THREADS) == (key[0], threads)]
        rows.append(
            [
                name_of(key[0]),
                str(threads),
                _let_in(windows),
                _let_in(beside[0]) if beside else "–",
                _refused(windows),
                _refused(beside[0]) if beside else "–",
            ]
        )
    head = [
        *(_("approach"), _("threads together"), _("up: let in, a second"), _("out: let in, a second")),
        *(_("up: wrongly logged out"), _("out: wrongly logged out")),
    ]
    return Table(_("One node scaled up, and as many threads on nodes of two that take turns"), head, rows)


def _of(approach: str, *arms: Arms) -> list[list[Window]]:
    return [windows for each in arms for key, windows in each.items() if key[0] == approach]


def _finding(up: Arms, small: Arms, by_threads: Sequence[int]) -> Text:
    times = {}
    for approach in (facts.name for facts in WITH_LOGINS):
        rps = [median(window.reading["rps"] for window in side) for side in _of(approach, small, up)]
        times[approach] = f"{rps[-1] / rps[0]:.2g}" if len(rps) > 1 and rps[0] else "–"
    return _(
        "One node with %(threads)s threads serves %(session)s times the requests of one with %(few)s by session, "
        "%(token)s times by token, %(memory)s times from node memory",
        threads=by_threads[-1] if by_threads else NODE_THREADS,
        few=NODE_THREADS,
        **times,
    )


def _let_in(windows: Sequence[Window]) -> str:
    return f"{median(window.reading['rps'] for window in windows):,.0f}"


def _refused(windows: Sequence[Window]) -> str:
    out = sum(window.reading["kinds"].get("logged_out", 0) for window in windows)
    return f"{out / max(sum(sum(window.reading['kinds'].values()) for window in windows), 1):.1%}"
