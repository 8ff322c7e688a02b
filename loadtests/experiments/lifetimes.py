"""L5. How long should an access token live? Short means many refreshes, long means that a thief can use it long.

One more arm has access tokens alone: what would be a refresh is a log-in there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import fmean, median
from typing import Any

from loadtests.approaches import WITH_LOGINS
from loadtests.arms import Arm, Crowd
from loadtests.estimates import Estimate, median_of
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.outcome import Cell, Chart, Outcome, Table, Trace
from loadtests.results import Check
from loadtests.stage import Experiment, Size, Stage, window_of
from loadtests.windows import Key, Window, by_arm, summarise
from loadtests.words import Text, _
from service.approaches import TOKEN, place_of

SHORTER = "access_ttl_s"  # the field of a log-in
APPROACHES = tuple(facts.name for facts in WITH_LOGINS if SHORTER in facts.shorter)
ASKED_S = (5, 15, 30, 60, 300, 900, 3600)  # rows of the table, measured or computed
PAUSE_S = 0.1
WRITES = ("INSERT", "UPDATE", "DELETE")
HOUR_S = 3600
ROOM = 0.25  # a window contains only whole refreshes
LOG_IN = "log-in"  # the factor of the arm without refresh tokens: how its members renew their access tokens


def lifetimes_s(size: Size) -> tuple[int, ...]:
    """Return the access lifetimes that a size measures. A window is a multiple of each, to count whole refreshes."""
    return (1, 2, 3) if size.quick else (5, 10, 15, 30)


def collect(stage: Stage) -> None:
    """Let members with every lifetime send requests continuously, and count their refreshes."""
    lab = stage.lab("lab").wait_until_ready()
    arms = [
        Arm(
            Crowd(
                f"{facts.name} {ttl}",
                facts,
                lab.url,
                stage.size.users,
                login_fields={"access_ttl_s": ttl},
                pause_s=PAUSE_S,
                traced=True,
            ),
            {"access_ttl_s": ttl},
        )
        for facts in lab.approaches()
        if SHORTER in facts.shorter
        for ttl in lifetimes_s(stage.size)
    ]
    arms.append(_without_refresh(lab.url, stage.size))
    crowds = [arm.crowd for arm in arms]
    stage.generator.enter(crowds)
    stage.warm_up(crowds)
    for repeat in range(stage.size.repeats):
        seen = stage.window(crowds, stage.size.seconds)
        for arm in arms:
            stage.kept.add(window_of(arm, repeat, seen, more={"members": arm.crowd.users}))


def _without_refresh(url: str, size: Size) -> Arm:
    """Return the arm with access tokens alone, of the longest lifetime: a log-in takes far longer than a refresh."""
    ttl = lifetimes_s(size)[-1]
    fields = {"access_ttl_s": ttl}
    crowd = Crowd(LOG_IN, TOKEN, url, size.users, "without refresh", login_fields=fields, pause_s=PAUSE_S, traced=True)
    return Arm(crowd, {**fields, "renewal": LOG_IN})


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Compare refreshes and writes with exposure: measured values, and computed ones for longer lifetimes."""
    everyone = dict(sorted(by_arm(windows).items(), key=lambda item: (place_of(item[0][0]), item[0][1])))
    arms = {key: of_arm for key, of_arm in everyone.items() if _renewal(of_arm[0]) == "refresh"}
    log_ins = [window for window in windows if _renewal(window) == "login"]
    results = [
        summarise(of_arm, size.seed, _more(of_arm, size.seed), {_rate_name(of_arm[0]): _rates(of_arm)})
        for of_arm in everyone.values()
    ]
    writes, server_us = _writes_each(windows), _server_us(windows)
    charts = [_chart(arms, size)] if arms else []
    tables = [_table(writes, server_us), _measured(arms, size)]
    if log_ins:
        tables.append(_compared(arms, log_ins, size))
    return Outcome(_answer(arms, log_ins, writes, size.seed), results, _checks(everyone), charts, tables, METHOD)


def expected_an_hour(access_ttl_s: float) -> float:
    """Return the refreshes per hour of a member that sends requests continuously.

    Expiries are whole seconds. A refresh right after an expiry gives a token that expires exactly one lifetime later.
    So the interval between refreshes is the lifetime, if the pause between two requests is much shorter.
    """
    return HOUR_S / access_ttl_s


def _renewal(window: Window) -> str:
    """Return the request by which the members of this arm get their next access token."""
    return "login" if window.factors.get("renewal") == LOG_IN else "refresh"


