"""Clients of the store, of whatever kind it is: one server, the master that sentinels name, or a cluster.

All are impatient: a server that does not answer within the timeout is not asked again for a quarter of a second, no
command is sent twice unless a server says that it did not carry it out, and no server gets more than `POOL_SIZE`
connections. This module imports no other part of the project.

    redis://[[user]:password@]host[:port][/number]
    redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/service[/number]
    redis+cluster://[[user]:password@]host[:port][,host[:port]…]

With `rediss` in place of `redis` all connections use TLS. The server's certificate and name are always verified,
against the authorities that OpenSSL trusts. Whoever has one of their own names its file in `SSL_CERT_FILE`: OpenSSL
and curl know that variable, so there is no second one to learn, and no option that could turn the check off.
"""

from store_client.address import StoreAddress, hosts_of, parse_address
from store_client.cluster import ClusterStore
from store_client.sentinel import SentinelStore
from store_client.server import TIMEOUT_S, Argument, reason_of
from store_client.single import SingleStore, StoreClient

__all__ = ["Argument", "StoreAddress", "StoreClient", "connect", "hosts_of", "parse_address", "reason_of"]


def connect(url: str, timeout_s: float = TIMEOUT_S) -> StoreClient:
    """Return a client of the store at `url`; nothing is sent yet. Raise `ValueError` for no address."""
    address = parse_address(url)
    kinds = {"single": SingleStore, "sentinel": SentinelStore, "cluster": ClusterStore}
    return kinds[address.kind](address, timeout_s)
