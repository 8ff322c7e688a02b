"""The texts of `lookup-cost` reports: answer, charts, tables and method."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from loadtests.approaches import EDDSA, HS256, NONE
from loadtests.estimates import Estimate
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.outcome import Cell, Chart, Table, Trace
from loadtests.readings import Readings
from loadtests.windows import Key, label
from loadtests.words import Text, _
from service.approaches import SESSION, TOKEN

AGAIN = "again"  # the same approach under another name
PERCENTILES = ("p50_us", "p95_us", "p99_us")
HERE, AT_REDIS_URL = _("With the store on this machine"), _("With the store at REDIS_URL")
Differences = Mapping[str, Estimate]  # by percentile
Between = Mapping[int | None, Mapping[tuple[Any, Any], Differences]]  # pairs of arms, by round trip


def answer(readings: Mapping[Key, Readings], between: Between) -> Text:
    """Return the answer: what each approach adds with a near and a far store, and their differences."""
    far_ms = max(map(round_trip, readings), key=added, default=0)
    near_ms = None if far_ms is None else 0
    near, far = _adds(readings, near_ms), _adds(readings, far_ms)
    compared = _compared(between.get(near_ms, {}), near_ms)
    if near is None or far is None or compared is None:
        return TOO_LITTLE
    if far_ms is None:
        return _("%(near)s %(compared)s", near=_near(near, AT_REDIS_URL), compared=compared)
    return _(
        "%(near)s %(compared)s With the store %(ms)s ms away a session adds %(session)s µs, a token %(token)s µs.",
        near=_near(near, HERE),
        compared=compared,
        ms=far_ms,
        session=far["session"],
        token=far["token"],
    )


def _adds(readings: Mapping[Key, Readings], round_trip_ms: int | None) -> dict[str, str] | None:
    session, token = readings.get((SESSION.name, NONE, round_trip_ms)), readings.get((TOKEN.name, HS256, round_trip_ms))
    eddsa = readings.get((TOKEN.name, EDDSA, round_trip_ms))
    if session is None or token is None or eddsa is None:
        return None
    return {
        "session": interval(session.above_open_us),
        "lookup": f"{session.in_server_us:,.0f}",
        "token": interval(token.above_open_us),
        "eddsa": interval(eddsa.above_open_us),
    }


def _near(adds: Mapping[str, str], where: Text) -> Text:
    return _(
        "%(where)s a session adds %(session)s µs to a request without a login, of which %(lookup)s µs are the "
        "look-up; a token adds %(token)s µs signed by HS256 and %(eddsa)s µs by EdDSA, and looks nothing up.",
        where=where,
        **adds,
    )


def _compared(pairs: Mapping[tuple[Any, Any], Differences], round_trip_ms: int | None) -> Text | None:
    session, token = (SESSION.name, NONE, round_trip_ms), (TOKEN.name, HS256, round_trip_ms)
    more, same = pairs.get((session, token)), pairs.get(((*session, AGAIN), session))
    if more is None or same is None:
        return None
    return _(
        "A session takes %(p50)s µs more than a token by HS256 at the median, %(p95)s at the 95th percentile and "
        "%(p99)s at the 99th; the same approach twice differs by %(same)s.",
        **{name.removesuffix("_us"): interval(more.get(name)) for name in PERCENTILES},
        same=interval(same.get("p50_us"), ",.1f"),
    )


def charts(readings: Mapping[Key, Readings], round_trips_ms: Sequence[int | None]) -> list[Chart]:
    """Return a chart of what each approach adds, for each measured round trip."""
    return [_chart(readings, round_trip_ms) for round_trip_ms in round_trips_ms if _at(readings, round_trip_ms)]


def _chart(readings: Mapping[Key, Readings], round_trip_ms: int | None) -> Chart:
    traces = [
        Trace(
            _short(key),
            hue_of(key[0], key[1]),
            [_short(key)],
            [of_arm.above_open_us.value],
            [of_arm.above_open_us.low],
            [of_arm.above_open_us.high],
        )
        for key, of_arm in _at(readings, round_trip_ms).items()
    ]
    here = _at(readings, round_trip_ms)
    session, token = here.get((SESSION.name, NONE, round_trip_ms)), here.get((TOKEN.name, HS256, round_trip_ms))
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


def readings_table(readings: Mapping[Key, Readings]) -> Table:
    """Return the table of the three readings."""
    rows = [
        [
            _short(key),
            _ms(key[2]),
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


def round_trip(key: Key) -> int | None:
    """Return an arm's round trip to the store, in milliseconds."""
    return cast(int | None, key[2])


