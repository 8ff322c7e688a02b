"""Ports for what tests start. A port that is free now may be somebody else's a second later, when a lab listens on it.

So each process of a test run has a range of its own, apart from where the lab looks for its own store's port
(`cluster.embedded_store.SERVER_PORTS`), and from the ports that no browser asks for.
"""

import os
import random
import socket
from contextlib import suppress
from itertools import cycle

FIRST = 7_168  # and the last is below 10,080, the next that no browser asks for
PROCESSES = 8
EACH = 360
APART = 4  # a lab takes the next port too, for its sticky door


def _of_this_process() -> list[int]:
    """Return its ports, from a place by chance: another test run may go on beside this one."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    ports = list(range(FIRST + process * EACH, FIRST + (process + 1) * EACH, APART))
    start = random.randrange(len(ports))
    return ports[start:] + ports[:start]


_PORTS = cycle(_of_this_process())


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that nobody else of this test run will take."""
    for port in _PORTS:
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle has no end")
