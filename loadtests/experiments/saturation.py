"""L7. How many requests does one core serve? It is an engineer's first question.

A node has its own core and gets requests in an open loop, at rising rates until it no longer keeps up. The highest
rate that it sustains is the knee.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from loadtests.approaches import EDDSA, HS256, NONE, Who, by_algorithm
from loadtests.arms import Arm, Crowd
from loadtests.cores import Cores, added_us, cpu_times_ns, divided, pin, starting_on
from loadtests.estimates import Estimate, median_within
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.outcome import WITHIN, Cell, Chart, Outcome, Table, Trace
from loadtests.publishable import MOST_GENERATOR_CORE
from loadtests.reconcile import reconciled
from loadtests.results import ArmResult, Check
from loadtests.stage import Experiment, Size, Stage, window_of
from loadtests.windows import Window, summarise
from loadtests.words import Text, _
from service.approaches import APPROACHES, OPEN, SESSION, TOKEN, place_of

EVERYONE: tuple[Who, ...] = tuple((facts.name, algorithm) for facts, algorithm in by_algorithm(APPROACHES))
# Offered rates, in percent of the closed loop's rate.
LOADS = (20, 40, 60, 70, 75, 80, 85, 90, 95, 100, 105, 110, 120, 140)
QUICK_LOADS = (30, 60, 90, 120)
LEAST_ANSWERED = 0.99
MOST_TIMES_P99 = 10.0  # times the 99th percentile at the lowest rate


def loads(size: Size) -> tuple[int, ...]:
    """Return the rates that a size offers, in percent of the closed loop's rate."""
    return QUICK_LOADS if size.quick else LOADS


def collect(stage: Stage) -> None:
    """Offer every approach rising rates, in rounds. The order of approaches is random in each round."""
    cores = divided()
    with starting_on(cores.others) if cores else nullcontext():
        lab = stage.lab("lab").wait_until_ready()
    crowds = {
        (facts.name, algorithm): Crowd(
            f"{facts.name} {algorithm}", facts, lab.url, stage.size.users, activity="bare", algorithm=algorithm
        )
        for facts, algorithm in by_algorithm(lab.approaches())
    }
    lab.sign_by(EDDSA)
    stage.generator.enter([crowd for who, crowd in crowds.items() if who[1] == EDDSA])
    lab.sign_by(HS256)
    stage.generator.enter([crowd for who, crowd in crowds.items() if who[1] != EDDSA])
    if cores:
        pin(lab.node_pid, {cores.node})
        pin(stage.generator.pid, cores.others)
    bench = _Bench(stage, lab.node_pid, lab.store_url, cores)
    most = {who: bench.closed_loop_rps(crowd) for who, crowd in crowds.items()}
    for repeat in range(stage.size.repeats):
        for who in stage.random.sample(list(crowds), len(crowds)):
            stage.warm_up([crowds[who]])
            for load in loads(stage.size):
                arm = Arm(crowds[who], {"algorithm": who[1], "load_percent": load})
                bench.offer(arm, repeat, most[who] * load / 100)


class _Bench:
    """Measures one rate, with the kernel's and the store's counters."""

    def __init__(self, stage: Stage, node: int, store_url: str, cores: Cores | None) -> None:
        self._stage, self._node, self._cores = stage, node, cores
        self._counters = stage.counters(store_url)

    def closed_loop_rps(self, crowd: Crowd) -> float:
        """Return the requests per second when each member sends the next request at once."""
        self._stage.warm_up([crowd])
        seen = self._stage.generator.window([crowd], self._stage.size.seconds)
        return float(max(seen["crowds"][crowd.name]["rps"], 1.0))

    def offer(self, arm: Arm, repeat: int, rps: float) -> None:
        """Offer `rps` for a while. No member sends requests while the counters are read."""
        seconds, seed = self._stage.size.seconds, self._stage.random.randrange(2**32)
        counted, store_us, node_ns = self._counters.read(), self._counters.cpu_us(), cpu_times_ns(self._node)
        seen = self._stage.window([arm.crowd], seconds, rate=rps, seed=seed)
        node_us, store_us = added_us(node_ns, cpu_times_ns(self._node)), self._counters.cpu_us() - store_us
        counted = self._counters.read().since(counted)
        told = {
            "offered_rps": rps,
            "window_s": seconds,
            "node_us": node_us,
            "store_us": store_us,
            "pinned": self._cores is not None,
            "cores_beside": len(self._cores.others) if self._cores else 0,
        }
        window = window_of(arm, repeat, seen, more=told)
        self._stage.kept.add(replace(window, commands=counted.calls, store_us_each=counted.us_each))


