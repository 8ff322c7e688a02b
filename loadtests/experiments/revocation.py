"""L4. After a log-out, how long is the ended login still accepted?"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from loadtests.approaches import facts_of
from loadtests.arms import POLL_S, Arm, Crowd
from loadtests.estimates import Estimate, median_of
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.outcome import Cell, Chart, Outcome, Table, Trace
from loadtests.results import Check
from loadtests.stage import Experiment, Size, Stage, window_of
from loadtests.windows import Key, Window, by_arm, summarise
from loadtests.words import Text, _
from service.approaches import APPROACHES, HYBRID, SESSION, TOKEN, ApproachFacts, place_of

AT_ONCE_WITHIN_S = 0.5
SHORTER = "access_ttl_s"  # the field of a log-in
ROOM_S = 1.5  # `exp` is rounded down to whole seconds; the rest is for a busy machine


def lifetimes_s(size: Size) -> tuple[int, ...]:
    """Return the access lifetimes that a size measures. One second is too short: it may end before the log-out."""
    return (2, 3) if size.quick else (5, 15, 30)


def collect(stage: Stage) -> None:
    """Let members of every approach log in, log out, and retry, all at the same time."""
    lab = stage.lab("lab").wait_until_ready()
    arms = [_arm(facts, ttl, lab.url, stage.size) for facts, ttl in _measured(lab.approaches(), stage.size)]
    crowds = [arm.crowd for arm in arms]
    stage.generator.enter(crowds)
    for repeat in range(stage.size.repeats):
        seen = stage.window(crowds, float(max(lifetimes_s(stage.size))), once=True)
        for arm in stage.random.sample(arms, len(arms)):
            stage.kept.add(window_of(arm, repeat, seen))


def _measured(approaches: Iterable[ApproachFacts], size: Size) -> list[tuple[ApproachFacts, int | None]]:
    """Return the arms: approaches with logins, and each access lifetime where a log-in may ask for one."""
    return [
        (facts, ttl)
        for facts in approaches
        if facts.has_logins
        for ttl in (lifetimes_s(size) if SHORTER in facts.shorter else (None,))
    ]


def _arm(facts: ApproachFacts, access_ttl_s: int | None, host: str, size: Size) -> Arm:
    asked = {} if access_ttl_s is None else {SHORTER: access_ttl_s}
    crowd = Crowd(f"{facts.name} {access_ttl_s}", facts, host, size.users, "revocation", login_fields=asked)
    return Arm(crowd, {"access_ttl_s": access_ttl_s}, frozenset({"logged_out"}))


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Compare the lags."""
    arms = dict(sorted(by_arm(windows).items(), key=lambda item: (place_of(item[0][0]), item[0][1] or 0)))
    lags = {key: lag for key, of_arm in arms.items() if (lag := _lag(of_arm, size.seed)) is not None}
    results = [
        summarise(of_arm, size.seed, _more(of_arm, lags.get(key)), {"lag_s": _longest(of_arm)})
        for key, of_arm in arms.items()
    ]
    return Outcome(_answer(lags), results, _checks(lags), [_chart(lags)], [_table(arms, lags)], METHOD)


def _lag(windows: Sequence[Window], seed: int) -> Estimate | None:
    """Return the lag in seconds: the median of each repeat's longest one, which is what a thief can use."""
    longest = _longest(windows)
    return median_of(longest, seed) if longest else None


def _longest(windows: Sequence[Window]) -> list[float]:
    return [max(note["lag_s"] for note in window.reading["notes"]) for window in windows if window.reading["notes"]]


def _more(windows: Sequence[Window], lag: Estimate | None) -> dict[str, Any]:
    notes = list(chain.from_iterable(window.reading["notes"] for window in windows))
    return {
        "logouts": len(notes),
        "lag_s": lag and lag.value,
        "ci95_lag_s": lag and (lag.low, lag.high),
        "admitted_after_logout": sum(note["admitted"] for note in notes),
    }


