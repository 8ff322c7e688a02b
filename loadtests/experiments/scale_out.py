"""L2. Do twice as many nodes serve twice as many requests, and do all members stay logged in?"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from lab.cluster.node import NODE_THREADS
from loadtests.approaches import WITH_LOGINS, facts_of
from loadtests.arms import Arm, Crowd
from loadtests.estimates import Estimate, median_of
from loadtests.experiments.naming import IN_TURN, TOO_LITTLE, hue_of, interval, name_of
from loadtests.experiments.node_killed import KILLED, after_the_kill, kill_a_node, kill_checks, killed_table
from loadtests.experiments.scaled_up import UP, bigger, scale_up, scaled_up_lab, threads_of, up_chart, up_table
from loadtests.lab import Lab
from loadtests.outcome import Cell, Chart, Outcome, Table, Trace
from loadtests.results import Check
from loadtests.stage import ArmKey, Experiment, Size, Stage
from loadtests.windows import Key, Window, by_arm, kinds, middle, paired, summarise, values
from loadtests.words import Text, _
from service.approaches import MEMORY, SESSION, TOKEN, ApproachFacts, place_of

ROUND_ROBIN, STICKY = "round robin", "sticky"
OFFERED = 0.8  # of the capacity of all nodes' threads
SHARE_ROOM = 0.15  # round robin is not exactly even in a short window


def sizes(size: Size) -> tuple[int, ...]:
    """Return the numbers of nodes that a size measures."""
    return (1, 2) if size.quick else (1, 2, 4)


def work_ms(size: Size) -> int:
    """Return how long each page takes, and how long members pause on average.

    It is so long that the threads are the limit, not the processors.
    """
    return 10 if size.quick else 20


def offered_rps(threads: int, size: Size) -> float:
    """Return the rate of the open loop, for the threads of all nodes together."""
    return OFFERED * threads * 1000 / work_ms(size)


def collect(stage: Stage) -> None:
    """Measure every number of nodes, port and approach, and a node scaled up. Then kill a node under load."""
    labs = {nodes: stage.lab(f"lab-{nodes}", max(nodes, 2)) for nodes in sizes(stage.size)}
    bigger_labs = {threads: scaled_up_lab(stage, threads) for threads in bigger(stage.size)}
    for nodes, lab in labs.items():
        lab.wait_until_ready()
        if nodes == 1:  # one node behind the same balancer, so that only the number of nodes differs
            lab.control("PUT", "/nodes/node-2", {"state": "stopped"})
    for threads, lab in bigger_labs.items():
        scale_up(lab.wait_until_ready(), threads)
    arms = [arm for nodes, lab in labs.items() for arm in _arms(nodes, lab, stage.size)]
    arms += [arm for threads, lab in bigger_labs.items() for arm in _up_arms(threads, lab, stage.size)]
    for arm in arms:  # one after the other: the sticky port distributes new members of all crowds evenly
        stage.generator.enter([arm.crowd])
    for repeat, arm in stage.interleaved(arms):
        _measure(stage, arm, repeat)
    kill_a_node(stage, labs[max(labs)], max(labs))


def _arms(nodes: int, lab: Lab, size: Size) -> list[Arm]:
    doors = {ROUND_ROBIN: lab.url} | ({STICKY: lab.sticky_url} if nodes > 1 else {})
    return [
        Arm(
            _crowd(f"{facts.name} {nodes} {door}", facts, url, size),
            {"nodes": nodes, "door": door},
            frozenset({"logged_out"} if facts.in_one_node and door == ROUND_ROBIN else ()),
        )
        for door, url in doors.items()
        for facts in lab.approaches()
        if facts.has_logins
    ]


def _up_arms(threads: int, lab: Lab, size: Size) -> list[Arm]:
    return [
        Arm(
            _crowd(f"{facts.name} {threads} threads", facts, lab.url, size),
            {"nodes": 1, "door": UP, "threads": threads},
        )
        for facts in lab.approaches()
        if facts.has_logins
    ]


def _crowd(name: str, facts: ApproachFacts, url: str, size: Size) -> Crowd:
    query, pause_s = f"?work_ms={work_ms(size)}", work_ms(size) / 1000
    return Crowd(name, facts, url, size.users, query=query, pause_s=pause_s)


def _measure(stage: Stage, arm: Arm, repeat: int) -> None:
    """Measure the nodes' capacity, and waiting times in an open loop below it."""
    nodes = arm.factors["nodes"]
    offered = offered_rps(nodes * arm.factors.get("threads", NODE_THREADS), stage.size)
    waited: Mapping[str, Any] = {}
    if repeat == 0 or not stage.size.quick:
        seen = stage.window([arm.crowd], stage.size.seconds, rate=offered, seed=stage.random.randrange(2**32))
        waited = {"offered_rps": offered, **seen["crowds"][arm.crowd.name]["since_due"]}
    stage.measure(arm, repeat, nodes=nodes if nodes > 1 else 0, open_loop=waited)


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Compare throughput, efficiency and lost logins."""
    arms = dict(sorted(by_arm(windows).items(), key=lambda item: _order(item[0])))
    efficiencies = {key: found for key in arms if (found := _efficiency(arms, key, size.seed)) is not None}
    results = [
        summarise(of_arm, size.seed, _more(of_arm, efficiencies.get(key), size), _repeats(of_arm))
        for key, of_arm in arms.items()
    ]
    measured = {key: of_arm for key, of_arm in arms.items() if key[2] not in (UP, KILLED)}
    up = {key: of_arm for key, of_arm in arms.items() if key[2] == UP}
    killed = {key[0]: of_arm for key, of_arm in arms.items() if key[2] == KILLED}
    return Outcome(
        _answer(arms, efficiencies),
        results,
        [*kill_checks(killed), *_checks(measured)],
        [_throughput(measured, size), _logged_out(measured), *_up_charts(up, measured, size), after_the_kill(killed)],
        [_table(measured, efficiencies), *_up_tables(up, measured), killed_table(killed)],
        [*METHOD, *(UP_METHOD if up else ())],
    )


def _order(key: Key) -> tuple[Any, ...]:
    return (key[2] == KILLED, key[2] == UP, key[1], key[3:], key[2] == STICKY, place_of(key[0]))


def _efficiency(arms: Mapping[Key, list[Window]], key: Key, seed: int) -> Estimate | None:
    """Return RPS(N) / (N · RPS(1)) over the repeats. A node with N times the threads counts as N."""
    approach, nodes, door, *_threads = key
    many, one = paired(arms[key], arms.get((approach, 1, ROUND_ROBIN), []), "rps")
    if door == KILLED or not many:
        return None
    times = nodes * threads_of(arms[key][0]) / NODE_THREADS
    return median_of([mine / (times * single) for mine, single in zip(many, one, strict=True) if single], seed)


def _more(windows: Sequence[Window], efficiency: Estimate | None, size: Size) -> dict[str, Any]:
    if windows[0].factors["door"] == KILLED:
        return {"logins_lost": windows[0].more["logins_lost"]}
    return {
        "conditions": _conditions(windows[0], size),
        "app_us_p50": middle(windows, "app_us_p50"),
        "efficiency": efficiency and efficiency.value,
        "ci95_efficiency": efficiency and (efficiency.low, efficiency.high),
        "wrongly_logged_out": _share_out(windows),
        "since_intended_start": _since_due(windows),
    }


def _repeats(windows: Sequence[Window]) -> dict[str, list[float]]:
    return {"rps": values(windows, "rps"), "wrongly_logged_out": [_share_out([window]) for window in windows]}


def _conditions(window: Window, size: Size) -> dict[str, Any]:
    """Return the parameters of an arm for a simulation, with units in the names."""
    return {
        "nodes": window.factors["nodes"],
        "balancer": "sticky" if window.factors["door"] == STICKY else "round_robin",
        "threads": threads_of(window),
        "round_trip_ms": 0 if size.own_store else None,
        "work_ms": work_ms(size),
        "users": size.users,
        "pause_ms": work_ms(size),
    }


def _since_due(windows: Sequence[Window]) -> dict[str, float] | None:
    waited = [window.more["open_loop"] for window in windows if window.more.get("open_loop", {}).get("p50_us")]
    if not waited:
        return None
    return {name: median(each[name] for each in waited) for name in ("offered_rps", "p50_us", "p95_us", "p99_us")}


def _share_out(windows: Sequence[Window]) -> float:
    answered = kinds(windows)
    return answered["logged_out"] / max(answered.total(), 1)


def _checks(arms: Mapping[Key, list[Window]]) -> list[Check]:
    """Check that node memory behind round robin refuses the expected share of requests."""
    return [
        Check(
            _("wrongly logged out: %(arm)s", arm=of_arm[0].label),
            abs(_share_out(of_arm) - (1 - 1 / key[1])) <= SHARE_ROOM,
            _(
                "%(share)s of the requests, %(expected)s expected (1 − 1/N)",
                share=f"{_share_out(of_arm):.1%}",
                expected=f"{1 - 1 / key[1]:.1%}",
            ),
        )
        for key, of_arm in arms.items()
        if facts_of(key[0]).in_one_node and key[2] == ROUND_ROBIN
    ]


def _baseline(arm: Mapping[str, Any]) -> ArmKey:
    """Return the baseline: the arm with one node. The arm with a killed node has a fixed rate and no baseline."""
    killed = arm["factors"]["door"] == KILLED
    return (arm["approach"], arm["factors"] if killed else {"nodes": 1, "door": ROUND_ROBIN})


def _answer(arms: Mapping[Key, list[Window]], efficiencies: Mapping[Key, Estimate]) -> Text:
    most = max((key[1] for key in arms), default=1)
    session, token = (efficiencies.get((approach, most, ROUND_ROBIN)) for approach in (SESSION.name, TOKEN.name))
    memory = arms.get((MEMORY.name, most, ROUND_ROBIN))
    if session is None or token is None or memory is None:
        return TOO_LITTLE
    return _(
        "%(nodes)s nodes that take turns serve %(session)s of %(nodes)s times what one serves with sessions in a "
        "shared store, and %(token)s with tokens; sessions in node memory turn away %(out)s of the requests of "
        "members who are logged in.",
        nodes=most,
        session=interval(session, ".0%"),
        token=interval(token, ".0%"),
        out=f"{_share_out(memory):.0%}",
    )


def _throughput(arms: Mapping[Key, list[Window]], size: Size) -> Chart:
    traces = []
    for approach in dict.fromkeys(key[0] for key in arms):
        keys = [key for key in arms if key[0] == approach and key[2] == ROUND_ROBIN]
        spreads = [median_of([w.reading["rps"] for w in arms[key]], size.seed) for key in keys]
        ends = [s.low for s in spreads], [s.high for s in spreads]
        traces.append(
            Trace(
                name_of(approach),
                hue_of(approach),
                [str(k[1]) for k in keys],
                [s.value for s in spreads],
                *ends,
                "line",
            )
        )
    ideal = [nodes * NODE_THREADS * 1000 / work_ms(size) for nodes in sizes(size)]
    traces.append(
        Trace(
            _("ideal: threads ÷ page time"), "ink-soft", [str(n) for n in sizes(size)], ideal, kind="line", dashed=True
        )
    )
    return Chart(_growth(arms), _("nodes"), _("requests a second that let the member in"), traces)


def _up_charts(up: Mapping[Key, list[Window]], arms: Mapping[Key, list[Window]], size: Size) -> list[Chart]:
    small = {key: windows for key, windows in arms.items() if (key[1], key[2]) == (1, ROUND_ROBIN)}
    return [up_chart(up, small, work_ms(size), size.seed)] if up else []


def _up_tables(up: Mapping[Key, list[Window]], arms: Mapping[Key, list[Window]]) -> list[Table]:
    out = {key: windows for key, windows in arms.items() if key[2] == ROUND_ROBIN}
    return [up_table(up, out)] if up else []


def _growth(arms: Mapping[Key, list[Window]]) -> Text:
    most = max((key[1] for key in arms), default=1)
    growths = {}
    for approach in (facts.name for facts in WITH_LOGINS):
        many, one = arms.get((approach, most, ROUND_ROBIN)), arms.get((approach, 1, ROUND_ROBIN))
        rps = [median(window.reading["rps"] for window in side) for side in (many, one) if side]
        growths[approach] = f"{rps[0] / rps[1]:.2g}" if len(rps) == 2 and rps[1] else "–"
    return _(
        "%(nodes)s nodes that take turns serve %(session)s times the requests of one by session, %(token)s times by "
        "token, %(memory)s times from node memory",
        nodes=most,
        **growths,
    )


def _logged_out(arms: Mapping[Key, list[Window]]) -> Chart:
    traces = []
    for door, dashed in ((ROUND_ROBIN, False), (STICKY, True)):
        keys = [key for key in arms if key[0] == MEMORY.name and key[2] == door]
        shares = [100 * _share_out(arms[key]) for key in keys]
        name = _("node memory, round robin") if door == ROUND_ROBIN else _("node memory, sticky")
        traces.append(Trace(name, hue_of(MEMORY.name), [str(key[1]) for key in keys], shares, dashed=dashed))
    nodes = sorted({key[1] for key in arms})
    expected = [100 * (1 - 1 / number) for number in nodes]
    traces.append(Trace(_("expected: 1 − 1/N"), "refused", [str(n) for n in nodes], expected, kind="line", dashed=True))
    out = arms.get((MEMORY.name, max(nodes, default=1), ROUND_ROBIN))
    title = _(
        "With %(nodes)s nodes with round robin, node memory refuses %(share)s of the requests of logged-in members",
        nodes=max(nodes, default=1),
        share=f"{_share_out(out):.0%}" if out else "–",
    )
    return Chart(title, _("nodes"), _("% of requests wrongly logged out"), traces)


def _table(arms: Mapping[Key, list[Window]], efficiencies: Mapping[Key, Estimate]) -> Table:
    rows: list[list[Cell]] = []
    for key, of_arm in arms.items():
        waited = _since_due(of_arm)
        rows.append(
            [
                name_of(key[0]),
                str(key[1]),
                _("sticky") if key[2] == STICKY else _("round robin"),
                f"{median(w.reading['rps'] for w in of_arm):,.0f}",
                interval(efficiencies.get(key), ".0%"),
                f"{_share_out(of_arm):.1%}",
                f"{1 - 1 / key[1]:.1%}" if facts_of(key[0]).in_one_node and key[2] == ROUND_ROBIN else "0.0%",
                f"{waited['p50_us'] / 1000:,.1f}" if waited else "–",
                f"{waited['p99_us'] / 1000:,.1f}" if waited else "–",
            ]
        )
    head = [
        *(_("approach"), _("nodes"), _("balancing"), _("let in, a second"), _("efficiency"), _("wrongly logged out")),
        *(_("expected"), _("p50 since due, ms"), _("p99 since due, ms")),
    ]
    return Table(_("Throughput, efficiency, lost logins, and what members wait below capacity"), head, rows)


METHOD = [
    IN_TURN,
    _(
        "Every page is made to wait (?work_ms=), as a page does that asks something else: so a node is limited by its "
        "two threads, and not by this machine's processors, which all nodes share. The work is synthetic; "
        "efficiency refers only to it."
    ),
    _(
        "A single node is measured behind the same balancer as two or four: the other nodes are stopped. Efficiency "
        "is RPS(N) / (N · RPS(1)), requests that let the member in, repeat by repeat."
    ),
    _(
        "Refused members continue with their credential: the requests of logged-in members that a node does not "
        "recognise are counted. Every member pauses after each answer, for a random time that is as long as a "
        "page on average: a member that repeats at once would always get the other node."
    ),
    _(
        "Waiting is measured in an open loop at 80 % of what the threads can do: requests are due at random moments "
        "that no answer delays, and the time counts from then, so a stall is always visible."
    ),
]

UP_METHOD = [
    _(
        "A node is scaled up before its members log in: it restarts with 4 or 8 threads instead of 2, behind the same "
        "balancer, with the other node stopped. The pages are the same and only wait. Threads wait side by side, so "
        "such a node grows with its threads until one core is full: pages that compute reach that sooner. The "
        "restart itself, which ends the logins in node memory, is not part of a window."
    ),
]

SCALE_OUT = Experiment(
    name="scale-out",
    question=_("Do twice as many nodes serve twice as many requests, and do all members stay logged in?"),
    full=Size(seconds=5.0, repeats=5, users=32, most_threads=8),
    quick=Size(seconds=0.3, repeats=5, users=16, quick=True, most_threads=4),
    windows=lambda size: (
        len(WITH_LOGINS) * (2 * len(sizes(size)) - 1 + len(bigger(size))) * size.repeats + len(WITH_LOGINS)
    ),
    collect=collect,
    conclude=conclude,
    baseline=_baseline,
)
