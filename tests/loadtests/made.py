"""Windows made by hand, whose answers are known."""

from typing import Any

from loadtests.windows import Window


def window(approach: str = "session", repeat: int = 0, p50_us: float | None = 400.0, **changes: Any) -> Window:
    """Return a window in which everything went well, but for the changes."""
    reading: dict[str, Any] = {
        "seconds": 1.0,
        "requests": 100,
        "failures": 0,
        "kinds": {"ok": 100},
        "examples": {},
        "beside": {},
        "nodes": {"node-1": 100},
        "rps": 100.0,
        "p50_us": p50_us,
        "p95_us": 800.0,
        "p99_us": 900.0,
        "store_us_p50": 90.0 if approach in ("session", "hybrid") else 0.0,
        "verify_us_p50": 10.0,
        "since_due": {},
        "timeline": [],
        "notes": [],
    }
    own = {name: changes.pop(name) for name in list(changes) if name in reading}
    commands = {"session": {"getex": 100}, "hybrid": {"get": 100}, "untuned": {"get": 100, "set": 100}}
    fields: dict[str, Any] = {"factors": {}, "commands": commands.get(approach, {}), **changes}
    return Window(approach, repeat=repeat, reading=reading | own, **fields)


def five(
    approach: str = "session", p50s_us: tuple[float, ...] = (400, 405, 395, 410, 390), **changes: Any
) -> list[Window]:
    """Return one window a repeat."""
    return [window(approach, repeat, p50_us, **changes) for repeat, p50_us in enumerate(p50s_us)]


def step(
    approach: str = "session",
    algorithm: str | None = None,
    repeat: int = 0,
    load: int = 100,
    capacity_rps: float = 1000.0,
    most: int = 100,
    **changes: Any,
) -> Window:
    """Return one rate of `saturation`: `load` percent of a capacity, of which up to `most` percent are carried."""
    kept_up, rps = load <= most, capacity_rps * load / 100
    told = {
        "offered_rps": rps,
        "window_s": 1.0,
        "node_us": 100 * 1e6 / capacity_rps,
        "store_us": 100 * 5.0,
        "pinned": True,
        "cores_beside": 1,
    }
    waited = {"p50_us": 300.0, "p95_us": 600.0, "p99_us": 900.0 if kept_up else 90_000.0}
    timeline = [[0.5, {"ok": 100 if kept_up else 90}], [1.0, {"ok": 0 if kept_up else 10}]]
    factors = {"algorithm": algorithm, "load_percent": load}
    told |= changes.pop("more", {})
    return window(approach, repeat, factors=factors, more=told, since_due=waited, timeline=timeline, **changes)


NEAR_US = {
    *(("open", None, 300.0), ("memory", None, 310.0), ("session", None, 400.0), ("untuned", None, 500.0)),
    *(("token", "HS256", 420.0), ("token", "EdDSA", 460.0), ("hybrid", "HS256", 510.0), ("again", None, 400.0)),
}


def turns(restarts: int = 10, **more_us: float) -> list[Window]:
    """Return windows of `lookup-cost`; `more_us` is what an approach takes longer, `again` the second session.

    Each restart is slower than the one before, by the same for all.
    """
    return [
        window
        for repeat in range(restarts)
        for ms in (0, 1)
        for window in _turn(repeat, ms, {name: more_us.get(name, 0.0) for name, *_ in NEAR_US})
    ]


def _turn(repeat: int, ms: int, more_us: dict[str, float]) -> list[Window]:
    commands = {
        "session": {"getex": 50},
        "again": {"get": 50},
        "hybrid": {"get": 50},
        "untuned": {"get": 50, "set": 50},
    }
    together = {"commands": 100 * sum(len(each) for each in commands.values()), "seed": 1}
    made = []
    for name, algorithm, near_us in sorted(NEAR_US, key=str):
        asked = commands.get(name, {})
        p50_us = near_us + more_us[name] + 1000 * ms * len(asked) + 10 * repeat
        readings = {"p95_us": 2 * p50_us, "p99_us": 3 * p50_us, "store_us_p50": (90.0 + 1000 * ms) * len(asked)}
        factors = {"algorithm": algorithm, "round_trip_ms": ms} | ({"again": "again"} if name == "again" else {})
        counted = {"commands": asked, "counted_requests": 50, "more": {"together": together}}
        approach = "session" if name == "again" else name
        made.append(window(approach, repeat, p50_us, factors=factors, **readings, **counted))
    return made
