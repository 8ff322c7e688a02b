"""All formulas of the planner: what each approach needs, from a load and measured constants.

Members come and go evenly: as many visits begin each second as end. Each member sends requests at random times
(Poisson). No session member logs out (worst case for the store). Where there is a denylist, every member logs out at
the end of the visit (longest list). Waiting in queues is not included: see `fleet`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property, wraps

from planner.constants import Constants, measured_as
from planner.expression import Expression, expression, fading, larger, smaller
from planner.load import Load
from service.approaches import APPROACHES, ApproachFacts
from service.config import DAY_S

PLANNED = tuple(facts for facts in APPROACHES if facts.has_logins)

DENY_MARGIN_S = 60  # a denylist entry outlives the last token that it refuses
SHARE = expression(0.7, "usable_share")  # of every resource: the rest is for peaks and short queues
CORES_PER_NODE = 1  # a node is one Python process, and the interpreter lock lets one of its threads run at a time
LOGOUT_STORE_OPS = 2  # with a denylist: the look-up and the denylist entry
INPUT_NAMES = frozenset(each.name for each in fields(Load))


@dataclass(frozen=True)
class Terms:
    """The inputs and constants of one approach, for the formulas."""

    facts: ApproachFacts
    load: Load
    constants: Constants
    reckoned: dict[str, Expression] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __getattr__(self, name: str) -> Expression:
        if name in INPUT_NAMES:
            return expression(getattr(self.load, name), name)
        constant = getattr(self.constants, name)
        return expression(constant if isinstance(constant, float | int) else constant.get(self.like.name, 0), name)

    @cached_property
    def like(self) -> ApproachFacts:
        """The approach whose constants count: this one, or the most similar one that was measured."""
        return measured_as(self.facts, self.constants)

    @property
    def is_refreshed(self) -> bool:
        """Whether refresh tokens in the member database renew its logins."""
        return self.facts.kept == "database"

    @property
    def has_denylist(self) -> bool:
        """Whether a log-out adds an entry to a list that every request reads."""
        return self.facts.is_signed and self.facts.store_reads > 0

    @property
    def twin_cpu_us(self) -> Expression:
        """Processor time of the same request without the look-up."""
        twin = self.like.twin or self.like.name
        return expression(self.constants.request_cpu_us[twin], f"request_cpu_us[{twin}]")


def formula(reckon: Callable[[Terms], Expression]) -> Callable[[Terms], Expression]:
    """Give a formula's result the formula's name, and cache it for the same terms."""
    name = reckon.__name__

    @wraps(reckon)
    def once(t: Terms) -> Expression:
        if name not in t.reckoned:
            t.reckoned[name] = reckon(t).called(name)
        return t.reckoned[name]

    return once


@formula
def gap_s(t: Terms) -> Expression:
    """A member's mean pause between two requests."""
    return 60 / t.requests_per_minute


@formula
def requests_s(t: Terms) -> Expression:
    return t.members * t.requests_per_minute / 60


@formula
def visit_s(t: Terms) -> Expression:
    return t.visit_min * 60


@formula
def visits_s(t: Terms) -> Expression:
    """Visits that begin per second. As many end."""
    return t.members / visit_s(t)


@formula
def ends_a_visit(t: Terms) -> Expression:
    """How often a request during a visit finds the login, or its token, expired.

    As often as a lifetime plus a pause fits into the visit, and at least as often as a pause exceeds a lifetime.
    """
    lifetime_s = t.access_ttl_s if t.is_refreshed else t.session_absolute_s
    fitting = (visit_s(t) / (lifetime_s + gap_s(t))).rounded_down()
    return larger(fitting, pauses_longer_than(lifetime_s, t))


def pauses_longer_than(length_s: Expression, t: Terms) -> Expression:
    """Return how many pauses of a visit are longer than this. Pauses are random with the mean `gap_s`."""
    return visit_s(t) / gap_s(t) * fading(length_s / gap_s(t))


@formula
def late_share(t: Terms) -> Expression:
    """The share of expired tokens whose refresh token has also expired at the next request."""
    return fading((t.refresh_ttl_s - t.access_ttl_s) / gap_s(t)) if t.is_refreshed else expression(0)


@formula
def logins_s(t: Terms) -> Expression:
    """One per visit, plus one for each session that ends during a visit, or token that is too late for a refresh.

    An idle and an absolute end are not counted twice: the more frequent one counts.
    """
    if t.is_refreshed:
        again = ends_a_visit(t) * late_share(t)
    else:
        again = larger(ends_a_visit(t), pauses_longer_than(t.session_idle_s, t))
    return visits_s(t) * (1 + again)


@formula
def refreshes_s(t: Terms) -> Expression:
    """The first request after a token's expiry refreshes it."""
    return visits_s(t) * ends_a_visit(t) * (1 - late_share(t)) if t.is_refreshed else expression(0)


@formula
def logouts_s(t: Terms) -> Expression:
    """Log-outs, if they add an entry to the denylist."""
    return visits_s(t) if t.has_denylist else expression(0)


