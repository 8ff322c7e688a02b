"""Wait for a server that was started separately."""

from time import monotonic, sleep
from urllib.parse import urlsplit

from lab.cluster.address import Address
from loadtests.lab import READY_WITHIN_S, LabFailed


def wait_until_open(url: str) -> None:
    """Wait until a process listens there. Raise `LabFailed`."""
    parts = urlsplit(url)
    address = Address(str(parts.hostname), int(parts.port or 80))
    deadline = monotonic() + READY_WITHIN_S
    while not address.is_open():
        if monotonic() > deadline:
            raise LabFailed(f"no server listens at {url}")
        sleep(0.05)
