"""L1. What does looking up a login cost on every request? The lecture notes say that only sessions have this cost.

One member of each approach takes part. Before each request one of them is chosen at random. A restart of the lab is a
repeat.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from loadtests.approaches import (
    CONTENDER,
    EDDSA,
    FLASK_SESSION_DEFAULT,
    HS256,
    NONE,
    by_algorithm,
    facts_of,
    store_reads_of,
)
from loadtests.arms import Arm, Crowd
from loadtests.counters import StoreCounters
from loadtests.estimates import Estimate, difference_within, median_within
from loadtests.experiments import lookup_cost_said as said
from loadtests.experiments.lookup_cost_said import AGAIN, Differences, round_trip
from loadtests.experiments.naming import interval
from loadtests.flask_session_default_node import running_flask_session_default
from loadtests.lab import Lab
from loadtests.outcome import WITHIN, Outcome
from loadtests.readings import Readings, read
from loadtests.reconcile import reconciled
from loadtests.results import Check
from loadtests.stage import Experiment, Size, Stage, window_of
from loadtests.waiting import wait_until_open
from loadtests.windows import Key, Window, by_arm, paired, summarise
from loadtests.words import _
from service.approaches import APPROACHES, OPEN, SESSION, TOKEN, ApproachFacts, place_of

ROUND_TRIPS_MS = (0, 1, 5)
QUICK_ROUND_TRIPS_MS = (0, 1)
LEAST_RESTARTS = 10
SAME_LEVEL = 0.99  # level of the interval in which the difference of an approach to itself must include 0
ALONE_SHARE, SHORTEST_ALONE_S = 0.04, 0.1
ALGORITHMS = (NONE, HS256, EDDSA)  # in the order of the report


@dataclass(frozen=True)
class TurnTaker:
    """A member that takes turns. `again`: the second member of the same approach."""

    facts: ApproachFacts
    algorithm: str | None
    again: bool = False

    @property
    def name(self) -> str:
        """The name of its crowd."""
        return " ".join([self.facts.name, *filter(None, [self.algorithm]), *([AGAIN] if self.again else [])])

    def factors(self, round_trip_ms: int | None) -> dict[str, Any]:
        """Return its arm's factors."""
        own = {"algorithm": self.algorithm, "round_trip_ms": round_trip_ms}
        return own | ({"again": AGAIN} if self.again else {})


def members(approaches: Iterable[ApproachFacts] = APPROACHES) -> list[TurnTaker]:
    """Return who takes turns: every approach, Flask-Session as it comes, and the session a second time."""
    arms = by_algorithm([*approaches, CONTENDER])
    return [*(TurnTaker(*arm) for arm in arms), TurnTaker(SESSION, NONE, again=True)]


def round_trips_ms(size: Size) -> tuple[int | None, ...]:
    """Return the round trips to the store that a size measures. None: the store at `REDIS_URL`, without a delay."""
    if not size.own_store:
        return (None,)
    return QUICK_ROUND_TRIPS_MS if size.quick else ROUND_TRIPS_MS


def collect(stage: Stage) -> None:
    """Start a lab for each repeat, and measure all approaches in random turns at every round trip."""
    for repeat in range(stage.size.repeats):
        with stage.short_lived_lab(f"lab-{repeat}") as lab, ExitStack() as ends:
            crowds = _log_in(stage, lab, ends)
            counters = ends.enter_context(StoreCounters(lab.store_url))
            for round_trip_ms in stage.random.sample(round_trips_ms(stage.size), len(round_trips_ms(stage.size))):
                if round_trip_ms is not None:
                    lab.set_round_trip(round_trip_ms)
                _measure(stage, crowds, counters, repeat, round_trip_ms)
            stage.generator.leave(list(crowds.values()))


def _log_in(stage: Stage, lab: Lab, ends: ExitStack) -> dict[TurnTaker, Crowd]:
    """Log a member of each approach in. One node with both keys issues the tokens of both algorithms."""
    lab.wait_until_ready()
    flask_session_default = ends.enter_context(
        running_flask_session_default(
            lab.folder / FLASK_SESSION_DEFAULT, lab.store_url, lab.database_url, lab.store_prefix
        )
    )
    wait_until_open(flask_session_default)
    hosts = {FLASK_SESSION_DEFAULT: flask_session_default}
    crowds = {
        member: Crowd(
            member.name,
            member.facts,
            hosts.get(member.facts.name, lab.url),
            users=1,
            activity="bare",
            algorithm=member.algorithm,
        )
        for member in members(lab.approaches())
    }
    for algorithm in (EDDSA, HS256):  # the lab's default comes last, and stays active
        lab.sign_by(algorithm)
        others = NONE if algorithm == HS256 else EDDSA
        stage.generator.enter([crowd for member, crowd in crowds.items() if member.algorithm in (algorithm, others)])
    return crowds