@dataclass(frozen=True)
class RateStep:
    """The result of one rate in one round. Times are microseconds since a request was due."""

    offered_rps: float
    answered: float
    p50_us: float
    p99_us: float
    node_us: float
    store_us: float
    generator_core: float
    store_core: float
    window: Window

    @classmethod
    def of(cls, window: Window) -> "RateStep":
        """Read a window. `answered`: the share of due requests that were let in before the window's end."""
        reading, told = window.reading, window.more
        in_time = sum(kinds.get("ok", 0) for at_s, kinds in reading["timeline"] if at_s < told["window_s"] - 1e-9)
        requests, waited = max(reading["requests"], 1), reading.get("since_due", {})
        return cls(
            offered_rps=told["offered_rps"],
            answered=in_time / requests,
            p50_us=waited.get("p50_us") or 0.0,
            p99_us=waited.get("p99_us") or 0.0,
            node_us=told["node_us"] / requests,
            store_us=told["store_us"] / requests,
            generator_core=window.generator_core,
            store_core=told["store_us"] / 1e6 / max(reading["seconds"], 1e-9),
            window=window,
        )

    def is_carried(self, lowest: "RateStep") -> bool:
        """Return whether the node, and the generator, kept up."""
        return (
            self.answered >= LEAST_ANSWERED
            and self.p99_us <= MOST_TIMES_P99 * lowest.p99_us
            and self.generator_core <= MOST_GENERATOR_CORE
        )


Round = Sequence[RateStep]  # one approach's steps, at rising rates


def knee(steps: Round) -> int | None:
    """Return the index of the highest step up to which all steps were sustained; None if the first was not."""
    carried = 0
    while carried < len(steps) and steps[carried].is_carried(steps[0]):
        carried += 1
    return carried - 1 if carried else None


@dataclass(frozen=True)
class Served:
    """One approach's results at the knee of each round."""

    rounds: Sequence[Round]
    knees: Sequence[RateStep]
    rps: Estimate
    node_us: Estimate
    store_us: Estimate
    reached: bool  # whether a higher rate failed: otherwise the core might serve more


def served(windows: Sequence[Window]) -> Served | None:
    """Return the result of one approach's windows, or None if no round sustained any rate.

    No rate was offered between the highest sustained one and the next one: the interval includes this gap.
    """
    rounds = _rounds(windows)
    found = [(steps, at) for steps in rounds if (at := knee(steps)) is not None]
    if not found:
        return None
    knees = [steps[at] for steps, at in found]
    above = [steps[min(at + 1, len(steps) - 1)].offered_rps for steps, at in found]
    rps = median_within([step.offered_rps for step in knees])
    return Served(
        rounds=rounds,
        knees=knees,
        rps=Estimate(rps.value, rps.low, median_within(above).high),
        node_us=median_within([step.node_us for step in knees]),
        store_us=median_within([step.store_us for step in knees]),
        reached=len(found) == len(rounds) and all(at < len(steps) - 1 for steps, at in found),
    )


