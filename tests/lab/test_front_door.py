"""The balancer in front of every lab: slow, large or many requests of one client do not hold up the others."""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from gzip import decompress as gunzip
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.lab_processes import ROOT, SOON_S, Lab
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.own_processes

PAGE = {"Accept": "text/html"}
HEAD = "POST /session/login HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of one node."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One node on the port itself."""
    with Lab(tmp_path_factory.mktemp("direct"), "--direct") as lab:
        yield lab


def test_a_lab_of_one_node_has_both_doors(lab: Lab) -> None:
    ports = (lab.port, lab.sticky_port)
    answers = [lab.request("GET", "/open/profile", port=port) for port in ports]
    assert [(status, headers["x-node"]) for status, headers, _ in answers] == [(200, "node-1")] * 2
    assert lab.control("GET", "/state")["balancer"]["state"] == "running"


def test_a_cookie_that_is_not_ascii_takes_no_login_away(lab: Lab) -> None:
    """SECURITY 26: the nodes' server lost all cookies with it; every approach said "not logged in"."""
    foreign = "nickname=홍길동; sid=planted; theme=élan".encode().decode("latin-1")  # bytes as a browser sends them
    fields = {"username": "alice", "password": "wonderland"}
    for approach in ("session", "token", "hybrid"):
        _, headers, body = lab.request("POST", f"/{approach}/login", fields)
        tokens = json.loads(body)
        ours = headers.get("set-cookie", "").partition(";")[0]
        ours = ours or f"sot_access={tokens['access_token']}; sot_refresh={tokens['refresh_token']}"
        for sent in (f"{foreign}; {ours}", f"{ours}; {foreign}", f"{foreign}; {ours}; {foreign}"):
            status, _, body = lab.request("GET", f"/{approach}/profile", headers={"Cookie": sent})
            assert (status, json.loads(body)["member"]["username"]) == (200, "alice")
        twice = {"Cookie": f"{foreign}; {ours}; {ours}"}
        assert lab.request("GET", f"/{approach}/profile", headers=twice)[0] == 400
        planted = "; ".join([ours, *(f"sot_x{number}=1" for number in range(7)), ours, foreign])
        assert lab.request("GET", f"/{approach}/profile", headers={"Cookie": planted})[0] == 401


def test_one_node_alone_says_which_cookies_it_cannot_read(direct: Lab) -> None:
    """SECURITY 26."""
    foreign = "nickname=홍길동".encode().decode("latin-1")
    status, _, body = direct.request("GET", "/session/profile", headers={"Cookie": f"{foreign}; sot_sid={'A' * 43}"})
    assert (status, "ASCII" in json.loads(body)["detail"]) == (400, True)


