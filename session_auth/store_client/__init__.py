"""Clients of the three kinds of store: one server, the master that Sentinel names, or a cluster.

Timeouts are short. A server that does not answer in time gets no further request for a quarter of a second, and no
server gets more than `POOL_SIZE` connections. A command is sent again only in two cases: the server says that it did
not execute it; or the command may be repeated and was sent on an idle connection, which a firewall may have cut. This
package imports nothing else of the project.

    redis://[[user]:password@]host[:port][/number]
    redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/service[/number]
    redis+cluster://[[user]:password@]host[:port][,host[:port]…]

With `rediss` in place of `redis` all connections use TLS. The server's certificate and host name are always verified,
against the authorities that OpenSSL trusts. For your own authority, set `SSL_CERT_FILE` to its file (OpenSSL's
variable). No option turns the check off.
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
    """Return a client of the store at `url`. Nothing is sent yet. Raise `ValueError` if `url` is not valid."""
    address = parse_address(url)
    kinds = {"single": SingleStore, "sentinel": SentinelStore, "cluster": ClusterStore}
    return kinds[address.kind](address, timeout_s)
