"""What each approach needs, reckoned from a load and measured constants. The formulas are here and nowhere else.

Members come and go evenly: as many log in each second as leave. Each makes its requests at random times. Nobody whose
session is kept logs out (the most the store has to keep), and everybody of `/hybrid` does (the longest denylist).
"""

from dataclasses import dataclass, fields

from config import DAY_S
from planner.constants import TWINS, Constants
from planner.load import Load
from planner.quantity import Quantity, larger, quantity, smaller

APPROACHES = ("memory", "session", "token", "hybrid")
BY_SESSION, BY_TOKEN = ("memory", "session"), ("token", "hybrid")
IN_STORE = ("session", "hybrid")  # these ask the store on every request

DENY_MARGIN_S = 60  # a denial outlives the last token that it is for
SHARE = quantity(0.7, "usable_share")  # of every resource: the rest is for peaks, and for queues to stay short
CORES_PER_NODE = 1  # a node is one Python process, and the interpreter lock lets one of its threads run at a time


@dataclass(frozen=True)
class Terms:
    """Everything that formulas name: the inputs and the constants of one approach."""

    approach: str
    load: Load
    constants: Constants

    def __getattr__(self, name: str) -> Quantity:
        if name in {field.name for field in fields(Load)}:
            return quantity(getattr(self.load, name), name)
        constant = getattr(self.constants, name)
        return quantity(constant if isinstance(constant, float | int) else constant.get(self.approach, 0), name)

    @property
    def cpu_beside_store_us(self) -> Quantity:
        """What a request computes beside its look-up: `store_us` has that one's own computing already."""
        twin = TWINS.get(self.approach, self.approach)
        return quantity(self.constants.request_cpu_us[twin], f"request_cpu_us[{twin}]")


def requests_s(t: Terms) -> Quantity:
    return (t.members * t.requests_per_minute / 60).called("requests_s")


def visit_s(t: Terms) -> Quantity:
    return (t.visit_min * 60).called("visit_s")


def logins_s(t: Terms) -> Quantity:
    """A session that reaches its absolute end in mid-visit is one more log-in; a refresh token spares that."""
    stays = smaller(visit_s(t), t.session_absolute_s) if t.approach in BY_SESSION else visit_s(t)
    return (t.members / stays).called("logins_s")


def refreshes_s(t: Terms) -> Quantity:
    """A token is refreshed by the first request after its end: its lifetime, and the wait for a request, each time."""
    refreshes = t.members / (t.access_ttl_s + 60 / t.requests_per_minute) if t.approach in BY_TOKEN else quantity(0)
    return refreshes.called("refreshes_s")


def live_sessions(t: Terms) -> Quantity:
    """Little's law: as many as come in a second, times the seconds that a record is kept."""
    kept_s = smaller(visit_s(t) + t.session_idle_s, t.session_absolute_s)
    live = logins_s(t) * kept_s if t.approach in BY_SESSION else quantity(0)
    return live.called("live_sessions")


def store_ops_s(t: Terms) -> Quantity:
    logins = logins_s(t) * t.login_store_ops
    return (requests_s(t) + logins if t.approach in IN_STORE else logins).called("store_ops_s")


def store_bytes(t: Terms) -> Quantity:
    kept = {
        "session": live_sessions(t) * t.session_store_bytes,
        "hybrid": logins_s(t) * (t.access_ttl_s + DENY_MARGIN_S) * t.denial_store_bytes,
    }
    return kept.get(t.approach, quantity(0)).called("store_bytes")


def shard_ops_s(t: Terms) -> Quantity:
    return (SHARE * 1_000_000 / t.store_command_us).called("shard_ops_s")


def shard_bytes(t: Terms) -> Quantity:
    return (SHARE * t.shard_gib * quantity(2**30)).called("shard_bytes")


def store_shards(t: Terms) -> Quantity:
    needed = larger(store_ops_s(t) / shard_ops_s(t), store_bytes(t) / shard_bytes(t))
    return needed.rounded_up().called("store_shards")


def node_bytes(t: Terms) -> Quantity:
    kept = live_sessions(t) * t.session_node_bytes / t.nodes if t.approach == "memory" else quantity(0)
    return kept.called("node_bytes")


def token_cores(t: Terms) -> Quantity:
    if t.approach in BY_SESSION:
        return quantity(0).called("token_cores")
    verified = requests_s(t) * t.verify_us
    signed = (refreshes_s(t) + logins_s(t)) * t.sign_us
    return ((verified + signed) / 1_000_000).called("token_cores")


def node_cores(t: Terms) -> Quantity:
    busy_us = requests_s(t) * t.request_cpu_us + logins_s(t) * t.login_cpu_us
    if t.approach in BY_TOKEN:
        busy_us = busy_us + refreshes_s(t) * t.refresh_cpu_us
    return (busy_us / 1_000_000).called("node_cores")


def busy_threads(t: Terms) -> Quantity:
    """Little's law again: requests in a second, times the seconds that each keeps a thread."""
    held_us = t.cpu_beside_store_us + t.work_ms * 1000
    if t.approach in IN_STORE:
        held_us = held_us + t.store_us + t.round_trip_ms * 1000
    return (requests_s(t) * held_us / 1_000_000).called("busy_threads")


def db_writes_s(t: Terms) -> Quantity:
    writes = refreshes_s(t) + logins_s(t) if t.approach in BY_TOKEN else quantity(0)
    return writes.called("db_writes_s")


def db_bytes(t: Terms) -> Quantity:
    """A spent refresh token stays until a day after its end, so that its reuse is noticed."""
    grown = refreshes_s(t) * t.refresh_db_bytes + logins_s(t) * t.login_db_bytes
    return (grown * (t.refresh_ttl_s + DAY_S) if t.approach in BY_TOKEN else quantity(0)).called("db_bytes")


def wire_bytes_s(t: Terms) -> Quantity:
    sent = requests_s(t) * t.request_wire_bytes
    return (sent + refreshes_s(t) * t.refresh_wire_bytes if t.approach in BY_TOKEN else sent).called("wire_bytes_s")
