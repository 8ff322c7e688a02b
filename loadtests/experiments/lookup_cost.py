"""L1. What does looking a login up cost, on every request? The notes say that sessions pay it and tokens do not."""

from collections.abc import Mapping, Sequence
from typing import cast

from loadtests.arms import Arm, Crowd
from loadtests.experiments.naming import HUES, IN_TURN, NAMES, TOO_LITTLE, interval
from loadtests.outcome import Chart, Outcome, Table, Trace
from loadtests.readings import TWINS, Readings, read
from loadtests.reconcile import reconciled
from loadtests.results import Check
from loadtests.stage import Experiment, Size, Stage
from loadtests.untuned import running_untuned
from loadtests.waiting import wait_until_open
from loadtests.windows import Key, Window, by_arm, label, summarise
from loadtests.words import Text, _

ROUND_TRIPS_MS = (0, 1, 5)
QUICK_ROUND_TRIPS_MS = (0, 1)
HS256, EDDSA, NONE = "HS256", "EdDSA", None
LEAST_FOR_AN_ANSWER = 3  # repeats: two say nothing about each other
# Approach, and the algorithm that signs its tokens.
ARMS: tuple[tuple[str, str | None], ...] = (
    ("open", NONE),
    ("memory", NONE),
    ("session", NONE),
    ("untuned", NONE),
    ("token", HS256),
    ("token", EDDSA),
    ("hybrid", HS256),
)


def round_trips_ms(size: Size) -> tuple[int | None, ...]:
    """Return the round trips to the store that a size measures; None is the way to a store that was given."""
    if not size.own_store:
        return (None,)
    return QUICK_ROUND_TRIPS_MS if size.quick else ROUND_TRIPS_MS


def collect(stage: Stage) -> None:
    """Measure every approach at every round trip, one member at a time: service time, without a queue."""
    lab = stage.lab("lab").wait_until_ready()
    eddsa = stage.lab("eddsa", REDIS_URL=lab.store_url, STORE_PREFIX="eddsa:", JWT_ALGORITHM=EDDSA)
    untuned = stage.enter(running_untuned(lab.folder / "untuned", lab.store_url, lab.database_url, lab.store_prefix))
    hosts = {("untuned", NONE): untuned, ("token", EDDSA): eddsa.wait_until_ready().url}
    wait_until_open(untuned)
    crowds = {key: Crowd(f"{key[0]} {key[1]}", key[0], hosts.get(key, lab.url), stage.size.users) for key in ARMS}
    stage.generator.enter(list(crowds.values()))
    counters = stage.counters(lab.store_url)
    set_to: float | None = None
    for repeat, arm in stage.interleaved([*_arms(crowds, stage.size)]):
        round_trip_ms = arm.factors["round_trip_ms"]
        if round_trip_ms is not None and round_trip_ms != set_to:
            set_to = round_trip_ms
            lab.set_round_trip(round_trip_ms)
        stage.measure(arm, repeat, counters)


def _arms(crowds: Mapping[tuple[str, str | None], Crowd], size: Size) -> Sequence[Arm]:
    return [
        Arm(crowd, {"algorithm": algorithm, "round_trip_ms": round_trip_ms})
        for (_approach, algorithm), crowd in crowds.items()
        for round_trip_ms in round_trips_ms(size)
    ]


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Set the three readings of a look-up's cost side by side, and answer with the nearest store."""
    arms = dict(sorted(by_arm(windows).items(), key=lambda item: (item[0][2], ARMS.index(item[0][:2]))))
    readings = {key: of_arm for key in arms if (of_arm := _readings(arms, key, size.seed)) is not None}
    results = [summarise(of_arm, size.seed, _more(readings.get(key))) for key, of_arm in arms.items()]
    checks = [*reconciled(windows), *_agreement(readings), *_separation(readings)]
    answer = _answer(readings) if min(map(len, arms.values()), default=0) >= LEAST_FOR_AN_ANSWER else TOO_LITTLE
    return Outcome(answer, results, checks, _charts(readings, size), [_table(readings)], METHOD)


def _readings(arms: Mapping[Key, list[Window]], key: Key, seed: int) -> Readings | None:
    approach, algorithm, round_trip_ms = key
    baseline = arms.get(("open", NONE, round_trip_ms), [])
    twin = arms.get((TWINS.get(approach), algorithm, round_trip_ms))
    return read(arms[key], baseline, twin, round_trip_ms or 0, seed) if approach != "open" else None


def _more(readings: Readings | None) -> dict[str, object]:
    if readings is None:
        return {}
    return {
        "in_server_us": readings.in_server_us,
        "in_store_us": readings.in_store_us,
        "above_open_us": readings.above_open_us.value,
        "ci95_above_open_us": (readings.above_open_us.low, readings.above_open_us.high),
        "above_twin_us": readings.above_twin_us and readings.above_twin_us.value,
        "ci95_above_twin_us": readings.above_twin_us and (readings.above_twin_us.low, readings.above_twin_us.high),
        "readings_agree": readings.agree,
    }