def _rate_name(window: Window) -> str:
    return {"login": "log_ins_an_hour_a_member", "refresh": "refreshes_an_hour_a_member"}[_renewal(window)]


def _an_hour(window: Window) -> float:
    renewals = window.reading["beside"].get(_renewal(window), 0)
    return float(renewals / window.more["members"] / window.reading["seconds"] * HOUR_S)


def _spread(windows: Sequence[Window], seed: int) -> Estimate:
    return median_of(_rates(windows), seed)


def _rates(windows: Sequence[Window]) -> list[float]:
    return [_an_hour(window) for window in windows]


def _more(windows: Sequence[Window], seed: int) -> dict[str, Any]:
    spread = _spread(windows, seed)
    return {
        _rate_name(windows[0]): spread.value,
        f"ci95_{_rate_name(windows[0])}": (spread.low, spread.high),
        "database_writes_a_refresh": _writes_each(windows),
        "exposure_s": windows[0].factors["access_ttl_s"],
    }


def _refreshes(windows: Sequence[Window]) -> list[Mapping[str, Any]]:
    return _notes(windows, "refresh")


def _notes(windows: Sequence[Window], renewal: str) -> list[Mapping[str, Any]]:
    return [note for note in chain.from_iterable(window.reading["notes"] for window in windows) if renewal in note]


def _writes_each(windows: Sequence[Window]) -> float | None:
    """Return the number of writing statements per refresh, from the server's trace."""
    refreshes = _refreshes(windows)
    verbs = Counter(step.split()[0] for note in refreshes for step in note["refresh"])
    return sum(verbs[verb] for verb in WRITES) / len(refreshes) if refreshes else None


def _server_us(windows: Sequence[Window], renewal: str = "refresh") -> float | None:
    notes = _notes(windows, renewal)
    return median(note["server_us"] for note in notes) if notes else None


def _checks(arms: Mapping[Key, list[Window]]) -> list[Check]:
    checks = []
    for key, of_arm in arms.items():
        measured, expected = fmean(map(_an_hour, of_arm)), expected_an_hour(key[1])
        told = _(
            "%(measured)s an hour, %(expected)s by the formula",
            measured=f"{measured:,.0f}",
            expected=f"{expected:,.0f}",
        )
        name = _checked(of_arm[0])
        checks.append(Check(name, abs(measured / expected - 1) <= ROOM, told))
    return checks


def _checked(window: Window) -> Text:
    if _renewal(window) == "login":
        return _("log-ins of %(arm)s", arm=window.label)
    return _("refreshes of %(arm)s", arm=window.label)


def _answer(arms: Mapping[Key, list[Window]], log_ins: Sequence[Window], writes: float | None, seed: int) -> Text:
    dilemma = _dilemma(arms, writes, seed)
    if not log_ins or dilemma is TOO_LITTLE:
        return dilemma
    return _(
        "%(dilemma)s Without a refresh token, %(ttl)s s cost %(rate)s log-ins an hour with name and password.",
        dilemma=dilemma,
        ttl=log_ins[0].factors["access_ttl_s"],
        rate=interval(_spread(log_ins, seed)),
    )


def _dilemma(arms: Mapping[Key, list[Window]], writes: float | None, seed: int) -> Text:
    mine = [(key[1], _spread(of_arm, seed)) for key, of_arm in arms.items() if key[0] == TOKEN.name]
    if writes is None or not mine:
        return TOO_LITTLE
    ttl, spread = mine[-1]
    return _(
        "A busy member whose access token lives %(ttl)s s refreshes %(rate)s times an hour, with %(writes)s database "
        "writes each, and a stolen token opens doors for %(ttl)s s at most; at 5 minutes it is 12 times an hour and "
        "300 s: half the exposure always costs twice the refreshes.",
        ttl=ttl,
        rate=interval(spread),
        writes=f"{writes:.1f}",
    )


def _chart(arms: Mapping[Key, list[Window]], size: Size) -> Chart:
    traces = []
    for approach in dict.fromkeys(key[0] for key in arms):
        mine = {key: _spread(of_arm, size.seed) for key, of_arm in arms.items() if key[0] == approach}
        ends = [each.low for each in mine.values()], [each.high for each in mine.values()]
        values = [each.value for each in mine.values()]
        traces.append(Trace(name_of(approach), hue_of(approach), [key[1] for key in mine], values, *ends, "line"))
    lifetimes = sorted({*ASKED_S, *(key[1] for key in arms)})
    computed = [expected_an_hour(ttl) for ttl in lifetimes]
    traces.append(Trace(_("by the formula"), "ink-soft", lifetimes, computed, kind="line", dashed=True))
    shortest, longest = (min(key[1] for key in arms), max(key[1] for key in arms))
    title = _(
        "A lifetime of %(long)s s costs %(few)s refreshes an hour, one of %(short)s s costs %(many)s",
        long=longest,
        few=f"{max(_spread(of_arm, size.seed).value for key, of_arm in arms.items() if key[1] == longest):,.0f}",
        short=shortest,
        many=f"{max(_spread(of_arm, size.seed).value for key, of_arm in arms.items() if key[1] == shortest):,.0f}",
    )
    return Chart(title, _("access lifetime, s"), _("refreshes an hour a member"), traces, logarithmic_x=True)