def added(round_trip_ms: int | None) -> int:
    """Return the added delay, in milliseconds."""
    return round_trip_ms or 0


def _at(readings: Mapping[Key, Readings], round_trip_ms: int | None) -> dict[Key, Readings]:
    return {key: of_arm for key, of_arm in readings.items() if key[2] == round_trip_ms}


def _short(key: Key) -> Text | str:
    name = name_of(key[0], key[1])
    return _("%(name)s, once more", name=name) if key[3:] else name


def label_of(key: Key) -> str:
    """Return an arm's label."""
    names = ("algorithm", "round_trip_ms", "again")
    return label(key[0], dict(zip(names, key[1:], strict=False)))


def where(round_trip_ms: int | None) -> str:
    """Return a round trip as the end of a check's name; "" for the store at `REDIS_URL`."""
    return "" if round_trip_ms is None else f" · {round_trip_ms} ms"


def percentiles_table(differences: Mapping[Key, Differences]) -> Table:
    """Return what each approach adds at the median and in the tail."""
    rows = [[_short(key), _ms(round_trip(key)), *_percentiles(of_arm)] for key, of_arm in differences.items()]
    head = [_("approach"), _("round trip, ms"), *PERCENTILE_HEADS]
    return Table(_("What each approach adds to a request without a login"), head, rows)


def between_table(between: Between) -> Table:
    """Return the differences between approaches. The last row is an approach compared with itself."""
    rows = [
        [_("%(one)s − %(other)s", one=_short(one), other=_short(other)), _ms(ms), *_percentiles(differences)]
        for ms, pairs in between.items()
        for (one, other), differences in pairs.items()
    ]
    return Table(
        _("One approach less another, restart by restart"),
        [_("difference"), _("round trip, ms"), *PERCENTILE_HEADS],
        rows,
    )


PERCENTILE_HEADS = (_("median, µs"), _("95th percentile, µs"), _("99th percentile, µs"))


def _percentiles(differences: Differences) -> list[Cell]:
    return [interval(differences.get(name), ",.1f") for name in PERCENTILES]


def _ms(round_trip_ms: int | None) -> str:
    return "–" if round_trip_ms is None else f"{round_trip_ms}"


NODE_AND_STORE = _(
    "Node and store are one process each; the page asks no database. A relay delays the store's replies by the "
    "round trip given; at 0 ms there is no relay."
)
TWINS_SAID = _(
    "The twin of a session is the same code with its records in node memory; that of a token with denylist is the "
    "token without. The two differ only in the look-up."
)
WHY_FLASK_SESSION_DEFAULT = _(
    "Flask-Session's default runs here only, as its documentation sets it up, behind the same pages. It reads and "
    "rewrites the whole session on every request."
)

METHOD = [
    _(
        "One member of each approach is logged in. Before each request one of them is chosen at random (the "
        "seed is in the results), and only one request is sent at a time. So no request waits in a queue, and a "
        "slow moment of the machine may affect any approach."
    ),
    _(
        "The lab is restarted for each repeat: the times of a process depend on its layout in memory, which "
        "more requests to the same process cannot show."
    ),
    _(
        "The session takes part twice, under two names. The interval that contains their true difference in 99 "
        "of 100 runs must contain 0, or the run is not publishable."
    ),
    _(
        "A difference of percentiles is that of the two approaches' own percentiles in one restart. Requests "
        "are not paired, so there are no percentiles of differences between requests."
    ),
    _(
        "Before all take turns each approach asks alone for a moment while the store counts its commands; while all "
        "take turns the commands are counted together."
    ),
    NODE_AND_STORE,
    TWINS_SAID,
    _(
        "Tokens by HS256 and by EdDSA are verified by the same node, which holds both keys. Members log in through "
        "Locust; their requests go over a bare connection."
    ),
    WHY_FLASK_SESSION_DEFAULT,
    _(
        "It has its own process, which is idle while the others take their turns, so its data is often not in "
        "the processor’s cache: its times are a little too long."
    ),
]
