"""Where the lab listens: whether it can, and whether it answers there."""

import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

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
