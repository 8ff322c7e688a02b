"""The inputs of a plan: how many members do what, and on which machines. Each has a name, bounds and a unit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask_babel import LazyString, gettext, lazy_gettext
from werkzeug.exceptions import BadRequest

from service.config import DAY_S


@dataclass(frozen=True)
class Load:
    """The inputs of a plan, all integers.

    The defaults are a load that some approaches hold and others do not, and not for the same reason.
    """

    members: int = 200_000
    requests_per_minute: int = 6
    visit_min: int = 30
    access_ttl_s: int = 300
    refresh_ttl_s: int = 7 * DAY_S
    session_idle_s: int = 1800
    session_absolute_s: int = 43_200
    nodes: int = 100
    threads_per_node: int = 2
    work_ms: int = 5
    round_trip_ms: int = 1
    shards: int = 1
    shard_gib: int = 16
    node_gib: int = 4
    machine_price: int = 50
    doubling_percent: int = 200


@dataclass(frozen=True)
class Input:
    """One input: its bounds, and its label for readers."""

    name: str
    low: int
    high: int
    label: LazyString
    unit: LazyString | str

    @property
    def option(self) -> str:
        """Return its command line option."""
        return "--" + self.name.replace("_", "-")

    @property
    def default(self) -> int:
        return int(getattr(Load, self.name))


SECONDS, MINUTES, MILLISECONDS = lazy_gettext("seconds"), lazy_gettext("minutes"), lazy_gettext("ms")
INPUTS = (
    Input("members", 1, 100_000_000, lazy_gettext("Members at the same time"), lazy_gettext("members")),
    Input("requests_per_minute", 1, 600, lazy_gettext("Requests of each"), lazy_gettext("a minute")),
    Input("visit_min", 1, 1440, lazy_gettext("Length of a visit"), MINUTES),
    Input("access_ttl_s", 1, DAY_S, lazy_gettext("Lifetime of an access token"), SECONDS),
    Input("refresh_ttl_s", 1, 365 * DAY_S, lazy_gettext("Lifetime of a refresh token"), SECONDS),
    Input("session_idle_s", 1, 30 * DAY_S, lazy_gettext("Session ends when unused for"), SECONDS),
    Input("session_absolute_s", 1, 365 * DAY_S, lazy_gettext("Session ends at the latest after"), SECONDS),
    Input("nodes", 1, 1000, lazy_gettext("Nodes"), lazy_gettext("nodes")),
    Input("threads_per_node", 1, 64, lazy_gettext("Threads of a node"), lazy_gettext("threads")),
    Input("work_ms", 0, 1000, lazy_gettext("What a page waits for"), MILLISECONDS),
    Input("round_trip_ms", 0, 50, lazy_gettext("Way to the store and back"), MILLISECONDS),
    Input("shards", 1, 1000, lazy_gettext("Store shards"), lazy_gettext("shards")),
    Input("shard_gib", 1, 1024, lazy_gettext("Memory of a store shard"), "GiB"),
    Input("node_gib", 1, 1024, lazy_gettext("Memory of a node"), "GiB"),
    Input(
        "machine_price",
        1,
        1_000_000,
        lazy_gettext("Price of a node’s machine"),
        lazy_gettext("a month, in your currency"),
    ),
    Input(
        "doubling_percent",
        100,
        1000,
        lazy_gettext("A machine of twice the size costs"),
        lazy_gettext("percent of the smaller"),
    ),
)


def read_load(given: Mapping[str, Any]) -> Load:
    """Return the load from a query or a command line. Raise `BadRequest`, which names the wrong input."""
    load = Load(**{i.name: _whole(i, given[i.name]) for i in INPUTS if given.get(i.name) not in (None, "")})
    _refuse_reversed("access_ttl_s", load.access_ttl_s, "refresh_ttl_s", load.refresh_ttl_s)
    _refuse_reversed("session_idle_s", load.session_idle_s, "session_absolute_s", load.session_absolute_s)
    return load


def _whole(field: Input, value: object) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 12 else value
    if isinstance(number, int) and not isinstance(number, bool) and field.low <= number <= field.high:
        return number
    raise BadRequest(
        gettext(
            "%(name)s must be a whole number from %(low)s to %(high)s.", name=field.name, low=field.low, high=field.high
        )
    )


def _refuse_reversed(shorter: str, shorter_s: int, longer: str, longer_s: int) -> None:
    if shorter_s > longer_s:
        raise BadRequest(gettext("%(name)s must be at most %(other)s.", name=shorter, other=longer))


def as_query(load: Load) -> dict[str, int]:
    """Return the inputs that differ from the defaults."""
    values = {field.name: getattr(load, field.name) for field in fields(load)}
    return {name: value for name, value in values.items() if value != getattr(Load, name)}
