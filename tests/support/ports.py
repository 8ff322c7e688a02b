"""Ports for the servers that tests start.

A lab listens seconds after its port was found free; another test could take the port meanwhile. So each port is locked
by a file of its name until the test process ends. The lab's own store takes its port from another range
(`lab.cluster.embedded_store.SERVER_PORTS`).
"""

import fcntl
import os
import random
import socket
from contextlib import suppress
from pathlib import Path

# A lab takes the next port too, for its sticky door. Below 10,080, the next that no browser asks for.
PORTS = range(7_168, 10_078, 2)
LOCKS = Path(f"/tmp/test-ports-{os.getuid()}")  # whatever TMPDIR says: all test runs on this machine look here


def free_port() -> int:
    """Return a free loopback port that no other test will be given."""
    LOCKS.mkdir(exist_ok=True)
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.socket() as probe:
            _keep(port)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def _keep(port: int) -> None:
    """Hold the port's lock, by a descriptor that is open from now on. Raise `OSError` if another process does."""
    lock = os.open(LOCKS / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