@formula
def live_sessions(t: Terms) -> Expression:
    """Little's law: visits that begin per second, times the seconds for which a session is stored."""
    if t.is_refreshed:
        return expression(0)
    until_absolute_end_s = logins_s(t) / visits_s(t) * t.session_absolute_s
    until_unused_s = visit_s(t) * (1 - fading(t.session_idle_s / gap_s(t))) + t.session_idle_s
    return visits_s(t) * smaller(until_absolute_end_s, until_unused_s)


@formula
def store_ops_s(t: Terms) -> Expression:
    operations = logins_s(t) * t.login_store_ops
    if t.facts.store_reads:
        operations = requests_s(t) + operations
    if t.has_denylist:
        operations = operations + logouts_s(t) * LOGOUT_STORE_OPS
    return operations


@formula
def store_bytes(t: Terms) -> Expression:
    if t.has_denylist:
        return logouts_s(t) * (t.access_ttl_s + DENY_MARGIN_S) * t.denial_store_bytes
    return live_sessions(t) * t.session_store_bytes if t.facts.kept == "store" else expression(0)


@formula
def shard_ops_s(t: Terms) -> Expression:
    """The usable operations per second of one shard."""
    return SHARE * 1_000_000 / t.store_command_us


@formula
def shard_bytes(t: Terms) -> Expression:
    """The usable memory of one shard."""
    return SHARE * t.shard_gib * expression(2**30)


@formula
def store_shards(t: Terms) -> Expression:
    return larger(store_ops_s(t) / shard_ops_s(t), store_bytes(t) / shard_bytes(t)).rounded_up()


@formula
def node_bytes(t: Terms) -> Expression:
    return live_sessions(t) * t.session_node_bytes / t.nodes if t.facts.in_one_node else expression(0)


@formula
def refused_percent(t: Terms) -> Expression:
    """The requests that a round robin balancer sends to a node without the login, if only one node has it."""
    return (1 - 1 / t.nodes) * 100 if t.facts.in_one_node else expression(0)


@formula
def token_cores(t: Terms) -> Expression:
    """Cores for signing and verifying. A refresh and a log-out verify a token too."""
    if not t.facts.is_signed:
        return expression(0)
    verified = (requests_s(t) + refreshes_s(t) + logouts_s(t)) * t.verify_us
    signed = (refreshes_s(t) + logins_s(t)) * t.sign_us
    return (verified + signed) / 1_000_000


@formula
def logout_cpu_us(t: Terms) -> Expression:
    """A log-out counts as a request and a write of the member database."""
    return t.request_cpu_us + t.db_write_us


@formula
def node_cores(t: Terms) -> Expression:
    return _each(t, t.request_cpu_us, t.login_cpu_us, t.refresh_cpu_us, logout_cpu_us(t)) / 1_000_000


@formula
def look_up_wait_us(t: Terms) -> Expression:
    """The waiting time of a look-up. Its processor time is in `request_cpu_us`."""
    if not t.facts.store_reads:
        return expression(0)
    computing = t.request_cpu_us - t.twin_cpu_us
    return larger(expression(0), t.store_us - computing) + t.round_trip_ms * 1000


@formula
def request_us(t: Terms) -> Expression:
    """How long a page holds its thread."""
    return t.request_cpu_us + look_up_wait_us(t) + t.work_ms * 1000


@formula
def login_us(t: Terms) -> Expression:
    """How long a log-in holds its thread."""
    return t.login_cpu_us + t.login_round_trips * t.round_trip_ms * 1000


@formula
def logout_us(t: Terms) -> Expression:
    """How long a log-out holds its thread."""
    return logout_cpu_us(t) + look_up_wait_us(t) * LOGOUT_STORE_OPS


@formula
def busy_threads(t: Terms) -> Expression:
    """Little's law: requests per second, times the seconds for which each holds a thread."""
    return _each(t, request_us(t), login_us(t), t.refresh_cpu_us, logout_us(t)) / 1_000_000


@formula
def db_writes_s(t: Terms) -> Expression:
    if not t.is_refreshed:
        return expression(0)
    writes = refreshes_s(t) + logins_s(t)
    return writes + logouts_s(t) if t.has_denylist else writes


@formula
def db_bytes(t: Terms) -> Expression:
    """A used refresh token is stored until a day after its expiry, to detect its reuse."""
    grown = refreshes_s(t) * t.refresh_db_bytes + logins_s(t) * t.login_db_bytes
    return grown * (t.refresh_ttl_s + DAY_S) if t.is_refreshed else expression(0)


@formula
def wire_bytes_s(t: Terms) -> Expression:
    """Bytes per second. A log-out counts as a request."""
    return _each(t, t.request_wire_bytes, t.login_wire_bytes, t.refresh_wire_bytes, t.request_wire_bytes)


def _each(t: Terms, request: Expression, login: Expression, refresh: Expression, logout: Expression) -> Expression:
    """Return the total per second, from the cost of one request of each kind."""
    together = requests_s(t) * request + logins_s(t) * login
    if t.is_refreshed:
        together = together + refreshes_s(t) * refresh
    return together + logouts_s(t) * logout if t.has_denylist else together