def _rounds(windows: Sequence[Window]) -> list[Round]:
    rounds: dict[int, list[RateStep]] = {}
    for window in windows:
        rounds.setdefault(window.repeat, []).append(RateStep.of(window))
    return [sorted(steps, key=lambda step: step.offered_rps) for _repeat, steps in sorted(rounds.items())]


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Find every approach's knee, and the cost of a request there."""
    by_who = {who: [window for window in windows if _who(window) == who] for who in _in_order(windows)}
    found = {who: core for who, mine in by_who.items() if (core := served(mine)) is not None}
    results = [_result(who, mine, found.get(who), size) for who, mine in by_who.items()]
    checks = [*_reconciled(by_who), *_knees(by_who, found), *_cores(windows, found)]
    charts = [
        _against_load(found, "p50_us", _("median since a request was due, µs"), _carried(found)),
        _against_load(found, "p99_us", _("99th percentile since a request was due, µs"), _slowest(found)),
        _costs(found),
    ]
    return Outcome(_answer(found), results, checks, charts if found else [], [_table(found)], METHOD, WITHIN)


def _in_order(windows: Sequence[Window]) -> list[Who]:
    """Return the approaches of the windows in the order of the table."""
    return sorted(dict.fromkeys(map(_who, windows)), key=lambda who: (place_of(who[0]), who[1] == EDDSA))


def _who(window: Window) -> Who:
    return (window.approach, window.factors["algorithm"])


def _result(who: Who, windows: Sequence[Window], core: Served | None, size: Size) -> ArmResult:
    """Return an approach's arm: its windows at the knees, or all of them if there is no knee."""
    at_knee = [step.window for step in core.knees] if core else windows
    arm = [replace(window, factors={"algorithm": who[1]}) for window in at_knee]
    if core is None:
        return summarise(arm, size.seed, {}, {})
    repeats = {
        "rps": [step.offered_rps for step in core.knees],
        "node_cpu_us": [step.node_us for step in core.knees],
    }
    more = {
        "knee_rps": core.rps.value,
        "ci95_knee_rps": (core.rps.low, core.rps.high),
        "knee_reached": core.reached,
        "node_cpu_us": core.node_us.value,
        "ci95_node_cpu_us": (core.node_us.low, core.node_us.high),
        "store_cpu_us": core.store_us.value,
        "ci95_store_cpu_us": (core.store_us.low, core.store_us.high),
        "generator_core": max(step.generator_core for step in core.knees),
        "steps": _steps(core),
    }
    return summarise(arm, size.seed, more, repeats, median_within)


def _steps(core: Served) -> list[dict[str, Any]]:
    """Return the medians over rounds of each offered rate."""
    names = ("offered_rps", "answered", "p50_us", "p99_us", "node_us", "store_us", "generator_core")
    return [
        {name: median(getattr(step, name) for step in steps) for name in names}
        | {"rounds_carried": sum(step.is_carried(of[0]) for step, of in zip(steps, core.rounds, strict=True))}
        for steps in zip(*core.rounds, strict=False)
    ]


def _reconciled(by_who: Mapping[Who, Sequence[Window]]) -> list[Check]:
    return reconciled(
        [replace(window, factors={"algorithm": who[1]}) for who, mine in by_who.items() for window in mine]
    )


def _knees(by_who: Mapping[Who, Sequence[Window]], found: Mapping[Who, Served]) -> list[Check]:
    return [
        Check(
            _("the knee of %(arm)s was found", arm=name_of(*who)),
            who in found and found[who].reached,
            _knee_found(found.get(who)),
        )
        for who in by_who
    ]


def _knee_found(core: Served | None) -> Text:
    if core is None:
        return _("not even the lowest rate was carried")
    return _(
        "%(low)s to %(high)s requests/s were carried, in %(found)s of %(rounds)s rounds; up to %(most)s were offered",
        low=f"{min(step.offered_rps for step in core.knees):,.0f}",
        high=f"{max(step.offered_rps for step in core.knees):,.0f}",
        found=len(core.knees),
        rounds=len(core.rounds),
        most=f"{max(step.offered_rps for steps in core.rounds for step in steps):,.0f}",
    )


