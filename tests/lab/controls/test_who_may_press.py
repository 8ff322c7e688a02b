"""Whose request may look at the controls or press them: by its name, its origin and its machine."""

from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.lab.controls.conftest import Recorded
from tests.lab.controls.presses import CODE, HERE, LAN, PRESSES, STUDENT, look, press
from tests.support.problems import assert_problem

pytestmark = pytest.mark.any_store

FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "localhost.",
    "127.0.0.1.",
    "LOCALHOST.EVIL.EXAMPLE",
    "localhost@evil.example",
    "evil.example@localhost",
    "user:pass@127.0.0.1",
    "localhost:8000:8000",
    "localhost, evil.example",
    "localhost evil.example",
    "evil.example#localhost",
    "localhost:port",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1",
    "localhost\x00",
    "",
    None,
]


@pytest.mark.parametrize("path", ["/lab/state", "/scale-out"])
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_name_sees_nothing(app: Flask, host: str | None, path: str) -> None:
    """SECURITY 20: a page whose own name was pointed at this machine."""
    response = look(app, path, host)
    assert_problem(response, 403, "foreign_host")
    assert "node-1" not in response.get_data(as_text=True)


@pytest.mark.parametrize(("method", "path", "body", "_command"), PRESSES)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_a_foreign_name_presses_nothing(
    app: Flask, supervisor: Recorded, method: str, path: str, body: object, _command: object, host: str
) -> None:
    """SECURITY 20: to the browser a rebound page is of the same origin as the lab."""
    headers = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert_problem(press(app, method, path, f"http://{host}", json=body, headers=headers), 403, "foreign_host")
    assert supervisor.commands == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]", "[::1]:8000"])
def test_our_own_names_are_answered(app: Flask, host: str) -> None:
    assert [look(app, path, host).status_code for path in ("/lab/state", "/scale-out")] == [200, 200]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("192.168.0.7:8000", 200),
        ("[fe80::1]:8000", 200),
        ("lab.local", 403),
        ("192.168.0.7.evil.example", 403),
        ("192.168.0.007", 403),
    ],
)
def test_with_a_code_addresses_are_answered_too_and_names_are_not(lan: Flask, host: str, status: int) -> None:
    """SECURITY 20: no other site can own an address."""
    assert look(lan, "/lab/state", host).status_code == status


def test_without_a_code_no_address_but_loopback_is_answered(app: Flask) -> None:
    """SECURITY 20."""
    assert_problem(look(app, "/lab/state", "192.168.0.7:8000"), 403, "foreign_host")


def test_the_public_origin_is_a_name_of_ours(make_app: MakeApp, socket: Path) -> None:
    app = make_app(control_socket=socket, public_origin="https://lab.example:8443")
    assert look(app, "/lab/state", "lab.example:8443").status_code == 200
    assert look(app, "/lab/state", "lab.example.evil").status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/lab/nodes", "/lab/store/empty"])
def test_no_form_presses_anything(app: Flask, supervisor: Recorded, kind: str, path: str) -> None:
    """SECURITY 20: even from a browser that would say nothing of its origin."""
    for data in (b'{"state": "killed"}', b""):
        assert_problem(press(app, "POST", path, data=data, content_type=kind), 415, "unsupported_media_type")
    assert supervisor.commands == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://localhost:8000"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": HERE, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_no_other_page_presses_anything(app: Flask, supervisor: Recorded, headers: dict[str, str]) -> None:
    """SECURITY 20: a browser names the origin of every unsafe request; one that is missing was taken away."""
    for method, path, body, _ in PRESSES:
        assert_problem(press(app, method, path, json=body, headers=headers), 403, "forbidden")
    assert_problem(press(app, "POST", "/lab/code", json={"code": CODE}, headers=headers), 403, "forbidden")
    assert supervisor.commands == []


def test_our_own_page_presses(app: Flask) -> None:
    assert press(app, headers={"Origin": HERE, "Sec-Fetch-Site": "same-origin"}).status_code == 201


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_s_page_may_not_even_look(app: Flask, site: str) -> None:
    """SECURITY 20: it can read nothing, and could keep the lab busy."""
    assert press(app, "GET", "/lab/state", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert press(app, "GET", "/scale-out", headers={"Sec-Fetch-Site": site}).status_code == 200, "a link leads here"


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "127.0.0.1, 127.0.0.1", "::1"])
def test_a_forged_address_makes_nobody_local(make_app: MakeApp, socket: Path, forwarded: str) -> None:
    """SECURITY 20: with and without the balancer, which writes the last address itself."""
    headers = {"X-Forwarded-For": forwarded, "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    alone = make_app(control_socket=socket, instructor_code=CODE)
    assert_problem(press(alone, at=LAN, client=STUDENT, headers=headers), 403, "code_needed")
    balanced = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=1)
    through = {**headers, "X-Forwarded-For": f"{forwarded}, {STUDENT}"}
    for at in (LAN, HERE):
        assert_problem(press(balanced, at=at, client="", headers=through), 403, "code_needed")


def test_behind_the_balancer_this_machine_is_local(make_app: MakeApp, socket: Path) -> None:
    balanced = make_app(control_socket=socket, trusted_proxies=1)
    assert press(balanced, client="", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 201


@pytest.mark.parametrize("client", ["", "not an address", STUDENT, "10.0.0.127", "::ffff:192.168.0.30"])
def test_without_a_code_only_this_machine_presses(app: Flask, supervisor: Recorded, client: str) -> None:
    """SECURITY 20."""
    assert_problem(press(app, client=client), 403, "code_needed")
    assert_problem(press(app, client=client, headers={"X-Instructor-Code": ""}), 403, "code_needed")
    assert supervisor.commands == []


def test_a_proxy_that_nobody_told_us_of_makes_nobody_local(app: Flask, supervisor: Recorded) -> None:
    """SECURITY 20: behind it, every client seems to sit at this machine."""
    assert_problem(press(app, headers={"X-Forwarded-For": "203.0.113.9"}), 403, "code_needed")
    assert supervisor.commands == []


def test_behind_a_public_origin_nobody_is_local(make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20."""
    app = make_app(control_socket=socket, public_origin="https://lab.example")
    assert_problem(press(app), 403, "code_needed")


def test_who_gets_past_a_proxy_and_names_this_machine_is_not_local(make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20: it was carried out. Behind proxies of one's own no client is local: any address can be written."""
    app = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=2)
    headers = {"X-Forwarded-For": f"127.0.0.1, {STUDENT}"}
    assert_problem(press(app, at="http://localhost", client="", headers=headers), 403, "code_needed")
    alone = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=1)
    headers = {"X-Forwarded-For": "127.0.0.1"}
    assert_problem(press(alone, at="http://localhost", client=STUDENT, headers=headers), 403, "code_needed")