def _agreement(readings: Mapping[Key, Readings]) -> list[Check]:
    return [
        Check(
            _("three readings of %(arm)s agree", arm=_name(key)),
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
    """Return whether the smallest effect that the notes claim can be told from nothing here."""
    nearest = readings.get(("session", NONE, min(map(_round_trip, readings), key=_added, default=0)))
    if nearest is None:
        return []
    outside = _("the difference is %(difference)s µs", difference=interval(nearest.above_open_us))
    return [Check(_("a session costs more than no login"), nearest.above_open_us.low > 0, outside)]


def _answer(readings: Mapping[Key, Readings]) -> Text:
    far_ms = max(map(_round_trip, readings), key=_added, default=0)
    near_ms = None if far_ms is None else 0
    session, far_session = readings.get(("session", NONE, near_ms)), readings.get(("session", NONE, far_ms))
    token, far_token = readings.get(("token", HS256, near_ms)), readings.get(("token", HS256, far_ms))
    if session is None or token is None or far_session is None or far_token is None:
        return TOO_LITTLE
    if far_ms is None:
        return _(
            "With the store at REDIS_URL a session adds %(session)s µs to a request that nobody has to log in for, of "
            "which %(lookup)s µs are the look-up; a token adds %(token)s µs and looks nothing up.",
            session=interval(session.above_open_us),
            lookup=f"{session.in_server_us:,.0f}",
            token=interval(token.above_open_us),
        )
    return _(
        "With the store on this machine a session adds %(session)s µs to a request that nobody has to log in for, "
        "of which %(lookup)s µs are the look-up; a token adds %(token)s µs and looks nothing up. With the store "
        "%(far)s ms away a session adds %(far_session)s µs, a token %(far_token)s µs.",
        session=interval(session.above_open_us),
        lookup=f"{session.in_server_us:,.0f}",
        token=interval(token.above_open_us),
        far=far_ms,
        far_session=interval(far_session.above_open_us),
        far_token=interval(far_token.above_open_us),
    )


def _charts(readings: Mapping[Key, Readings], size: Size) -> list[Chart]:
    return [_chart(readings, round_trip_ms) for round_trip_ms in round_trips_ms(size) if _at(readings, round_trip_ms)]


def _chart(readings: Mapping[Key, Readings], round_trip_ms: int | None) -> Chart:
    traces = [
        Trace(
            _short(key),
            HUES[key[0]],
            [_short(key)],
            [of_arm.above_open_us.value],
            [of_arm.above_open_us.low],
            [of_arm.above_open_us.high],
        )
        for key, of_arm in _at(readings, round_trip_ms).items()
    ]
    here = _at(readings, round_trip_ms)
    session, token = here.get(("session", NONE, round_trip_ms)), here.get(("token", HS256, round_trip_ms))
    costs = {
        "session": f"{session.above_open_us.value:,.0f}" if session else "–",
        "token": f"{token.above_open_us.value:,.0f}" if token else "–",
    }
    return Chart(_title(round_trip_ms, costs), "", _("µs a request, above no login"), traces)


def _title(round_trip_ms: int | None, costs: Mapping[str, str]) -> Text:
    if round_trip_ms is None:
        return _(
            "With the store at REDIS_URL a session adds %(session)s µs to a request, a token %(token)s µs", **costs
        )
    return _(
        "With the store %(ms)s ms away a session adds %(session)s µs to a request, a token %(token)s µs",
        ms=round_trip_ms,
        **costs,
    )


def _table(readings: Mapping[Key, Readings]) -> Table:
    rows = [
        [
            _short(key),
            "–" if key[2] is None else f"{key[2]}",
            f"{of_arm.in_store_us:,.1f}",
            f"{of_arm.in_server_us:,.1f}",
            interval(of_arm.above_twin_us),
            interval(of_arm.above_open_us),
            {True: _("✓ agree"), False: _("✕ disagree"), None: _("nothing to look up")}[of_arm.agree],
        ]
        for key, of_arm in readings.items()
    ]
    head = [
        *(_("approach"), _("round trip, ms"), _("in the store, µs (at least)"), _("in the server, µs")),
        *(_("above its twin, µs"), _("above no login, µs"), _("do they agree?")),
    ]
    return Table(_("Three readings of what a look-up costs"), head, rows)


def _round_trip(key: Key) -> int | None:
    return cast(int | None, key[2])


def _added(round_trip_ms: int | None) -> int:
    return round_trip_ms or 0


def _at(readings: Mapping[Key, Readings], round_trip_ms: int | None) -> dict[Key, Readings]:
    return {key: of_arm for key, of_arm in readings.items() if key[2] == round_trip_ms}


def _short(key: Key) -> Text | str:
    name = NAMES[key[0]]
    return _("%(name)s, %(algorithm)s", name=name, algorithm=key[1]) if key[0] == "token" else name


def _name(key: Key) -> str:
    return label(key[0], {"algorithm": key[1], "round_trip_ms": key[2]})


METHOD = [
    IN_TURN,
    _(
        "One member at a time asks for the profile, again and again, so that nobody waits in a queue: what is compared "
        "is how long an answer takes, not how many a machine can give."
    ),
    _(
        "Node and store are one process each; the page asks no database. A relay delays the store's replies by the "
        "round trip given; at 0 ms nothing stands in between."
    ),
    _(
        "The twin of a session is the same code with its records in node memory; that of a token with denylist is the "
        "token without. What the two differ by is the look-up and nothing else."
    ),
    _(
        "Flask-Session's default runs here only, as its documentation sets it up, behind the same pages. It reads and "
        "rewrites the whole session on every request."
    ),
]

LOOKUP_COST = Experiment(
    name="lookup-cost",
    question=_("What does looking a login up cost, on every request?"),
    full=Size(seconds=5.0, repeats=5, users=1),
    quick=Size(seconds=0.4, repeats=5, users=1, quick=True),
    windows=lambda size: len(ARMS) * len(round_trips_ms(size)) * size.repeats,
    collect=collect,
    conclude=conclude,
    baseline=lambda arm: ("open", {"algorithm": NONE, "round_trip_ms": arm["factors"]["round_trip_ms"]}),
)
