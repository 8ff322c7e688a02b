"""Where the lab listens: whether it can, and whether it answers there."""

import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address

# Addresses of nobody (RFC 5737, RFC 3849), to find the one by which this machine reaches others.
OUTSIDE = {"0.0.0.0": (socket.AF_INET, "192.0.2.1"), "::": (socket.AF_INET6, "2001:db8::1")}  # noqa: S104
HIGHEST_PORT = 65535
NEXT_WITHIN = 100
MOST_NODES = 16
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where a browser on this machine finds it


class CannotStart(Exception):
    """The lab cannot start, or go on; the text is one line that says why and what helps."""


@dataclass(frozen=True)
class Address:
    """Where the lab listens."""

    host: str
    port: int

    @property
    def ip(self) -> str:
        """The host as a server takes it, looked up if it is a name. Raise `OSError` or `UnicodeError`."""
        return self.host if ":" in self.host else socket.gethostbyname(self.host)

    @property
    def from_here(self) -> str:
        """The host by which this machine reaches it."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def url(self) -> str:
        """As a browser takes it."""
        host = f"[{self.from_here}]" if ":" in self.from_here else self.from_here
        return f"http://{host}:{self.port}"

    def refuse_if_taken(self) -> None:
        """Raise `CannotStart` if nobody can listen there, or somebody does already."""
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.ip, self.port))
            except (OSError, UnicodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not a host"
                raise CannotStart(
                    f"cannot listen on {self.host}:{self.port} ({reason}); --host and --port choose another"
                ) from None

    @property
    def lan_url(self) -> str:
        """As a browser on another machine of this network takes it, as far as this machine can know."""
        if self.host not in EVERYWHERE:
            return self.url
        family, outside = OUTSIDE[self.host]
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((outside, 9))  # sends nothing; it only picks the address that leads out
            return replace(self, host=probe.getsockname()[0]).url
        return next((replace(self, host=address).url for address in _own_addresses(family)), self.url)

    def next_free(self) -> "Address":
        """Return the address with the next port that nobody listens on. Raise `CannotStart` if there is none."""
        for port in range(self.port + 1, min(self.port + NEXT_WITHIN, HIGHEST_PORT) + 1):
            with suppress(CannotStart):
                next_one = replace(self, port=port)
                next_one.refuse_if_taken()
                return next_one
        raise CannotStart(f"no free port after {self.port}; choose another with --port")

    def is_open(self) -> bool:
        """Tell whether anybody listens there."""
        with suppress(OSError), socket.create_connection((self.from_here, self.port), timeout=1):
            return True
        return False

    def is_ready(self) -> bool:
        """Tell whether a lab answers there, its store and its database too."""
        connection = HTTPConnection(self.from_here, self.port, timeout=2)  # straight, past any proxy that is set
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _own_addresses(family: socket.AddressFamily) -> list[str]:
    """Return this machine's addresses but loopback's, where no way leads out: a switch with nothing behind it."""
    import psutil  # noqa: PLC0415  # a node, which imports this module too, needs none of it

    cards = psutil.net_if_addrs().values()
    addresses = [address.address for card in cards for address in card if address.family == family]
    return [address for address in addresses if "%" not in address and not ip_address(address).is_loopback]
