"""L6. Who is still served, and who is still logged in, when the store or a node fails?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.approaches import facts_of
from loadtests.arms import Arm, Crowd
from loadtests.estimates import Estimate, median_of
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.faults import Command, given
from loadtests.lab import Lab
from loadtests.outcome import Cell, Chart, Outcome, Table, Trace
from loadtests.recording import CUT, NO_ANSWER
from loadtests.results import Check
from loadtests.stage import Experiment, Size, Stage, window_of
from loadtests.windows import Key, Window, binned, by_arm, summarise
from loadtests.words import Text, _
from service.approaches import APPROACHES, MEMORY, SESSION, TOKEN, ApproachFacts, place_of

NODE_KILLED = "node killed"
RATE = 20.0  # requests a second of each approach
BREAKS_AT, MENDED_AT = 0.25, 0.5  # of the window


@dataclass(frozen=True)
class Fault:
    """A fault, with the commands that cause and repair it."""

    name: str
    said: Text
    breaks: tuple[str, str, Mapping[str, Any]]
    mends: tuple[str, str, Mapping[str, Any]]


def expected(facts: ApproachFacts, fault: str) -> frozenset[str]:
    """Return the expected failures of this approach under this fault."""
    if fault == NODE_KILLED:  # its requests in flight fail, and its memory is lost
        return frozenset({CUT, "logged_out"} if facts.in_one_node else {CUT})
    return frozenset({"unavailable"} if facts.store_reads else ())


RUNNING = {"state": "running"}
FAULTS = (
    Fault("store killed", _("the store is killed"), ("PUT", "/store", {"state": "killed"}), ("PUT", "/store", RUNNING)),
    Fault("store hangs", _("the store hangs"), ("PUT", "/store", {"state": "hanging"}), ("PUT", "/store", RUNNING)),
    Fault(
        NODE_KILLED,
        _("a node is killed"),
        ("PUT", "/nodes/node-1", {"state": "killed"}),
        ("PUT", "/nodes/node-1", RUNNING),
    ),
)


def collect(stage: Stage) -> None:
    """Cause a fault under a steady load of every approach, repair it, and check every member's login."""
    lab = stage.lab("lab", nodes=2).wait_until_ready()
    for repeat in range(stage.size.repeats):
        for fault in stage.random.sample(FAULTS, len(FAULTS)):
            _break_once(stage, lab, fault, repeat)


def _break_once(stage: Stage, lab: Lab, fault: Fault, repeat: int) -> None:
    size = stage.size
    arms = [_arm(facts, fault, lab, size) for facts in lab.approaches()]
    crowds = [arm.crowd for arm in arms]
    stage.generator.enter(crowds)
    stage.generator.window(crowds, 0.2)
    broken_s = size.seconds * BREAKS_AT, size.seconds * MENDED_AT
    commands = [Command(broken_s[0], *fault.breaks), Command(broken_s[1], *fault.mends)]
    with given(lab, commands):
        seen = stage.window(crowds, size.seconds, rate=RATE, seed=stage.random.randrange(2**32))
    lab.control(*fault.mends)  # already executed: this waits until everything runs
    after = stage.generator.window(crowds, 1.0, once=True)["crowds"]
    for arm in arms:
        answered = after[arm.crowd.name]["kinds"]
        lost = arm.crowd.users - answered.get("ok", 0)
        more = {"logins": arm.crowd.users, "logins_lost": lost, "after": answered, "broken_s": broken_s}
        stage.kept.add(window_of(arm, repeat, seen, more=more))
    stage.generator.leave(crowds)


