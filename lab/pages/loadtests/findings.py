"""What a run found, in one line with its figures. Each figure comes from the arms of its `results.json`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from service.approaches import MEMORY, SESSION, TOKEN

Figures = dict[str, float]
HMAC = {TOKEN.name: "HS256"}  # of two tokens the one that is quoted
BEFORE_A_UNIT, NO_BREAK_SPACE = re.compile(r"(?<=\d) (?=%|µs|s\b|ms\b)"), "\u00a0"


class Arms:
    """The arms of a run's results. What is not there raises `LookupError` or `TypeError`."""

    def __init__(self, arms: Sequence[Mapping[str, Any]]) -> None:
        self._arms = arms

    def of(self, approach: str, **factors: Any) -> Mapping[str, Any]:
        """Return the first arm of an approach that has these factors."""
        for arm in self._arms:
            if arm["approach"] == approach and factors.items() <= arm["factors"].items():
                return arm
        raise LookupError(approach)

    def range_of(self, factor: str, **factors: Any) -> tuple[int, int]:
        """Return the least and the most of a factor, of the arms that have these factors."""
        mine = [arm["factors"] for arm in self._arms if factors.items() <= arm["factors"].items()]
        found = sorted(each[factor] for each in mine if isinstance(each.get(factor), int))
        return found[0], found[-1]


@dataclass(frozen=True)
class Finding:
    """How the figures of an experiment are read from its arms, and the line that says them."""

    read: Callable[[Arms], Figures]
    say: Callable[..., str]


def _both(read: Callable[[str], float], factor: float = 1) -> Figures:
    """Return a figure of the session and one of the token."""
    return {name: factor * read(name) for name in (SESSION.name, TOKEN.name)}


def _lookup_cost(arms: Arms) -> Figures:
    near_ms, far_ms = arms.range_of("round_trip_ms")
    near, far = (_added_at(arms, ms) for ms in (near_ms, far_ms))
    return near | {f"{name}_far": added for name, added in far.items()} | {"far": far_ms}


def _added_at(arms: Arms, ms: int) -> Figures:
    return _both(lambda name: arms.of(name, algorithm=HMAC.get(name), round_trip_ms=ms)["above_open_us"])


def _saturation(arms: Arms) -> Figures:
    return _both(lambda name: arms.of(name, algorithm=HMAC.get(name))["knee_rps"])


def _scale_out(arms: Arms) -> Figures:
    most = {"door": "round robin", "nodes": arms.range_of("nodes", door="round robin")[1]}
    shared = _both(lambda name: arms.of(name, **most)["wrongly_logged_out"], 100)
    return shared | {"nodes": most["nodes"], MEMORY.name: 100 * arms.of(MEMORY.name, **most)["wrongly_logged_out"]}


def _memory(arms: Arms) -> Figures:
    return _both(lambda name: arms.of(name)["fit"]["bytes_a_login"])


def _revocation(arms: Arms) -> Figures:
    lifetime_s = arms.range_of("access_ttl_s")[1]
    lives = {SESSION.name: None, TOKEN.name: lifetime_s}
    return _both(lambda name: arms.of(name, access_ttl_s=lives[name])["lag_s"]) | {"lifetime": lifetime_s}


def _lifetimes(arms: Arms) -> Figures:
    short_s, long_s = arms.range_of("access_ttl_s")
    many, few = (arms.of(TOKEN.name, access_ttl_s=each)["refreshes_an_hour_a_member"] for each in (short_s, long_s))
    return {"long": long_s, "few": few, "short": short_s, "many": many}


def _outage(arms: Arms) -> Figures:
    return _both(lambda name: arms.of(name, fault="store killed")["error_share_during"], 100)


FINDINGS = {
    "lookup-cost": Finding(
        _lookup_cost,
        lambda **figures: _(
            "With the store on the same machine a session adds %(session)s µs to a request, a token "
            "(HS256) %(token)s µs; with the store %(far)s ms away %(session_far)s and %(token_far)s µs.",
            **figures,
        ),
    ),
    "saturation": Finding(
        _saturation,
        lambda **figures: _(
            "One core serves %(session)s requests a second by session, %(token)s by token (HS256).", **figures
        ),
    ),
    "scale-out": Finding(
        _scale_out,
        lambda **figures: _(
            "%(nodes)s nodes wrongly turn away %(memory)s %% of requests with sessions in node memory, %(session)s %% "
            "with a shared store, %(token)s %% with tokens.",
            **figures,
        ),
    ),
    "memory": Finding(
        _memory,
        lambda **figures: _(
            "A login takes %(session)s bytes of the store by session, %(token)s of the member database by token.",
            **figures,
        ),
    ),
    "revocation": Finding(
        _revocation,
        lambda **figures: _(
            "After a log-out a session is refused within %(session)s s, a token of %(lifetime)s s after %(token)s s.",
            **figures,
        ),
    ),
    "lifetimes": Finding(
        _lifetimes,
        lambda **figures: _(
            "A token of %(long)s s is refreshed %(few)s times an hour, one of %(short)s s %(many)s times.", **figures
        ),
    ),
    "outage": Finding(
        _outage,
        lambda **figures: _(
            "While the store is down, %(session)s %% of session requests fail, and %(token)s %% of token requests.",
            **figures,
        ),
    ),
}


def figures_of(experiment: str, results: Mapping[str, Any]) -> Figures | None:
    """Return the figures of a run's line, or None: it was stopped early, or has not measured them."""
    try:
        read = FINDINGS[experiment].read(Arms(results["arms"]))
        return {name: float(value) for name, value in read.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def finding(experiment: str, *runs: Figures) -> str:
    """Return the line in the reader's language. Of several runs each figure is a range."""
    line = FINDINGS[experiment].say(**{name: _range([figures[name] for figures in runs]) for name in runs[0]})
    return BEFORE_A_UNIT.sub(NO_BREAK_SPACE, line)


def _range(values: Sequence[float]) -> str:
    least, most = (_three_digits(value) for value in (min(values), max(values)))
    return least if least == most else f"{least}–{most}"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
