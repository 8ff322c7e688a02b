"""Names of figures and resources, and the format of their values, in the reader's language."""

import math
from collections.abc import Iterable

from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal
from flask_babel import LazyString, get_locale, lazy_gettext

from planner.expression import noticed, significant

FIGURES: dict[str, tuple[LazyString, str]] = {
    "requests_s": (lazy_gettext("Requests"), "/s"),
    "logins_s": (lazy_gettext("Log-ins"), "/s"),
    "refreshes_s": (lazy_gettext("Refreshes"), "/s"),
    "logouts_s": (lazy_gettext("Log-outs"), "/s"),
    "store_ops_s": (lazy_gettext("Store operations"), "/s"),
    "live_sessions": (lazy_gettext("Sessions kept"), ""),
    "store_bytes": (lazy_gettext("Memory in the store"), "B"),
    "store_shards": (lazy_gettext("Store shards needed"), ""),
    "node_bytes": (lazy_gettext("Memory in each node"), "B"),
    "token_cores": (lazy_gettext("Cores that sign and verify tokens"), ""),
    "node_cores": (lazy_gettext("Cores for everything, passwords included"), ""),
    "busy_threads": (lazy_gettext("Threads that are busy"), ""),
    "db_writes_s": (lazy_gettext("Writes to the member database"), "/s"),
    "db_bytes": (lazy_gettext("Refresh tokens in the member database"), "B"),
    "refused_percent": (lazy_gettext("Requests that round robin refuses by mistake"), " %"),
    "wire_bytes_s": (lazy_gettext("Bytes on the wire"), "B/s"),
}

RESOURCES: dict[str, LazyString] = {
    "shard_ops": lazy_gettext("the operations of the store’s shards"),
    "shard_memory": lazy_gettext("the memory of the store’s shards"),
    "db_writer": lazy_gettext("the writes of the member database (SQLite makes one at a time)"),
    "node_cpu": lazy_gettext("the processor time of the nodes"),
    "node_threads": lazy_gettext("the threads of the nodes"),
    "node_memory": lazy_gettext("the memory of the nodes"),
}

ASSUMPTIONS: tuple[LazyString, ...] = (
    lazy_gettext("Members come and go evenly, around the clock: as many log in each second as leave."),
    lazy_gettext("Each makes its requests at random times. A token is refreshed by the first request after its end."),
    lazy_gettext(
        "A member whose session was unused for too long logs in again, and so does one whose refresh token has ended."
    ),
    lazy_gettext(
        "Members do not log out of a session, which is the most that is kept. They log out of a hybrid login after "
        "each visit, which is the longest list of ended ones. Such a log-out costs a request and a write of the "
        "member database."
    ),
    lazy_gettext(
        "A node is one Python process on one core: its threads wait side by side, but only one of them computes at a "
        "time."
    ),
    lazy_gettext(
        "There is one member database with one writer, as measured here with SQLite, whatever the number of nodes. "
        "SQLite serves the nodes of one machine. A server such as PostgreSQL serves more, and takes more writes."
    ),
    lazy_gettext("The plan uses at most 0.7 of every resource (usable_share). The rest is for peaks."),
    lazy_gettext(
        "To scale up, the one node gets a larger machine: for each doubling twice the threads and the memory, at "
        "doubling_percent of the price. 200 percent is in proportion to the size. Scaling out pays machine_price for "
        "each node. The balancer, the store and the member database cost the same either way, so they are not counted."
    ),
    lazy_gettext("Memory needs sticky sessions, and loses a node’s logins with the node."),
    lazy_gettext("Numbers in a formula are shown rounded, and calculated with all their digits."),
    lazy_gettext("Bytes on the wire are counted for a request with only the necessary headers. A browser adds more."),
)

PREFIXES = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def shown(name: str, value: float) -> str:
    """Format a figure's value with its unit."""
    unit = FIGURES[name][1]
    if unit.startswith("B"):
        return f"{size(value)}{unit[1:]}"
    return f"{number(value)}{unit}"


def size(count: float) -> str:
    """Format bytes with three significant digits."""
    step = 0 if count < 1024 else min(int(math.log2(count) / 10), len(PREFIXES) - 1)
    return f"{number(count / 1024**step)} {PREFIXES[step]}B"


def number(value: float) -> str:
    """Format a number: as an integer from 100 on, else with three significant digits."""
    if not math.isfinite(value):
        return "∞"
    value = noticed(value)
    if value >= 100 or value == int(value):
        return format_decimal(value, "#,##0", locale=get_locale() or "en")
    # Rounded before: Babel counts the digits of 0.09999 before it rounds, and then writes 0.0100.
    return format_decimal(significant(value), "@@@", locale=get_locale() or "en")


def compact(value: float) -> str:
    """Format a large number briefly: 1.2M, 120만."""
    if not math.isfinite(value):
        return "∞"
    places = 1 if value >= 1000 else 0
    return format_compact_decimal(value, fraction_digits=places, locale=get_locale() or "en")


def listing(names: Iterable[object]) -> str:
    """Join names: “Memory, Session and Token”."""
    return format_list([str(name) for name in names], locale=get_locale() or "en")
