"""Run `loadtests.flask_session_default` as a lab runs a node, in a separate process: no app is imported here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.cluster.address import Address
from lab.cluster.embedded_store import free_port
from lab.cluster.node import Node
from loadtests.approaches import FLASK_SESSION_DEFAULT
from loadtests.lab import SETTINGS


@contextmanager
def running_flask_session_default(folder: Path, store_url: str, database_url: str, store_prefix: str) -> Iterator[str]:
    """Run it like a node, with the same store and members. Return its address."""
    address = Address("127.0.0.1", free_port())
    environment = {
        **dict.fromkeys(SETTINGS, ""),  # empty counts as unset
        "LAB": "1",
        "REDIS_URL": store_url,
        "STORE_PREFIX": store_prefix,
        "DATABASE_URL": database_url,
        "INSTANCE_DIR": str(folder),
    }
    node = Node(FLASK_SESSION_DEFAULT, address, environment, application="loadtests.flask_session_default:create_app")
    process = node.launch()
    try:
        yield address.url
    finally:
        process.stop()