def _measure(
    stage: Stage, crowds: Mapping[TurnTaker, Crowd], counters: StoreCounters, repeat: int, round_trip_ms: int | None
) -> None:
    """Count each approach's commands while only it sends requests; then let all take turns, and count all commands."""
    alone = {member: _alone(stage, crowd, counters) for member, crowd in crowds.items()}
    before = counters.read()
    seen = stage.turns(list(crowds.values()), stage.size.seconds)
    together = {"commands": counters.read().since(before).total, "seed": seen["seed"]}
    for member, crowd in crowds.items():
        arm = Arm(crowd, member.factors(round_trip_ms))
        stage.kept.add(replace(window_of(arm, repeat, seen, more={"together": together}), **alone[member]))


def _alone(stage: Stage, crowd: Crowd, counters: StoreCounters) -> dict[str, Any]:
    """Let only one approach send requests, which also warms it up. Return the store's counts."""
    before = counters.read()
    seen = stage.generator.turns([crowd], max(SHORTEST_ALONE_S, ALONE_SHARE * stage.size.seconds))
    counted = counters.read().since(before)
    requests = seen["crowds"][crowd.name]["requests"]
    return {"commands": counted.calls, "counted_requests": requests, "store_us_each": counted.us_each}


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Compare the three readings of a look-up's cost. The answer is for the nearest store."""
    arms = dict(sorted(by_arm(windows).items(), key=_order))
    readings = {key: of_arm for key in arms if (of_arm := _readings(arms, key)) is not None}
    differences = {key: _differences(arms, key) for key in readings}
    results = [
        summarise(of_arm, size.seed, _more(readings.get(key), differences.get(key)), None, median_within)
        for key, of_arm in arms.items()
    ]
    between = {round_trip_ms: _between(arms, round_trip_ms) for round_trip_ms in dict.fromkeys(map(round_trip, arms))}
    checks = [
        *(*reconciled(windows), *_agreement(readings), *_separation(readings)),
        *(*_together(windows), *_same(arms), *_restarts(windows)),
    ]
    tables = [said.readings_table(readings), said.percentiles_table(differences), said.between_table(between)]
    answer = said.answer(readings, between)
    return Outcome(answer, results, checks, said.charts(readings, round_trips_ms(size)), tables, said.METHOD, WITHIN)


def _order(item: tuple[Key, Any]) -> tuple[Any, ...]:
    key, _windows = item
    approach, algorithm, round_trip_ms = key[:3]
    place = place_of(SESSION.name) + 0.5 if approach == FLASK_SESSION_DEFAULT else place_of(approach)
    return (round_trip_ms, place, ALGORITHMS.index(algorithm), len(key))


def _readings(arms: Mapping[Key, list[Window]], key: Key) -> Readings | None:
    approach, algorithm, round_trip_ms = key[:3]
    baseline = arms.get((OPEN.name, NONE, round_trip_ms), [])
    twin = arms.get((facts_of(approach).twin, algorithm, round_trip_ms))
    return read(arms[key], baseline, twin, round_trip_ms or 0) if approach != OPEN.name else None


def _differences(arms: Mapping[Key, list[Window]], key: Key, other: Key | None = None) -> Differences:
    """Return the differences of an arm's percentiles to another arm's (default: without a login), by restart."""
    beside = arms.get(other or (OPEN.name, NONE, round_trip(key)), [])
    pairs = {name: paired(arms.get(key, []), beside, name) for name in said.PERCENTILES}
    return {name: difference_within(*both) for name, both in pairs.items() if both[0]}


def _between(arms: Mapping[Key, list[Window]], round_trip_ms: int | None) -> dict[tuple[Any, Any], Differences]:
    """Return the difference between two approaches, for the pairs of interest."""
    session, hs256, eddsa = (
        (*who, round_trip_ms) for who in ((SESSION.name, NONE), (TOKEN.name, HS256), (TOKEN.name, EDDSA))
    )
    pairs = [(session, hs256), (session, eddsa), (eddsa, hs256), ((*session, AGAIN), session)]
    found = {pair: _differences(arms, *pair) for pair in pairs}
    return {pair: differences for pair, differences in found.items() if differences}


