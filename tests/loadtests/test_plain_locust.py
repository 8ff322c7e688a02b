"""`loadtests/locustfile.py` as Locust's own command line runs it, in one process and in several."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from loadtests.lab import Lab
from tests.support.ports import free_port

pytestmark = pytest.mark.own_processes

FILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
DURATIONS_S = (5, 20, 60)  # the first is enough, unless this machine is busy
GIVE_UP_S = 600  # for a run that never ends
Rows = dict[tuple[str, ...], dict[str, str]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("plain") / "lab", 1) as lab:
        yield lab.wait_until_ready()


def locust(folder: Path, *arguments: str, file: str = str(FILE)) -> "subprocess.Popen[str]":
    """Start Locust somewhere else than in the repository, which it shall not need; `-` is the master's file.

    What its users have begun at the end of the time, they finish: on a busy machine, logging in.
    """
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "locust", "-f", file, "--headless", "--stop-timeout", str(GIVE_UP_S), *arguments]
    env = {**os.environ, "TMPDIR": str(folder)}  # where a worker puts the file that it is sent
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def token_members(lab: Lab, since: float) -> list[str]:
    """Return who has logged in by token since then, once for each login."""
    engine = create_engine(lab.database_url)
    with engine.connect() as database:
        query = "SELECT member_id FROM refresh_families WHERE approach = 'token' AND created_at >= :since"
        found = [name for (name,) in database.execute(text(query), {"since": since})]
    engine.dispose()
    return found


def rows(folder: Path) -> Rows:
    """Return the statistics, by type and name."""
    head, *lines = (line.split(",") for line in (folder / "plain_stats.csv").read_text().splitlines())
    return {tuple(line[:2]): dict(zip(head, line, strict=True)) for line in lines}


def test_server_timing_has_rows_in_microseconds_from_every_process(lab: Any, tmp_path: Path) -> None:
    """And forked processes share no member: each had a copy of one counter."""
    port = str(free_port())  # of its own: Locust's usual one may be another run's
    processes = ["--processes", "2", "--master-bind-port", port, "--master-port", port]
    how = ["-u", "20", "-r", "20", *processes, "--only-summary", "--csv", str(tmp_path / "plain")]
    session, token, notes = "/session/profile (µs)", "/token/profile (µs)", "/session/notes (µs)"
    expected = {("STORE", session), ("STORE", token), ("VERIFY", token), ("APP", notes), ("DB", notes)}
    for seconds in DURATIONS_S:
        began = time()
        running = locust(tmp_path / "away", "--host", lab.url, *how, "-t", f"{seconds}s", "SessionUser", "TokenUser")
        said, _ = running.communicate(timeout=GIVE_UP_S)
        assert running.returncode == 0, said
        if expected <= (found := rows(tmp_path)).keys():
            break
    assert expected <= found.keys()
    assert 10 < float(found["STORE", "/session/profile (µs)"]["50%"]) < 100_000
    assert float(found["STORE", "/token/profile (µs)"]["50%"]) == 0
    members = token_members(lab, began)
    assert len(set(members)) == len(members) == int(found["POST", "/token/login"]["Request Count"]) > 1
    requests = sum(int(row["Request Count"]) for key, row in found.items() if key[0] in ("GET", "POST"))
    assert int(found["", "Aggregated"]["Request Count"]) == requests


def test_a_master_adds_up_what_its_workers_saw_and_tags_choose_the_tasks(lab: Any, tmp_path: Path) -> None:
    """The workers have Locust, and the file that the master sends them: they could not import the rest."""
    how = ["-u", "4", "-r", "4", "--tags", "profile", "--only-summary", "--expect-workers", "2"]
    for seconds in DURATIONS_S:
        port, began = str(free_port()), time()
        master = locust(
            tmp_path / "master",
            *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--host", lab.url),
            *(*how, "-t", f"{seconds}s", "--csv", str(tmp_path / "plain"), "TokenUser"),
        )
        to_master = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
        workers = [locust(tmp_path / name, *to_master, file="-") for name in ("one", "two")]
        for running in (master, *workers):
            said, _ = running.communicate(timeout=GIVE_UP_S)
            assert running.returncode == 0, said
        found = rows(tmp_path)
        if found.get(("POST", "/token/login"), {}).get("Request Count") == "4":  # all of them have logged in
            break
    assert {key for key in found if key[0] in ("GET", "POST")} == {("GET", "/token/profile"), ("POST", "/token/login")}
    assert int(found["POST", "/token/login"]["Request Count"]) == 4
    assert len(set(token_members(lab, began))) == 4
    assert 10 < float(found["VERIFY", "/token/profile (µs)"]["50%"]) < 100_000
