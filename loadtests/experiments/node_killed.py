"""Last part of L2: a node is killed during the run. Which members are still logged in?"""

from collections.abc import Mapping, Sequence

from loadtests.approaches import WITH_LOGINS, facts_of
from loadtests.arms import Arm, Crowd
from loadtests.experiments.naming import hue_of, name_of
from loadtests.faults import Command, given
from loadtests.lab import Lab
from loadtests.outcome import Cell, Chart, Table, Trace
from loadtests.recording import CUT, NO_ANSWER
from loadtests.results import Check
from loadtests.stage import Stage, window_of
from loadtests.windows import Window, binned, kinds
from loadtests.words import _
from service.approaches import ApproachFacts

KILLED = "a node killed"  # used instead of a port
RATE, KILL_AT, LASTS_WINDOWS = 25.0, 1 / 3, 6

ByApproach = Mapping[str, Sequence[Window]]


def kill_a_node(stage: Stage, lab: Lab, nodes: int) -> None:
    """Kill a node while members of every approach send requests at a steady rate. Then check who is still "
    "logged in."""
    arms = [_arm(facts, lab, nodes, stage.size.users) for facts in lab.approaches() if facts.has_logins]
    crowds = [arm.crowd for arm in arms]
    for crowd in crowds:
        stage.generator.enter([crowd])
    seconds = LASTS_WINDOWS * max(stage.size.seconds, 0.5)
    with given(lab, [Command(seconds * KILL_AT, "PUT", "/nodes/node-1", {"state": "killed"})]):
        seen = stage.window(crowds, seconds, rate=RATE, seed=stage.size.seed)
    after = stage.generator.window(crowds, 1.0, once=True)["crowds"]
    for arm in arms:
        still = after[arm.crowd.name]["kinds"]
        lost = {"logins": arm.crowd.users, "logins_lost": arm.crowd.users - still.get("ok", 0)}
        stage.kept.add(Window(**{**vars(window_of(arm, 0, seen, more=lost)), "once": True}))


def _arm(facts: ApproachFacts, lab: Lab, nodes: int, users: int) -> Arm:
    """Return an arm. Sessions in node memory use the sticky port, or they would be lost without any fault."""
    url, expects = (lab.sticky_url, {CUT, "logged_out"}) if facts.in_one_node else (lab.url, {CUT})
    crowd = Crowd(f"{facts.name} killed", facts, url, users)
    return Arm(crowd, {"nodes": nodes, "door": KILLED}, frozenset(expects))


def kill_checks(arms: ByApproach) -> list[Check]:
    """Check that a killed node loses only the logins in its own memory."""
    return [
        Check(
            _("no login is lost: %(arm)s", arm=windows[0].label),
            windows[0].more["logins_lost"] == 0,
            _("%(lost)s of %(all)s logins lost", lost=windows[0].more["logins_lost"], all=windows[0].more["logins"]),
        )
        for approach, windows in arms.items()
        if not facts_of(approach).in_one_node
    ]


def after_the_kill(arms: ByApproach) -> Chart:
    """Draw the refused requests over time."""
    traces = []
    for approach, windows in arms.items():
        bins = binned(windows)
        shares = [100 * (1 - counts.get("ok", 0) / max(sum(counts.values()), 1)) for counts in bins.values()]
        traces.append(Trace(name_of(approach), hue_of(approach), list(bins), shares, kind="line"))
    lost = {approach: str(windows[0].more["logins_lost"]) for approach, windows in arms.items()}
    title = _(
        "A killed node costs node memory %(memory)s logins, the shared store %(session)s, tokens %(token)s",
        **{facts.name: lost.get(facts.name, "–") for facts in WITH_LOGINS},
    )
    return Chart(title, _("seconds"), _("% of requests that were not let in"), traces)


def killed_table(arms: ByApproach) -> Table:
    """Return the table of failures and lost logins."""
    rows: list[list[Cell]] = []
    for approach, windows in arms.items():
        answered = kinds(windows)
        failed = sum(answered[kind] for kind in ("unavailable", *NO_ANSWER))
        lost = f"{windows[0].more['logins_lost']} / {windows[0].more['logins']}"
        rows.append([name_of(approach), f"{answered.total():,}", str(failed), str(answered["logged_out"]), lost])
    head = [_("approach"), _("requests"), _("broken (503 or no answer)"), _("turned away (401)"), _("logins lost")]
    return Table(_("A node killed while members ask"), head, rows)
