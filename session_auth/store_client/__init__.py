"""Clients of the store, of whatever kind it is: one server, the master that sentinels name, or a cluster.

All are impatient: a server that does not answer within the timeout is not asked again for a quarter of a second, and
no server gets more than `POOL_SIZE` connections. A command is sent twice only if a server says that it did not carry it
out, or if it may be repeated and was sent first on a connection that had rested: a firewall may have cut that one. This
package imports no other part of the project.

    redis://[[user]:password@]host[:port][/number]
    redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/service[/number]
    redis+cluster://[[user]:password@]host[:port][,host[:port]…]

With `rediss` in place of `redis` all connections use TLS. The server's certificate and name are always verified,
against the authorities that OpenSSL trusts. Whoever has one of their own names its file in `SSL_CERT_FILE`: OpenSSL
and curl know that variable, so there is no second one to learn, and no option that could turn the check off.
"""

from .address import StoreAddress, hosts_of, parse_address
from .cluster import ClusterStore
from .line import Argument, Command
from .refusal import Why, why_no_writes
from .sentinel import NoMasterNamed, SentinelStore
from .server import TIMEOUT_S, reason_of
from .single import SingleStore, StoreClient

__all__ = [
    "TIMEOUT_S",
    "Argument",
    "Command",
    "NoMasterNamed",
    "StoreAddress",
    "StoreClient",
    "Why",
    "connect",
    "hosts_of",
    "parse_address",
    "reason_of",
    "why_no_writes",
]


def connect(url: str, timeout_s: float = TIMEOUT_S) -> StoreClient:
    """Return a client of the store at `url`; nothing is sent yet. Raise `ValueError` for no address."""
    address = parse_address(url)
    kinds = {"single": SingleStore, "sentinel": SentinelStore, "cluster": ClusterStore}
    return kinds[address.kind](address, timeout_s)
