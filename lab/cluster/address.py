"""The address on which the lab listens, with checks whether it is free and whether the lab answers."""

import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address

from service.terminal import _

# Documentation addresses without a host (RFC 5737, RFC 3849), to find this machine's own outgoing address.
OUTSIDE = {"0.0.0.0": (socket.AF_INET, "192.0.2.1"), "::": (socket.AF_INET6, "2001:db8::1")}  # noqa: S104
HIGHEST_PORT = 65535
NEXT_WITHIN = 100
MOST_NODES = 16
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # the address for a browser on this machine


class CannotStart(Exception):
    """The lab cannot start or continue. The message is one line that says why and what to do."""


@dataclass(frozen=True)
class Address:
    """The host and port on which the lab listens."""

    host: str
    port: int

    @property
    def ip(self) -> str:
        """The host's IP address; a name is resolved. Raise `OSError` or `UnicodeError`."""
        return self.host if ":" in self.host else socket.gethostbyname(self.host)

    @property
    def from_here(self) -> str:
        """The host for a client on this machine."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The URL for a browser."""
        host = f"[{self.from_here}]" if ":" in self.from_here else self.from_here
        return f"http://{host}:{self.port}"

    def refuse_if_taken(self) -> None:
        """Raise `CannotStart` if this process cannot listen there, or another process already does."""
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.ip, self.port))
            except (OSError, UnicodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else _("not a host")
                raise CannotStart(
                    _(
                        "cannot listen on %(address)s (%(why)s); --host and --port choose another",
                        address=f"{self.host}:{self.port}",
                        why=reason,
                    )
                ) from None

    @property
    def lan_url(self) -> str:
        """The URL for a browser on another machine of this network, as far as this machine can determine it."""
        if self.host not in EVERYWHERE:
            return self.url
        family, outside = OUTSIDE[self.host]
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((outside, 9))  # sends nothing: it only selects the outgoing address
            return replace(self, host=probe.getsockname()[0]).url
        return next((replace(self, host=address).url for address in _own_addresses(family)), self.url)

    def next_free(self) -> "Address":
        """Return the address with the next free port. Raise `CannotStart` if there is none."""
        for port in range(self.port + 1, min(self.port + NEXT_WITHIN, HIGHEST_PORT) + 1):
            with suppress(CannotStart):
                next_one = replace(self, port=port)
                next_one.refuse_if_taken()
                return next_one
        raise CannotStart(_("no free port after %(port)s; choose another with --port", port=self.port))

    def is_open(self) -> bool:
        """Return whether a process listens there."""
        with suppress(OSError), socket.create_connection((self.from_here, self.port), timeout=1):
            return True
        return False

    def is_ready(self) -> bool:
        """Return whether a lab answers there and is ready, with its store and database."""
        connection = HTTPConnection(self.from_here, self.port, timeout=2)  # directly, without a configured proxy
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _own_addresses(family: socket.AddressFamily) -> list[str]:
    """Return this machine's addresses except loopback, for a network without a route to the outside."""
    import psutil  # noqa: PLC0415  # nodes import this module too, and do not need psutil

    cards = psutil.net_if_addrs().values()
    addresses = [address.address for card in cards for address in card if address.family == family]
    return [address for address in addresses if "%" not in address and not ip_address(address).is_loopback]