def _cores(windows: Sequence[Window], found: Mapping[Who, Served]) -> list[Check]:
    """Check that the node had its own core, and that the other processes had enough room on theirs."""
    pinned = bool(windows) and all(window.more["pinned"] for window in windows)
    alone = _("pinned by the system") if pinned else _("this machine has one core, or its system cannot pin processes")
    shared = min((window.more["cores_beside"] for window in windows), default=0) == 1
    busiest = max((_beside(step, shared) for core in found.values() for step in core.knees), default=0.0)
    return [
        Check(_("the node had its own core"), pinned, alone),
        Check(
            _("generator and store had enough processor time"),
            busiest <= MOST_GENERATOR_CORE,
            _(
                "at the knee they used at most %(share)s %% of a core; the bound is %(bound)s %%",
                share=round(100 * busiest),
                bound=round(100 * MOST_GENERATOR_CORE),
            ),
        ),
    ]


def _beside(step: RateStep, shared: bool) -> float:
    """Return the generator's share of a core, plus the store's if both share one."""
    return step.generator_core + (step.store_core if shared else 0.0)


def _answer(found: Mapping[Who, Served]) -> Text:
    no_login, session = found.get((OPEN.name, NONE)), found.get((SESSION.name, NONE))
    token, eddsa = found.get((TOKEN.name, HS256)), found.get((TOKEN.name, EDDSA))
    if no_login is None or session is None or token is None or eddsa is None:
        return TOO_LITTLE
    return _(
        "One core serves %(session)s requests a second by session, %(token)s by a token signed by HS256, %(eddsa)s by "
        "one signed by EdDSA, and %(open)s that need no login. Of the %(session_us)s µs of the core that a session's "
        "request takes, %(open_us)s are what the page takes without a login; a token's takes %(token_us)s µs (HS256) "
        "or %(eddsa_us)s µs (EdDSA). The load generator took %(share)s %% of another core at most.",
        session=interval(session.rps),
        token=interval(token.rps),
        eddsa=interval(eddsa.rps),
        open=interval(no_login.rps),
        session_us=interval(session.node_us),
        open_us=interval(no_login.node_us),
        token_us=interval(token.node_us),
        eddsa_us=interval(eddsa.node_us),
        share=round(100 * max(step.generator_core for core in found.values() for step in core.knees)),
    )


def _against_load(found: Mapping[Who, Served], reading: str, axis: Text, title: Text) -> Chart:
    """Draw each approach up to its knee: beyond it waiting times grow without limit."""
    traces = []
    for who, core in found.items():
        steps = [step for step in _steps(core) if step["offered_rps"] <= core.rps.value]
        at = [step["offered_rps"] for step in steps]
        ends = [_over_rounds(core, number, reading) for number in range(len(steps))]
        low, high = [end.low for end in ends], [end.high for end in ends]
        values = [step[reading] for step in steps]
        traces.append(Trace(name_of(*who), hue_of(*who), [round(rps) for rps in at], values, low, high, "line"))
    return Chart(title, _("requests offered a second"), axis, traces)


def _carried(found: Mapping[Who, Served]) -> Text:
    session, token = found.get((SESSION.name, NONE)), found.get((TOKEN.name, HS256))
    return _(
        "One core carries %(session)s requests a second by session and %(token)s by token (HS256)",
        session=f"{session.rps.value:,.0f}" if session else "–",
        token=f"{token.rps.value:,.0f}" if token else "–",
    )


def _slowest(found: Mapping[Who, Served]) -> Text:
    waited = {who: f"{median(step.p99_us for step in core.knees):,.0f}" for who, core in found.items()}
    return _(
        "At the knee 99 of 100 requests are answered within %(session)s µs by session, %(token)s µs by token (HS256)",
        session=waited.get((SESSION.name, NONE), "–"),
        token=waited.get((TOKEN.name, HS256), "–"),
    )