def _arm(facts: ApproachFacts, fault: Fault, lab: Lab, size: Size) -> Arm:
    door = lab.sticky_url if facts.in_one_node else lab.url
    return Arm(Crowd(facts.name, facts, door, size.users), {"fault": fault.name}, expected(facts, fault.name))


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Compare error shares, recovery times and lost logins."""
    order = [fault.name for fault in FAULTS]
    arms = dict(sorted(by_arm(windows).items(), key=lambda item: (order.index(item[0][1]), place_of(item[0][0]))))
    results = [
        summarise(of_arm, size.seed, _more(of_arm), {"error_share_during": _shares(of_arm)}) for of_arm in arms.values()
    ]
    charts = [_chart(fault, arms) for fault in FAULTS if any(key[1] == fault.name for key in arms)]
    return Outcome(_answer(arms, size), results, _checks(arms), charts, [_table(arms)], METHOD)


def _more(windows: Sequence[Window]) -> dict[str, Any]:
    return {
        "error_share_during": _share(windows),
        "recovery_s": _recovery_s(windows),
        "logins": sum(window.more["logins"] for window in windows),
        "logins_lost": sum(window.more["logins_lost"] for window in windows),
        "timeline": windows[0].reading["timeline"],
    }


def _share(windows: Sequence[Window]) -> float:
    """Return the share of failed requests during the fault."""
    return _errors(windows) / max(_answers(windows), 1)


def _errors(windows: Sequence[Window]) -> int:
    return sum(sum(counts.values()) - counts.get("ok", 0) for window in windows for counts in _during(window))


def _answers(windows: Sequence[Window]) -> int:
    return sum(sum(counts.values()) for window in windows for counts in _during(window))


def _during(window: Window) -> list[Mapping[str, int]]:
    began_s, ended_s = window.more["broken_s"]
    return [counts for at_s, counts in window.reading["timeline"] if began_s <= at_s < ended_s]


def _recovery_s(windows: Sequence[Window]) -> float | None:
    """Return the longest time from the repair to the last failure, without lost logins; None if there was none."""
    late = [
        at_s - window.more["broken_s"][1]
        for window in windows
        for at_s, counts in window.reading["timeline"]
        if at_s >= window.more["broken_s"][1] and any(counts.get(kind, 0) for kind in ("unavailable", *NO_ANSWER))
    ]
    return max(late) if late else None


def _checks(arms: Mapping[Key, list[Window]]) -> list[Check]:
    checks = []
    for key, of_arm in arms.items():
        approach, fault = key
        more = _more(of_arm)
        if not facts_of(approach).store_reads and facts_of(approach).is_signed and fault.startswith("store"):
            served = _("%(share)s of the requests failed", share=f"{more['error_share_during']:.1%}")
            checks.append(
                Check(_("tokens need no store: %(arm)s", arm=of_arm[0].label), more["error_share_during"] == 0, served)
            )
        if not facts_of(approach).in_one_node or fault != NODE_KILLED:
            lost = _("%(lost)s of %(all)s logins lost", lost=more["logins_lost"], all=more["logins"])
            checks.append(Check(_("no login is lost: %(arm)s", arm=of_arm[0].label), more["logins_lost"] == 0, lost))
    return checks


def _answer(arms: Mapping[Key, list[Window]], size: Size) -> Text:
    session, token = arms.get((SESSION.name, "store killed")), arms.get((TOKEN.name, "store killed"))
    memory = arms.get((MEMORY.name, NODE_KILLED))
    if session is None or token is None or memory is None:
        return TOO_LITTLE
    both = [*session, *token]
    return _(
        "While the store is down, %(session)s of session requests and %(token)s of token requests fail, and %(gone)s "
        "of %(kept)s logins are gone afterwards; a killed node costs %(lost)s of %(all)s logins that were in node "
        "memory.",
        gone=_more(both)["logins_lost"],
        kept=_more(both)["logins"],
        session=interval(_spread(session, size.seed), ".0%"),
        token=interval(_spread(token, size.seed), ".0%"),
        lost=_more(memory)["logins_lost"],
        all=_more(memory)["logins"],
    )


def _spread(windows: Sequence[Window], seed: int) -> Estimate:
    return median_of(_shares(windows), seed)


def _shares(windows: Sequence[Window]) -> list[float]:
    return [_share([window]) for window in windows]


def _chart(fault: Fault, arms: Mapping[Key, list[Window]]) -> Chart:
    traces = []
    for key, of_arm in arms.items():
        if key[1] == fault.name:
            bins = binned(of_arm)
            shares = [100 * (1 - counts.get("ok", 0) / max(sum(counts.values()), 1)) for counts in bins.values()]
            traces.append(Trace(name_of(key[0]), hue_of(key[0]), list(bins), shares, kind="line"))
    failing = [name_of(key[0]) for key, of_arm in arms.items() if key[1] == fault.name and _share(of_arm) > 0.2]
    title = (
        _("When %(fault)s, these are not served: %(who)s", fault=fault.said, who=_joined(failing))
        if failing
        else _("When %(fault)s, requests fail only briefly", fault=fault.said)
    )
    return Chart(title, _("seconds"), _("% of requests that failed"), traces)


def _joined(names: Sequence[Text]) -> Text:
    first, *others = names
    return first if not others else _("%(one)s, %(others)s", one=first, others=_joined(others))


def _table(arms: Mapping[Key, list[Window]]) -> Table:
    said = {fault.name: fault.said for fault in FAULTS}
    rows: list[list[Cell]] = []
    for key, of_arm in arms.items():
        more = _more(of_arm)
        recovery = "0" if more["recovery_s"] is None else f"{more['recovery_s']:.1f}"
        rows.append(
            [
                said[key[1]],
                name_of(key[0]),
                f"{more['error_share_during']:.0%}",
                recovery,
                f"{more['logins_lost']} / {more['logins']}",
            ]
        )
    head = [
        *(_("fault"), _("approach"), _("failed during the fault")),
        *(_("s from the repair to the last failure"), _("logins lost")),
    ]
    return Table(_("The effect of each fault on each approach"), head, rows)


METHOD = [
    _(
        "Two nodes behind a balancer. Members of every approach ask at the same time, in an open loop of %(rate)s "
        "requests a second each; after a quarter of the window the fault begins, at half of it the repair.",
        rate=round(RATE),
    ),
    _(
        "Node memory is measured with sticky balancing, the other approaches with round robin. A store restarts with "
        "its log, a node restarts empty."
    ),
    _("Afterwards every member sends one more request. A member that is not recognised then has lost the login."),
]

OUTAGE = Experiment(
    name="outage",
    question=_("Who is still served, and who is still logged in, when the store or a node fails?"),
    full=Size(seconds=16.0, repeats=5, users=8),
    quick=Size(seconds=6.0, repeats=1, users=4, quick=True),
    windows=lambda size: len(FAULTS) * len(APPROACHES) * size.repeats,
    collect=collect,
    conclude=conclude,
    needs_own_store="it kills the store, and lets it hang",
)
