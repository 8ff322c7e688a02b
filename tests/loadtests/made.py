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