def test_nothing_listens_before_the_lab_can_answer(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def first_answer() -> int | None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", lab.port)) != 0:
                return None
        return lab.request("GET", "/open/profile")[0]

    assert eventually(first_answer, "an open port") == 200
    lab.wait_until_ready().stop()


@contextmanager
def may_open(files: int) -> Iterator[None]:
    """Let this process open so many files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_slow_bodies_and_idle_connections_hold_up_no_other_client(lab: Lab) -> None:
    """Two of the first, or twelve hundred of the second, had a node to themselves."""
    with may_open(3000), ExitStack() as open_ones:
        for number in range(1220):
            one = open_ones.enter_context(socket.create_connection(("127.0.0.1", lab.port), timeout=SOON_S))
            if number < 20:
                one.sendall(HEAD.encode())
        assert [lab.request("GET", "/open/profile")[0] for _ in range(5)] == [200] * 5
        lab.log_in("session", "alice", "wonderland")


def test_a_browser_is_told_in_its_language_that_no_node_answers_and_asks_again(lab: Lab) -> None:
    """A program gets a problem: tests/lab/test_nodes.py."""
    lab.control("PUT", "/nodes/node-1", {"state": "killed"})
    try:
        for headers, language, says in (
            (PAGE, "en", "No node answers at the moment"),
            ({**PAGE, "Accept-Language": "ko-KR,ko;q=0.9"}, "ko", "응답하는 노드가 없습니다"),
            ({**PAGE, "Accept-Language": "en", "Cookie": "sot_language=ko"}, "ko", "응답하는 노드가 없습니다"),
        ):
            status, said, body = lab.request("GET", "/session/login", headers=headers)
            assert (status, said["content-type"], said["retry-after"]) == (503, "text/html; charset=utf-8", "1")
            assert "default-src 'none'" in said["content-security-policy"]
            page = body.decode()
            assert (f'lang="{language}"' in page, says in page) == (True, True)
            assert '<meta http-equiv="refresh" content="2">' in page
    finally:
        lab.make_whole()


def test_styles_are_compressed_and_pages_are_not(lab: Lab) -> None:
    """BREACH: the length of a compressed page can tell a secret in it."""
    squeezed = {"Accept-Encoding": "gzip", "Accept": "text/html"}
    for port in (lab.port, lab.sticky_port):
        style = lab.request("GET", "/static/css/base.css", port=port)
        status, headers, body = lab.request("GET", "/static/css/base.css", headers=squeezed, port=port)
        assert (status, headers["content-encoding"], headers["vary"]) == (200, "gzip", "Accept-Encoding")
        assert gunzip(body) == style[2]
        assert "content-encoding" not in lab.request("GET", "/", headers=squeezed, port=port)[1]


def test_one_node_on_the_port_itself_has_no_balancer(direct: Lab) -> None:
    assert direct.stdout() == f"Ready: {direct.url}\n"
    assert direct.control("GET", "/state")["balancer"] is None
    with closing(HTTPConnection("127.0.0.1", direct.port, timeout=SOON_S)) as connection:
        connection.request("POST", "/session/login", b"x" * 10_000_000, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 413, "and no broken pipe"
    refused = direct.cluster("node", "add")
    assert (refused.returncode, "no balancer" in refused.stderr) == (1, True)


def test_direct_is_for_one_node(direct: Lab) -> None:
    refused = direct.run("--direct", "--nodes", "2")
    assert (refused.returncode, "--direct needs --nodes 1" in refused.stderr) == (2, True)


FROM_ELSEWHERE = """
import socket, sys
from contextlib import ExitStack
from pathlib import Path
from tests.support.lab_processes import Lab

with Lab(Path(sys.argv[1]), "--host", "0.0.0.0") as lab, ExitStack() as slow:
    def status(address):
        with socket.create_connection((address, lab.port), timeout=60) as one:
            one.sendall(b"GET /open/profile HTTP/1.0\\r\\nHost: " + address.encode() + b"\\r\\n\\r\\n")
            return one.recv(100).split()[1].decode()

    for _ in range(250):
        one = slow.enter_context(socket.create_connection(("10.99.0.1", lab.port), timeout=60))
        one.sendall(b"POST /session/login HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 10\\r\\n\\r\\n")
    print(status("10.99.0.1"), status("127.0.0.1"))
"""


@pytest.mark.skipif(shutil.which("unshare") is None or shutil.which("ip") is None, reason="no network namespaces here")
def test_one_address_has_so_many_requests_at_a_time_and_this_machine_has_no_limit(tmp_path: Path) -> None:
    """In a network of its own."""
    network = "ip link set lo up && ip address add 10.99.0.1/32 dev lo"
    as_nobody_special = [] if os.getuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    inside = ["sh", "-c", f'{network} && exec "$@"', "sh", sys.executable, "-c", FROM_ELSEWHERE, str(tmp_path)]
    ran = subprocess.run(
        ["unshare", "--net", *as_nobody_special, *inside],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.stderr.startswith("unshare: "):
        pytest.skip("this user may make no network namespace")
    assert ran.stdout.split() == ["429", "200"], ran.stderr
