"""The comparisons of a run: ratios between arms within each round, with a target for each ratio."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.servers import GRANIAN, GUNICORN, NODE_JS
from loadtests.estimates import Estimate, median_of

BARE = "bare Flask"
Values = Mapping[str, float]  # one round: microseconds, or requests per second, by arm


@dataclass(frozen=True)
class Comparison:
    """A ratio: its name, and its target as text."""

    name: str
    aim: str
    arms: tuple[str, ...]
    of: Callable[[Values], float]


def _over_bare(arm: str, other: str, most: float) -> Comparison:
    """Compare the added time of two arms over bare Flask."""
    aims = f"≤ {most:.2f}"

    def what(us: Values) -> float:
        return (us[arm] - us[BARE]) / (us[other] - us[BARE])

    return Comparison(f"{arm} over bare ÷ {other} over bare", aims, (arm, other, BARE), what)


IN_PROCESS = (
    Comparison(
        "/open over bare ÷ bare Flask",
        "≤ 0.35",
        ("/open", BARE),
        lambda us: (us["/open"] - us[BARE]) / us[BARE],
    ),
    _over_bare("/token HS256", "Flask-JWT-Extended", 0.35),
    _over_bare("/token EdDSA", "Flask-JWT-Extended", 0.35),
    _over_bare("/session", "Flask-Session", 0.35),
    _over_bare("/session", "Flask-Session, no refresh", 0.70),
    _over_bare("/hybrid HS256", "Flask-JWT-Extended, blocklist", 0.45),
    _over_bare("/hybrid EdDSA", "Flask-JWT-Extended, blocklist", 0.45),
)


def _times(arm: str, other: str, least: float) -> Comparison:
    """Compare requests per second. Names are "arm | server"."""
    return Comparison(f"{arm} ÷ {other}", f"≥ {least:.2f}", (arm, other), lambda rps: rps[arm] / rps[other])


def under(server: str, arm: str) -> str:
    """Return the name of an arm with its server."""
    return f"{arm} ({server})"


OVER_HTTP = (
    _times(under(GRANIAN, "/token HS256"), under(NODE_JS, "Express, jsonwebtoken"), 3.0),
    _times(under(GRANIAN, "/token HS256"), under(NODE_JS, "Express, jose"), 1.3),
    _times(under(GRANIAN, "/session"), under(NODE_JS, "Express, connect-redis"), 1.1),
    _times(under(GRANIAN, "/open"), under(GRANIAN, BARE), 0.75),
    *(
        _times(under(server, ours), under(server, theirs), 1.0)
        for server in (GRANIAN, GUNICORN)
        for ours, theirs in (
            ("/session", "Flask-Session"),
            ("/session", "Flask-Session, no refresh"),
            ("/session", "Django sessions"),
            ("/token HS256", "Flask-JWT-Extended"),
            ("/token HS256", "Django REST Simple JWT, stateless"),
            ("/token HS256", "FastAPI, PyJWT"),
            ("/token HS256", "Starlette, PyJWT"),
            ("/hybrid HS256", "Flask-JWT-Extended, blocklist"),
        )
    ),
)


def in_process(rounds: Mapping[str, Sequence[float]]) -> list[tuple[Comparison, Estimate]]:
    """Return the in-process ratios for which these rounds have data."""
    each = [dict(zip(rounds, values, strict=True)) for values in zip(*rounds.values(), strict=True)]
    return _estimated(IN_PROCESS, each)


def over_http(
    windows: Iterable[Mapping[str, Any]], connections: int, figure: Callable[[Mapping[str, Any]], float]
) -> list[tuple[Comparison, Estimate]]:
    """Return the ratios of a window's figure at one number of connections."""
    rounds: dict[int, dict[str, float]] = {}
    for window in windows:
        if window["connections"] == connections:
            rounds.setdefault(window["round"], {})[under(window["server"], window["arm"])] = figure(window)
    return _estimated(OVER_HTTP, list(rounds.values()))


def by_the_clock(window: Mapping[str, Any]) -> float:
    """Return requests per second."""
    return float(window["rps"])


def by_cpu(window: Mapping[str, Any]) -> float:
    """Return requests per second of the node's processor time: what a whole core would serve."""
    return 1e6 / float(window["node_cpu_us"])


def _estimated(comparisons: Sequence[Comparison], rounds: Sequence[Values]) -> list[tuple[Comparison, Estimate]]:
    told = []
    for comparison in comparisons:
        whole = [values for values in rounds if all(arm in values for arm in comparison.arms)]
        if whole:
            told.append((comparison, median_of([comparison.of(values) for values in whole])))
    return told
