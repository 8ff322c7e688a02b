"""The names by which a lab is asked: DNS rebinding gets nothing of it.

SECURITY 25.
"""

from itertools import product
from socket import AF_INET
from types import SimpleNamespace

import pytest
from flask import Flask

from lab.cluster.address import Address
from tests.conftest import MakeApp
from tests.support.problems import assert_problem
from tests.support.visitor import PASSWORDS, Visitor

pytestmark = pytest.mark.any_store

EVIL = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
REQUESTS = (
    *product(
        ["GET"], ["/", "/session/profile", "/token/login", "/jwt", "/static/css/base.css", "/.well-known/jwks.json"]
    ),
    *product(["POST"], ["/session/login", "/token/login", "/token/refresh", "/open/notes", "/session/logins/end"]),
    ("DELETE", "/session/logins"),
)
IN_HANGUL = "xn--220b31d95hq8o.test"


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_page_that_has_its_name_pointed_here_gets_nothing(module_app: Flask, method: str, path: str) -> None:
    """It logged alice in, read her notes and ended her logins."""
    alice = Visitor(module_app, "session").login("alice")
    sent = {"username": "alice", "password": PASSWORDS["alice"]} if method == "POST" else None
    refused = alice.client.open(path, method=method, json=sent, headers=EVIL)
    assert_problem(refused, 403, "foreign_host")
    assert alice.who() == "alice"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "192.168.0.7:8000", "[fe80::7]"])
def test_this_machines_names_and_addresses_are_answered(module_app: Flask, host: str) -> None:
    assert module_app.test_client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.", "user@localhost", "0x7f.1.example", "a b"])
def test_what_only_looks_like_one_is_not(module_app: Flask, host: str) -> None:
    assert module_app.test_client().get("/", headers={"Host": host}).status_code == 403


def test_names_that_the_lab_was_given_are_its_own(make_app: MakeApp) -> None:
    for settings in ({"public_origin": "https://lab.example"}, {"front_door": "http://lab.example:8000"}):
        assert make_app(**settings).test_client().get("/", headers={"Host": "lab.example"}).status_code == 200


def test_a_name_in_hangul_is_no_other_site(make_app: MakeApp) -> None:
    """The host was put together anew, in other letters than the browser's, and then it was another one."""
    client = make_app(lab=False).test_client()
    headers = {"Host": IN_HANGUL, "Origin": f"http://{IN_HANGUL}", "Sec-Fetch-Site": "same-origin"}
    body = {"username": "alice", "password": "wrong"}
    assert_problem(client.post("/session/login", json=body, headers=headers), 401, "invalid_credentials")
    other = {**headers, "Origin": "http://xn--other.test"}
    assert_problem(client.post("/session/login", json=body, headers=other), 403, "forbidden")


def test_where_no_way_leads_out_an_address_of_this_machine_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was the machine's name, by which the lab then refused to be asked."""

    def no_route(*_: object) -> None:
        raise OSError("Network is unreachable")

    card = [SimpleNamespace(family=AF_INET, address=address) for address in ("127.0.0.1", "10.0.0.7")]
    monkeypatch.setattr("lab.cluster.address.socket.socket.connect", no_route)
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {"lo": card[:1], "eth0": card[1:]})
    assert Address("0.0.0.0", 8000).lan_url == "http://10.0.0.7:8000"
    monkeypatch.setattr("psutil.net_if_addrs", dict)
    assert Address("0.0.0.0", 8000).lan_url == "http://127.0.0.1:8000"