def _table(writes: float | None, server_us: float | None) -> Table:
    rows: list[list[Cell]] = []
    for ttl in ASKED_S:
        an_hour = HOUR_S / ttl
        rows.append(
            [
                f"{ttl:,}",
                f"{an_hour:,.0f}",
                "–" if writes is None else f"{1000 * an_hour * writes / HOUR_S:,.1f}",
                "–" if server_us is None else f"{1000 * an_hour * server_us / 1e6 / HOUR_S:.2%}",
                f"{ttl:,}",
                f"{ttl / 2:,g}",
            ]
        )
    head = [
        *(_("access lifetime, s"), _("refreshes an hour a member"), _("database writes a second, 1,000 members")),
        *(_("of one core, 1,000 members"), _("exposure at most, s"), _("exposure on average, s")),
    ]
    return Table(_("What each lifetime costs and leaves open, computed from the refreshes measured"), head, rows)


def _measured(arms: Mapping[Key, list[Window]], size: Size) -> Table:
    rows: list[list[Cell]] = []
    for key, of_arm in arms.items():
        spread, writes = _spread(of_arm, size.seed), _writes_each(of_arm)
        written = "–" if writes is None else f"{writes:.2f}"
        rows.append([name_of(key[0]), str(key[1]), interval(spread), f"{expected_an_hour(key[1]):,.0f}", written])
    head = [
        *(_("approach"), _("access lifetime, s"), _("refreshes an hour a member"), _("by the formula")),
        _("database writes a refresh"),
    ]
    return Table(_("Refreshes measured"), head, rows)


def _compared(arms: Mapping[Key, list[Window]], log_ins: Sequence[Window], size: Size) -> Table:
    """Compare the arm without refresh tokens with the same lifetime with them."""
    ttl = log_ins[0].factors["access_ttl_s"]
    refreshing = arms.get((TOKEN.name, ttl), [])
    rows: list[list[Cell]] = []
    for what, windows, renewal in ((_("refresh"), refreshing, "refresh"), (_("log-in"), log_ins, "login")):
        if windows:
            server_us = _server_us(windows, renewal)
            each = "–" if server_us is None else f"{server_us:,.0f}"
            rows.append([what, str(ttl), interval(_spread(windows, size.seed)), f"{expected_an_hour(ttl):,.0f}", each])
    head = [
        *(_("what renews an access token"), _("access lifetime, s"), _("times an hour a member"), _("by the formula")),
        _("µs in the server each"),
    ]
    return Table(_("With a refresh token, and without"), head, rows)


METHOD = [
    _(
        "Members ask all the time, with %(ms)s ms between two requests on average, read when their access token "
        "expires, and refresh before they send it. All lifetimes run at the same time, each with its own members.",
        ms=round(PAUSE_S * 1000),
    ),
    _(
        "Writes are counted by the server itself: each refresh brings back the statements that it took (X-Lab-Trace). "
        "The commit is not counted as one of them."
    ),
    _(
        "One arm keeps no refresh token: its members log in again at each expiry. It has the longest lifetime, because "
        "many checks of a password would slow the others down."
    ),
    _(
        "Lifetimes of a minute and more are computed, not measured: refreshes an hour are 3,600 s divided by "
        "the lifetime. The measured ones must match this formula."
    ),
    _(
        "Exposure is how long a stolen access token, or one whose login has ended, is still accepted: at most its "
        "lifetime, half of it if it is stolen at a random moment. With a denylist, ended logins are refused at once; "
        "stolen ones only after the theft is detected."
    ),
]

LIFETIMES = Experiment(
    name="lifetimes",
    question=_("How long should an access token live?"),
    full=Size(seconds=60.0, repeats=5, users=8),
    quick=Size(seconds=6.0, repeats=5, users=4, quick=True),
    windows=lambda size: (len(APPROACHES) * len(lifetimes_s(size)) + 1) * size.repeats,
    collect=collect,
    conclude=conclude,
)