def _more(readings: Readings | None, differences: Differences | None) -> dict[str, object]:
    if readings is None:
        return {}
    tails = {name: tail for name, tail in (differences or {}).items() if name != "p50_us"}
    return {
        "in_server_us": readings.in_server_us,
        "in_store_us": readings.in_store_us,
        "above_open_us": readings.above_open_us.value,
        "ci95_above_open_us": (readings.above_open_us.low, readings.above_open_us.high),
        **{f"above_open_{name}": tail.value for name, tail in tails.items()},
        **{f"ci95_above_open_{name}": (tail.low, tail.high) for name, tail in tails.items()},
        "above_twin_us": readings.above_twin_us and readings.above_twin_us.value,
        "ci95_above_twin_us": readings.above_twin_us and (readings.above_twin_us.low, readings.above_twin_us.high),
        "readings_agree": readings.agree,
    }


def _agreement(readings: Mapping[Key, Readings]) -> list[Check]:
    return [
        Check(
            _("three readings of %(arm)s agree", arm=said.label_of(key)),
            of_arm.agree,
            _(
                "in the store at least %(store)s µs, in the server %(server)s µs, from outside %(outside)s µs",
                store=f"{of_arm.in_store_us:,.1f}",
                server=f"{of_arm.in_server_us:,.1f}",
                outside=interval(of_arm.above_twin_us or of_arm.above_open_us),
            ),
        )
        for key, of_arm in readings.items()
        if of_arm.agree is not None
    ]


def _separation(readings: Mapping[Key, Readings]) -> list[Check]:
    """Check that the smallest effect that the notes claim is measurable here."""
    nearest = readings.get((SESSION.name, NONE, min(map(round_trip, readings), key=said.added, default=0)))
    if nearest is None or not isfinite(nearest.above_open_us.low):  # too few repeats, which another check reports
        return []
    outside = _("the difference is %(difference)s µs", difference=interval(nearest.above_open_us))
    return [Check(_("a session costs more than no login"), nearest.above_open_us.low > 0, outside)]


def _together(windows: Sequence[Window]) -> list[Check]:
    """Return one check per round trip: while all took turns, the store's counts matched the design."""
    return [
        _counted_together([window for window in windows if window.factors["round_trip_ms"] == round_trip_ms])
        for round_trip_ms in dict.fromkeys(window.factors["round_trip_ms"] for window in windows)
    ]


def _counted_together(windows: Sequence[Window]) -> Check:
    turns = list(_by_repeat(windows))
    expected = [sum(map(_by_design, turn)) for turn in turns]
    counted = [turn[0].more["together"]["commands"] for turn in turns]
    detail = _(
        "%(expected)s by design; the store counted %(commands)s",
        expected=f"{sum(expected):,}",
        commands=f"{sum(counted):,}",
    )
    name = _("store commands while all take turns%(where)s", where=said.where(windows[0].factors["round_trip_ms"]))
    return Check(name, expected == counted, detail)


def _by_design(window: Window) -> int:
    """Return the store commands of a window's requests."""
    return int(store_reads_of(window.approach, window.store_reads) * window.reading["requests"])


def _by_repeat(windows: Sequence[Window]) -> Iterator[list[Window]]:
    for repeat in sorted({window.repeat for window in windows}):
        yield [window for window in windows if window.repeat == repeat]


def _same(arms: Mapping[Key, list[Window]]) -> list[Check]:
    """Return one check per round trip: an approach shows no difference to itself, so the method adds none."""
    pairs = {key: paired(arms[key], arms.get(key[:3], []), "p50_us") for key in arms if key[3:]}
    return [_no_difference(difference_within(*both, SAME_LEVEL), key) for key, both in pairs.items() if both[0]]


def _no_difference(difference: Estimate, key: Key) -> Check:
    return Check(
        _("the same approach twice shows no difference%(where)s", where=said.where(round_trip(key))),
        difference.holds(0),
        _("the difference is %(difference)s µs", difference=interval(difference, ",.1f")),
    )


def _restarts(windows: Sequence[Window]) -> list[Check]:
    restarts = len({window.repeat for window in windows})
    detail = _("%(restarts)s restarts; an answer needs %(least)s", restarts=restarts, least=LEAST_RESTARTS)
    return [Check(_("the lab was restarted often enough"), restarts >= LEAST_RESTARTS, detail)]


LOOKUP_COST = Experiment(
    name="lookup-cost",
    question=_("What does looking up a login cost on every request?"),
    full=Size(seconds=20.0, repeats=12, users=1),
    quick=Size(seconds=2.0, repeats=2, users=1, quick=True),
    windows=lambda size: len(members()) * len(round_trips_ms(size)) * size.repeats,
    collect=collect,
    conclude=conclude,
    baseline=lambda arm: (OPEN.name, {"algorithm": NONE, "round_trip_ms": arm["factors"]["round_trip_ms"]}),
)
