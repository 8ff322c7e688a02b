"""The instructor code: what it opens on a network, and where it is never seen."""

import logging
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.lab.controls.conftest import Recorded
from tests.lab.controls.presses import CODE, LAN, PRESSES, STUDENT, press
from tests.support.problems import assert_problem

pytestmark = pytest.mark.any_store


def test_the_code_is_in_no_url_even_without_scripts(lan: Flask) -> None:
    """SECURITY 20."""
    page = press(lan, "GET", "/scale-out", LAN, STUDENT).get_data(as_text=True)
    assert '<form class="code-form" method="post"' in page


@pytest.mark.parametrize(("method", "path", "body", "command"), PRESSES)
def test_on_a_network_every_switch_takes_the_code(
    lan: Flask, supervisor: Recorded, method: str, path: str, body: object, command: tuple[object, ...]
) -> None:
    """SECURITY 20."""
    assert_problem(press(lan, method, path, LAN, STUDENT, json=body), 403, "code_needed")
    wrong = {"X-Instructor-Code": "AAAAAAAA"}
    assert_problem(press(lan, method, path, LAN, STUDENT, json=body, headers=wrong), 403, "wrong_code")
    assert supervisor.commands == []
    right = {"X-Instructor-Code": CODE}
    assert press(lan, method, path, LAN, STUDENT, json=body, headers=right).status_code in (200, 201)
    assert supervisor.commands == [command]


def test_looking_takes_no_code(lan: Flask) -> None:
    assert press(lan, "GET", "/lab/code", LAN, STUDENT).get_json() == {"may_press": False}
    assert [press(lan, "GET", path, LAN, STUDENT).status_code for path in ("/lab/state", "/scale-out")] == [200, 200]


def test_a_browser_remembers_the_code_in_a_cookie_that_does_not_tell_it(lan: Flask, supervisor: Recorded) -> None:
    """SECURITY 20, 22."""
    browser = lan.test_client()
    sent = {"base_url": LAN, "environ_overrides": {"REMOTE_ADDR": STUDENT}}
    response = browser.post("/lab/code", json={"code": f" {CODE.lower()} "}, **sent)
    cookie = response.headers["Set-Cookie"]
    assert response.status_code == 204
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/lab"))
    assert CODE not in cookie
    assert browser.get("/lab/code", **sent).get_json() == {"may_press": True}
    assert browser.post("/lab/nodes", **sent).status_code == 201
    assert supervisor.commands == [("add_node",)]


@pytest.mark.parametrize("value", ["", "x", CODE, "é"])
def test_a_made_up_cookie_opens_nothing(lan: Flask, supervisor: Recorded, value: str) -> None:
    """SECURITY 20."""
    cookie = {"Cookie": f"sot_instructor={value}"}
    assert_problem(press(lan, at=LAN, client=STUDENT, headers=cookie), 403, "wrong_code")
    assert supervisor.commands == []


def test_a_code_of_another_start_opens_nothing(lan: Flask, make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20."""
    before = make_app(control_socket=socket, instructor_code="ANOTHER2")
    cookie = press(before, "POST", "/lab/code", LAN, STUDENT, json={"code": "ANOTHER2"}).headers["Set-Cookie"]
    headers = {"Cookie": cookie.split(";")[0]}
    assert press(before, at=LAN, client=STUDENT, headers=headers).status_code == 201
    assert_problem(press(lan, at=LAN, client=STUDENT, headers=headers), 403, "wrong_code")


def test_the_code_is_in_no_log_no_page_and_no_address(lan: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """SECURITY 20, 22."""
    caplog.set_level(logging.DEBUG)
    told = [
        press(lan, "POST", "/lab/code", LAN, STUDENT, json={"code": CODE}),
        press(lan, "POST", "/lab/code", LAN, STUDENT, json={"code": f"{CODE}X"}),
        press(lan, "GET", "/scale-out", LAN, STUDENT, headers={"Accept": "text/html"}),
        press(lan, "GET", "/lab/state", LAN, STUDENT, headers={"X-Lab-Trace": "1"}),
    ]
    heard = "".join([caplog.text, *(f"{response.headers}{response.get_data(as_text=True)}" for response in told)])
    assert CODE not in heard
    by_address = press(lan, "POST", f"/lab/nodes?code={CODE}&X-Instructor-Code={CODE}", LAN, STUDENT)
    assert_problem(by_address, 403, "code_needed")