def _checks(lags: Mapping[Key, Estimate]) -> list[Check]:
    return [
        Check(
            _("revocation of %(arm)s", arm=_name(key)),
            lag.value <= AT_ONCE_WITHIN_S
            if facts_of(key[0]).ends_at_once
            else key[1] - ROOM_S <= lag.value <= key[1] + ROOM_S,
            _("refused after %(lag)s s", lag=interval(lag, ".2g")),
        )
        for key, lag in lags.items()
    ]


def _answer(lags: Mapping[Key, Estimate]) -> Text:
    longest = max((key[1] for key in lags if key[1] is not None), default=0)
    token, hybrid, session = (
        lags.get(key) for key in ((TOKEN.name, longest), (HYBRID.name, longest), (SESSION.name, None))
    )
    if token is None or hybrid is None or session is None:
        return TOO_LITTLE
    return _(
        "A session that has ended is refused within %(session)s s; a token that lives %(ttl)s s is let in for another "
        "%(token)s s, which is as long as it lives; with a denylist it is refused within %(hybrid)s s.",
        session=interval(session, ".2g"),
        ttl=longest,
        token=interval(token, ".2g"),
        hybrid=interval(hybrid, ".2g"),
    )


def _chart(lags: Mapping[Key, Estimate]) -> Chart:
    traces = []
    lifetimes = sorted({key[1] for key in lags if key[1] is not None})
    without = [key[0] for key in lags if key[1] is None]
    for approach in reversed(without):  # the same for all lifetimes
        flat = [lags[approach, None].value] * len(lifetimes)
        traces.append(Trace(name_of(approach), hue_of(approach), lifetimes, flat, kind="line", dashed=True))
    for approach in dict.fromkeys(key[0] for key in lags if key[1] is not None):
        mine = [key for key in lags if key[0] == approach]
        ends = [lags[key].low for key in mine], [lags[key].high for key in mine]
        values = [lags[key].value for key in mine]
        traces.append(Trace(name_of(approach), hue_of(approach), [key[1] for key in mine], values, *ends, "line"))
    longest = max(lifetimes, default=None)
    title = _(
        "After the log-out a token that lives %(ttl)s s is let in for %(token)s s, a session for %(session)s s",
        ttl=longest,
        token=f"{lags[TOKEN.name, longest].value:.2g}" if (TOKEN.name, longest) in lags else "–",
        session=f"{lags[SESSION.name, None].value:.2g}" if (SESSION.name, None) in lags else "–",
    )
    return Chart(title, _("access lifetime, s"), _("s from log-out to first refusal"), traces)


def _table(arms: Mapping[Key, list[Window]], lags: Mapping[Key, Estimate]) -> Table:
    rows: list[list[Cell]] = []
    for key, of_arm in arms.items():
        more = _more(of_arm, lags.get(key))
        ttl = "–" if key[1] is None else str(key[1])
        lag = interval(lags[key], ".2g") if key in lags else "–"
        rows.append([name_of(key[0]), ttl, str(more["logouts"]), lag, f"{more['admitted_after_logout']:,}"])
    head = [
        *(_("approach"), _("access lifetime, s"), _("log-outs"), _("s to first refusal")),
        _("requests let in after the log-out"),
    ]
    return Table(_("From the acknowledged log-out to the first refusal"), head, rows)


def _name(key: Key) -> str:
    return key[0] if key[1] is None else f"{key[0]} · {key[1]} s"


METHOD = [
    _(
        "A member logs in, looks at the profile, logs out, and sends the ended login again every %(ms)s ms until it "
        "is refused; the time counts from the acknowledgement of the log-out.",
        ms=round(POLL_S * 1000),
    ),
    _(
        "The log-out comes right after the login, which is the worst case: a log-out at a random moment leaves "
        "half of that on average. Each repeat counts with its longest lag."
    ),
    _("All approaches and lifetimes run at the same time; the load is light, because the measured times are seconds."),
]

REVOCATION = Experiment(
    name="revocation",
    question=_("After a log-out, how long is the ended login still accepted?"),
    full=Size(seconds=30.0, repeats=5, users=4),
    quick=Size(seconds=3.0, repeats=5, users=2, quick=True),
    windows=lambda size: len(_measured(APPROACHES, size)) * size.repeats,
    collect=collect,
    conclude=conclude,
)