def _over_rounds(core: Served, number: int, reading: str) -> Estimate:
    return median_within([getattr(steps[number], reading) for steps in core.rounds if number < len(steps)])


def _costs(found: Mapping[Who, Served]) -> Chart:
    traces = [
        Trace(name_of(*who), hue_of(*who), [_("node"), _("store")], *_ends([core.node_us, core.store_us]))
        for who, core in found.items()
    ]
    session, no_login = found.get((SESSION.name, NONE)), found.get((OPEN.name, NONE))
    title = _(
        "At the knee a session's request takes %(session)s µs of the node's core, one without a login %(open)s",
        session=f"{session.node_us.value:,.0f}" if session else "–",
        open=f"{no_login.node_us.value:,.0f}" if no_login else "–",
    )
    return Chart(title, "", _("processor time a request, µs"), traces)


def _ends(estimates: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    return (
        [estimate.value for estimate in estimates],
        [estimate.low for estimate in estimates],
        [estimate.high for estimate in estimates],
    )


def _table(found: Mapping[Who, Served]) -> Table:
    rows: list[list[Cell]] = [
        [
            name_of(*who),
            interval(core.rps),
            interval(core.node_us, ",.1f"),
            interval(core.store_us, ",.1f"),
            f"{median(step.p50_us for step in core.knees):,.0f}",
            f"{median(step.p99_us for step in core.knees):,.0f}",
            f"{max(step.generator_core for step in core.knees):.0%}",
        ]
        for who, core in found.items()
    ]
    head = [
        *(_("approach"), _("requests/s at the knee"), _("node, µs of processor a request")),
        *(_("store, µs of processor a request"), _("p50 since due, µs"), _("p99 since due, µs")),
        _("generator, share of a core"),
    ]
    return Table(_("What one core serves, and what a request takes there"), head, rows)


METHOD = [
    _(
        "One node runs on its own core. The load generator, the store and everything else run on the others. "
        "With two cores these share one, and a check says whether that core was overloaded."
    ),
    _(
        "Requests are due at random moments that no answer delays (an open loop), and a request's time counts from "
        "when it was due. Rates rise in steps of what each approach reached in a closed loop before."
    ),
    _(
        "The knee is the highest rate up to which all rates are sustained: at least %(answered)s %% of the due "
        "requests are answered before the window ends, the 99th percentile is at most %(times)s times that at the "
        "lowest rate, and the generator uses at most %(bound)s %% of a core. No rate is offered between two "
        "steps, so intervals reach up to the next step.",
        answered=round(100 * LEAST_ANSWERED),
        times=round(MOST_TIMES_P99),
        bound=round(100 * MOST_GENERATOR_CORE),
    ),
    _(
        "In each round the approaches come in another random order, and each is offered all rates; the round is the "
        "repeat that intervals are over."
    ),
    _(
        "Processor time of the node is what Linux counts for each of its threads (schedstat), that of the store what "
        "INFO says (used_cpu_user and used_cpu_sys). An idle store also uses some processor time, which shows where "
        "no request uses it."
    ),
    _(
        "Tokens by HS256 and by EdDSA are verified by the same node, which holds both keys. Members log in through "
        "Locust; their requests go over a bare connection, which costs the generator a fraction of what a request "
        "costs the node."
    ),
]

SATURATION = Experiment(
    name="saturation",
    question=_("How many requests does one core serve?"),
    full=Size(seconds=2.0, repeats=6, users=32),
    quick=Size(seconds=0.3, repeats=2, users=16, quick=True),
    windows=lambda size: len(EVERYONE) * len(loads(size)) * size.repeats,
    collect=collect,
    conclude=conclude,
    baseline=lambda _arm: (OPEN.name, {"algorithm": NONE}),
)
