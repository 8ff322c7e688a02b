"""The lab's own log-in, captured on loopback: readable over http, and nothing to copy over TLS."""

import json
import socket
from typing import Any

import pytest

from lab.cluster.relay import Relay
from lab.pages.tcp.overheard import Overheard
from service.accounts.members import Members
from tests.conftest import MakeApp
from tests.support.lab_processes import Lab
from tests.support.problems import assert_problem

pytestmark = pytest.mark.own_processes

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def told(shared_lab: Lab) -> dict[str, Any]:
    return captured_by(shared_lab)


def captured_by(lab: Lab) -> dict[str, Any]:
    status, _, body = lab.request("POST", "/tcp/capture")
    assert status == 200, body
    return dict(json.loads(body))


def test_over_http_the_cookie_and_the_password_are_readable(told: dict[str, Any]) -> None:
    http = told["http"]
    asked, set_cookie, page, answer = http["messages"]
    assert [message["from"] for message in http["messages"]] == ["client", "server", "client", "server"]
    assert asked["text"].startswith("POST /session/login HTTP/1.1\r\n")
    assert '"password": "wonderland"' in asked["text"]
    assert f"set-cookie: {http['cookie'].lower()};" in set_cookie["text"].lower()
    assert f"Cookie: {http['cookie']}\r\n" in page["text"]
    assert '"username":"alice"' in answer["text"].replace(" ", "")
    assert sum(message["bytes"] for message in http["messages"]) == http["bytes"]
    assert (http["cookie_seen"], http["password_seen"]) == (2, 1)


def test_the_copied_cookie_lets_another_client_in_until_the_login_is_ended(told: dict[str, Any]) -> None:
    assert told["http"]["copied"] == {"status": 200, "username": "alice"}
    assert told["http"]["after_logout"] == {"status": 401, "username": None}


def test_over_tls_there_are_records_and_no_secret_in_them(told: dict[str, Any]) -> None:
    tls = told["tls"]
    assert (tls["cookie_seen"], tls["password_seen"], tls["copied"]) == (0, 0, None)
    assert tls["cookie"].partition("=")[2] not in json.dumps(tls["records"])
    first, second = tls["records"][:2]
    assert (first["from"], first["type"], first["first"][:5]) == ("client", "handshake", "16 03")
    assert (second["from"], second["type"]) == ("server", "handshake")
    encrypted = [record for record in tls["records"] if record["type"] == "application_data"]
    assert {record["from"] for record in encrypted} == {"client", "server"}
    assert {record["first"][:8] for record in encrypted} == {"17 03 03"}
    assert sum(record["bytes"] for record in tls["records"]) == tls["bytes"]


def test_what_is_shown_opens_nothing(shared_lab: Lab) -> None:
    """SECURITY 22: both logins have ended when their bytes are shown, and no other login of alice has."""
    mine = shared_lab.log_in("session", "alice", "wonderland")
    told = captured_by(shared_lab)
    for way in ("http", "tls"):
        assert shared_lab.request("GET", "/session/profile", headers={"Cookie": told[way]["cookie"]})[0] == 401
    status, _, body = shared_lab.request("GET", "/session/logins", headers=mine)
    assert (status, json.loads(body)["logins"][0]["current"]) == (200, True)
    shown = {told["http"]["cookie"], told["tls"]["cookie"]}
    assert len(shown) == 2, "each capture has a login of its own"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}],
)
def test_no_other_sites_page_captures(shared_lab: Lab, headers: dict[str, str]) -> None:
    """SECURITY 16 and 20."""
    assert shared_lab.request("POST", "/tcp/capture", headers=headers)[0] == 403
    assert shared_lab.request("GET", "/tcp/capture")[0] in (404, 405)


@pytest.mark.parametrize("settings", [{"lab": False}, {"front_door": None}])
def test_without_a_lab_or_a_balancer_nothing_is_captured(make_app: MakeApp, settings: dict[str, Any]) -> None:
    client = make_app(**{"front_door": NOBODY, **settings}).test_client()
    assert client.post("/tcp/capture").status_code == 404
    assert "data-capture" not in client.get("/tcp", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize("changed", ["password", "disabled"])
def test_no_capture_locks_the_labs_own_machine_out(make_app: MakeApp, changed: str) -> None:
    """SECURITY 18: a failed log-in would count for this machine's address, so one that would fail is not sent."""
    app = make_app(front_door=NOBODY)
    members = Members(app.extensions["database"])
    members.set_password("alice", "no longer wonderland") if changed == "password" else members.disable("alice")
    assert_problem(app.test_client().post("/tcp/capture"), 404, "not_found", "alice does not exist")


def test_a_balancer_that_does_not_answer_is_said_to_be_away(make_app: MakeApp) -> None:
    response = make_app(front_door=NOBODY).test_client().post("/tcp/capture")
    assert_problem(response, 503, "store_unavailable", "balancer does not answer")


def test_records_are_told_apart_however_they_were_cut_into_chunks() -> None:
    hello, secret = b"\x16\x03\x01\x00\x03abc", b"\x17\x03\x03\x00\x02xy"
    overheard = Overheard()
    for sender, chunk in (("client", hello[:2]), ("server", secret + secret[:6]), ("client", hello[2:] + hello)):
        overheard.hear(sender, chunk)  # type: ignore[arg-type]
    overheard.hear("server", secret[6:])
    assert [(record["from"], record["type"], record["bytes"]) for record in overheard.records()] == [
        *(("server", "application_data", 7), ("client", "handshake", 8), ("client", "handshake", 8)),
        ("server", "application_data", 7),
    ]


def test_a_secret_is_found_where_two_chunks_meet_and_not_across_two_sides() -> None:
    overheard = Overheard()
    for chunk in (b"Cookie: se", b"cret"):
        overheard.hear("client", chunk)
    overheard.hear("server", b"sec")
    overheard.hear("client", b"ret")
    assert overheard.count(b"secret") == 1


def test_a_relay_that_is_closed_takes_no_connection_any_more() -> None:
    relay = Relay(0, ("127.0.0.1", 9))
    relay.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", relay.port), timeout=5)
