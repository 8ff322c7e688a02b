"""L3. What does a logged-in member cost in memory, and where? The notes call sessions a burden to the server."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from redis import Redis

from lab.cluster.process import ROOT
from loadtests.arms import Arm, Crowd
from loadtests.estimates import FittedLine, line_through
from loadtests.experiments.naming import TOO_LITTLE, hue_of, interval, name_of
from loadtests.outcome import Cell, Chart, Outcome, Table, Trace
from loadtests.reconcile import reconciled
from loadtests.results import ArmResult, Check
from loadtests.stage import Experiment, Size, Stage
from loadtests.windows import Key, Window, by_arm, summarise, values
from loadtests.words import Text, _
from service.approaches import MEMORY as NODE_MEMORY
from service.approaches import SESSION, TOKEN

EXTRAPOLATED = (1_000_000, 10_000_000)
LIKE_A_REAL_ONE = 0.15  # how much a seeded record may differ from a real login's
LEAST_FIT = 0.98
MIB = 2**20
# Where each approach's logins use memory, by the readings below.
PLACES = {NODE_MEMORY.name: "node", SESSION.name: "store", TOKEN.name: "database"}
SAID = {NODE_MEMORY.name: _("node"), SESSION.name: _("store"), TOKEN.name: _("member database")}


def members(size: Size) -> tuple[int, ...]:
    """Return the numbers of logged-in members that a size measures."""
    return (500, 1_000, 1_500, 3_000) if size.quick else (1_000, 5_000, 20_000, 100_000, 200_000)


def most_tokens(size: Size) -> int:
    """Return how many refresh tokens are written. Each needs a transaction, so larger numbers are extrapolated."""
    return 1_500 if size.quick else 20_000


def collect(stage: Stage) -> None:
    """Add more and more logins, measure their size, and request pages at each number."""
    # Imported here: it imports SQLAlchemy and the app's stores, which would double the start time of `compare`.
    from loadtests.seeding import StoreSeeder, TokenSeeder  # noqa: PLC0415

    lab = stage.lab("lab").wait_until_ready()
    session, token = (Crowd(each.name, each, lab.url, stage.size.users) for each in (SESSION, TOKEN))
    stage.generator.enter([session, token])
    store = stage.enter(Redis.from_url(lab.store_url))
    counters = stage.counters(lab.store_url)
    real = _record_bytes(store)
    in_store, in_database = StoreSeeder(lab.store_url), TokenSeeder(lab.database_url)
    empty = {"store": _store_bytes(store), "database": _database_bytes(lab.folder)}
    for logins in members(stage.size):
        in_store.up_to(logins)
        in_database.up_to(min(logins, most_tokens(stage.size)))
        weights = {
            "store_bytes": _store_bytes(store) - empty["store"],
            "database_bytes": _database_bytes(lab.folder) - empty["database"],
            "database_logins": in_database.logins,
            "real_record_bytes": real,
            "record_bytes": _record_bytes(store),
        }
        arms = [Arm(crowd, {"logged_in_members": logins}) for crowd in (session, token)]
        for repeat, arm in stage.interleaved(arms):
            stage.measure(arm, repeat, counters, weights=weights)
    in_database.database.engine.dispose()
    for weighed in _in_a_node(members(stage.size)):
        stage.kept.add(_weighed(weighed))


def _store_bytes(store: Any) -> int:
    return int(store.info("memory")["used_memory"])


def _record_bytes(store: Any) -> float:
    """Return the bytes of a session's record in the store, including the key: the median of a few."""
    keys = [key for key, _ in zip(store.scan_iter("lab:session:*", count=200), range(50), strict=False)]
    return float(median(int(store.memory_usage(key) or 0) for key in keys))


def _database_bytes(folder: Path) -> int:
    """Return the used bytes of the member database, by its page count: its files also contain free pages."""
    with closing(sqlite3.connect(folder / "lab.db")) as database:
        pages, page_bytes = (database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
    return int(pages * page_bytes)


def _in_a_node(numbers: Sequence[int]) -> list[dict[str, int]]:
    command = [sys.executable, "-m", "loadtests.seeding", *map(str, numbers)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def _weighed(weighed: Mapping[str, int]) -> Window:
    logins = weighed["logins"]
    reading = {"requests": logins, "failures": 0, "kinds": {"ok": logins}, "nodes": {}, "examples": {}}
    weights = {"node_bytes": weighed["bytes"]}
    return Window(NODE_MEMORY.name, {"logged_in_members": logins}, 0, reading, once=True, more={"weights": weights})


def conclude(windows: Sequence[Window], size: Size) -> Outcome:
    """Fit a line to each place's bytes, and extrapolate it."""
    order = list(PLACES)
    arms = dict(sorted(by_arm(windows).items(), key=lambda item: (order.index(item[0][0]), item[0][1])))
    fits = {approach: line for approach in PLACES if (line := _fit(arms, approach)) is not None}
    checks = [*reconciled(windows), *_checks(arms, fits)]
    results = [
        summarise(of_arm, size.seed, {**_weights(of_arm), "fit": _told(fits.get(key[0]))}, _repeats(of_arm, arms))
        for key, of_arm in arms.items()
    ]
    return Outcome(_answer(fits), results, checks, [_chart(arms, fits), _times(arms)], [_table(fits)], METHOD)


def _weights(windows: Sequence[Window]) -> dict[str, Any]:
    weights: dict[str, Any] = dict(windows[0].more["weights"])
    return weights


def _repeats(of_arm: Sequence[Window], arms: Mapping[Key, list[Window]]) -> dict[str, list[float]]:
    """Return an arm's medians. For an approach's last arm also the bytes per login between the numbers of members."""
    approach, number = of_arm[0].key
    repeats = {"p50_us": values(of_arm, "p50_us")}
    if number == max(key[1] for key in arms if key[0] == approach):
        steps = pairwise(zip(*_points(arms, approach), strict=True))
        repeats["bytes_a_login"] = [(more - less) / (many - few) for (few, less), (many, more) in steps]
    return repeats


def _points(arms: Mapping[Key, list[Window]], approach: str) -> tuple[list[float], list[float]]:
    """Return numbers of logins, and their bytes in the place where this approach stores them."""
    place = PLACES[approach]
    points = {}
    for key, of_arm in arms.items():
        if key[0] == approach:
            weights = _weights(of_arm)
            logins: Any = weights.get(f"{place}_logins", key[1])
            points[float(logins)] = float(weights[f"{place}_bytes"])
    return list(points), list(points.values())


def _fit(arms: Mapping[Key, list[Window]], approach: str) -> FittedLine | None:
    logins, weights = _points(arms, approach)
    return line_through(logins, weights) if len(logins) >= 3 else None


def _told(line: FittedLine | None) -> dict[str, Any] | None:
    if line is None:
        return None
    ends = (line.slope.low, line.slope.high)
    return {"bytes_a_login": line.slope.value, "ci95_bytes_a_login": ends, "r_squared": line.r_squared}


def _checks(arms: Mapping[Key, list[Window]], fits: Mapping[str, FittedLine]) -> list[Check]:
    checks = [
        Check(
            _("a line fits: %(name)s", name=name_of(approach)),
            line.r_squared >= LEAST_FIT,
            _("it explains %(share)s of the spread", share=f"{line.r_squared:.2%}"),
        )
        for approach, line in fits.items()
    ]
    seeded = [_weights(of_arm) for key, of_arm in arms.items() if key[0] == SESSION.name]
    if seeded:
        real, ours = seeded[-1]["real_record_bytes"], seeded[-1]["record_bytes"]
        detail = _("%(ours)s bytes seeded, %(real)s bytes by a real login", ours=f"{ours:.0f}", real=f"{real:.0f}")
        checks.append(Check(_("a seeded session is like a real one"), abs(ours / real - 1) <= LIKE_A_REAL_ONE, detail))
    return checks


def _answer(fits: Mapping[str, FittedLine]) -> Text:
    if not fits.keys() >= PLACES.keys():
        return TOO_LITTLE
    return _(
        "A logged-in member takes %(node)s bytes of a node's memory, or %(store)s bytes of the store's, or nothing of "
        "either with a token, whose refresh token takes %(database)s bytes of the member database: a million members "
        "are %(million)s MiB in the store.",
        node=interval(fits[NODE_MEMORY.name].slope),
        store=interval(fits[SESSION.name].slope),
        database=interval(fits[TOKEN.name].slope),
        million=f"{fits[SESSION.name].slope.value * 1_000_000 / MIB:,.0f}",
    )


def _chart(arms: Mapping[Key, list[Window]], fits: Mapping[str, FittedLine]) -> Chart:
    traces = []
    for approach, place in SAID.items():
        logins, weights = _points(arms, approach)
        name = _("%(name)s: %(place)s", name=name_of(approach), place=place)
        traces.append(Trace(name, hue_of(approach), logins, [each / MIB for each in weights], kind="line"))
        if approach in fits and logins:
            ends = [0.0, max(key[1] for key in arms)]
            line = [fits[approach].at(x) / MIB for x in ends]
            traces.append(
                Trace(_("%(name)s, fitted", name=name), hue_of(approach), ends, line, kind="line", dashed=True)
            )
    title = _(
        "Each login takes %(node)s bytes in a node's memory, %(store)s in the store, %(database)s in the member "
        "database",
        **{place: f"{fits[name].slope.value:,.0f}" if name in fits else "–" for name, place in PLACES.items()},
    )
    return Chart(title, _("logged-in members"), "MiB", traces)


def _times(arms: Mapping[Key, list[Window]]) -> Chart:
    traces = []
    for approach in (SESSION.name, TOKEN.name):
        results = [summarise(of_arm) for key, of_arm in arms.items() if key[0] == approach]
        spreads = [result.ci95_p50_us or (result.p50_us or 0, result.p50_us or 0) for result in results]
        traces.append(
            Trace(
                name_of(approach),
                hue_of(approach),
                [result.factors["logged_in_members"] for result in results],
                [result.p50_us for result in results],
                [low for low, _high in spreads],
                [high for _low, high in spreads],
                "line",
            )
        )
    sessions = [summarise(of_arm) for key, of_arm in arms.items() if key[0] == SESSION.name]
    return Chart(_times_found(sessions), _("logged-in members"), _("µs a request, median"), traces)


def _times_found(sessions: Sequence[ArmResult]) -> Text:
    if not sessions:
        return TOO_LITTLE
    few, many = sessions[0], sessions[-1]
    return _(
        "A session's request takes %(few_us)s µs with %(few)s members logged in, and %(many_us)s µs with %(many)s",
        few_us=f"{few.p50_us or 0:,.0f}",
        few=f"{few.factors['logged_in_members']:,}",
        many_us=f"{many.p50_us or 0:,.0f}",
        many=f"{many.factors['logged_in_members']:,}",
    )


def _table(fits: Mapping[str, FittedLine]) -> Table:
    rows: list[list[Cell]] = [
        [
            name_of(approach),
            SAID[approach],
            interval(line.slope),
            f"{line.r_squared:.4f}",
            *(f"{line.at(number) / MIB:,.0f}" for number in EXTRAPOLATED),
        ]
        for approach, line in fits.items()
    ]
    head: list[Cell] = [
        *(_("approach"), _("where"), _("bytes a login"), "R²"),
        *(_("MiB for %(number)s members, extrapolated", number=f"{number:,}") for number in EXTRAPOLATED),
    ]
    return Table(_("Bytes per login, and the extrapolated line"), head, rows)


METHOD = [
    _(
        "The numbers of logged-in members go upwards, one after the other, so a slow moment of the machine may "
        "affect only one of them. At each number session and token take turns. Intervals of bytes are those of the "
        "fitted line's slope."
    ),
    _(
        "Logins are created by the lab's own store classes, record by record, but without password hashing. The "
        "store reports its own memory; a check compares a seeded record with that of a real login."
    ),
    _(
        "Node memory is measured in a separate process that stores only the sessions, with the same class as a "
        "node: a node’s other memory is not included. Memory is counted by the system, in pages."
    ),
    _(
        "Refresh tokens are written for the first logins only, as the member database takes one transaction "
        "each; the rest is extrapolated."
    ),
    _(
        "Requests in the rows of node memory are logins that were seeded. Beyond the largest number measured, every "
        "figure is extrapolated."
    ),
]

MEMORY = Experiment(
    name="memory",
    question=_("What does a logged-in member cost in memory, and where?"),
    full=Size(seconds=1.0, repeats=5, users=1),
    quick=Size(seconds=0.2, repeats=5, users=1, quick=True),
    windows=lambda size: len(members(size)) * (2 * size.repeats + 1),
    collect=collect,
    conclude=conclude,
    needs_own_store="it fills the store with sessions, and weighs all that the store holds",
    baseline=lambda arm: (TOKEN.name, arm["factors"]),  # needs no store
)
