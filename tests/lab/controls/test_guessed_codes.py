"""How often a code can be guessed, and how nodes share what they know of it."""

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from lab.controls.guard import SHARED_FILE
from lab.controls.guesses import WRONG_CODES_PER_MINUTE
from tests.conftest import MakeApp
from tests.lab.controls.presses import CODE, LAN, STUDENT, press
from tests.support.problems import assert_problem

pytestmark = pytest.mark.any_store

GUESSES: dict[str, dict[str, Any]] = {
    "page": {"path": "/lab/code", "json": {"code": "AAAAAAAA"}},
    "header": {"headers": {"X-Instructor-Code": "AAAAAAAA"}},
    "keys": {"path": "/lab/keys", "headers": {"X-Instructor-Code": "AAAAAAAA"}, "json": {}},
}
RIGHT: dict[str, dict[str, Any]] = {
    "page": {"path": "/lab/code", "json": {"code": CODE}},
    "header": {"headers": {"X-Instructor-Code": CODE}},
    "keys": {"path": "/lab/keys", "headers": {"X-Instructor-Code": CODE}, "json": {}},
}


def guess_until_the_limit(app: Flask) -> None:
    for number in range(WRONG_CODES_PER_MINUTE):
        guessed = press(app, at=LAN, client=f"192.168.0.{number}", **GUESSES["page"])
        assert_problem(guessed, 403, "wrong_code")


@pytest.mark.parametrize("way", GUESSES)
def test_guesses_are_limited_whichever_way_they_come(lan: Flask, way: str) -> None:
    """SECURITY 20: and the right code is no exception, or the limit would tell it."""
    guesses = [press(lan, at=LAN, client=STUDENT, **GUESSES[way]).status_code for _ in range(11)]
    assert guesses == [403] * 10 + [429]
    for sent in (*GUESSES.values(), *RIGHT.values()):
        refused = press(lan, at=LAN, client=STUDENT, **sent)
        assert_problem(refused, 429, "rate_limited", naming="own machine")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_the_limit_is_one_for_all_addresses_all_pages_and_all_nodes(
    lan: Flask, make_app: MakeApp, socket: Path
) -> None:
    """SECURITY 20: on a network one machine has as many addresses as it likes, and the balancer as many nodes."""
    another_node = make_app(control_socket=socket, instructor_code=CODE)
    for number in range(WRONG_CODES_PER_MINUTE):
        node, way = (lan, another_node)[number % 2], list(GUESSES.values())[number % 3]
        assert_problem(press(node, at=LAN, client=f"192.168.0.{number}", **way), 403, "wrong_code")
    for node in (lan, another_node):
        for way in (*GUESSES.values(), *RIGHT.values()):
            assert_problem(press(node, at=LAN, client="fe80::1", **way), 429, "rate_limited")


def test_guesses_at_the_same_moment_are_not_more_than_the_limit(lan: Flask) -> None:
    """SECURITY 20."""
    with ThreadPoolExecutor(8) as students:
        guesses = [students.submit(press, lan, at=LAN, client=STUDENT, **GUESSES["page"]) for _ in range(40)]
        statuses = sorted(guess.result().status_code for guess in guesses)
    assert statuses == [403] * WRONG_CODES_PER_MINUTE + [429] * (40 - WRONG_CODES_PER_MINUTE)


def test_a_used_up_limit_stops_neither_this_machine_nor_a_browser_that_was_let_in(lan: Flask) -> None:
    """SECURITY 20: else any student could keep the teacher from the controls."""
    teacher = lan.test_client()
    sent = {"base_url": LAN, "environ_overrides": {"REMOTE_ADDR": "192.168.0.2"}}
    assert teacher.post("/lab/code", json={"code": CODE}, **sent).status_code == 204
    guess_until_the_limit(lan)
    assert teacher.post("/lab/nodes", **sent).status_code == 201
    assert teacher.get("/lab/code", **sent).get_json() == {"may_press": True}
    assert press(lan).status_code == 201


def test_a_used_up_limit_ends_with_the_lab(start_lan: Callable[[], Flask]) -> None:
    guess_until_the_limit(start_lan())
    assert press(start_lan(), at=LAN, client=STUDENT, **RIGHT["page"]).status_code == 204


def test_a_wrong_cookie_is_no_guess_for_it_has_nothing_of_the_code(lan: Flask, start_lan: Callable[[], Flask]) -> None:
    """SECURITY 20: a browser that still has the cookie of an earlier lab uses nothing up by looking at pages."""
    cookies = [_proof_of(lan)]
    lan = start_lan()
    cookies += ["guess", hmac.new(CODE.encode(), b"lab controls", hashlib.sha256).hexdigest()]
    for cookie in cookies * WRONG_CODES_PER_MINUTE:
        brought = {"headers": {"Cookie": f"sot_instructor={cookie}"}}
        assert press(lan, "GET", "/lab/code", LAN, STUDENT, **brought).get_json() == {"may_press": False}
        assert press(lan, "GET", "/scale-out", LAN, STUDENT, **brought).status_code == 200
        assert_problem(press(lan, at=LAN, client=STUDENT, **brought), 403, "wrong_code")
    assert press(lan, at=LAN, client=STUDENT, **RIGHT["page"]).status_code == 204


def test_every_node_knows_the_proof_that_another_gave(lan: Flask, make_app: MakeApp, socket: Path) -> None:
    another_node = make_app(control_socket=socket, instructor_code=CODE)
    brought = {"Cookie": f"sot_instructor={_proof_of(lan)}"}
    assert press(another_node, at=LAN, client=STUDENT, headers=brought).status_code == 201


def test_what_the_nodes_share_is_readable_by_the_labs_own_user_only(lan: Flask, socket: Path) -> None:
    """SECURITY 22."""
    _proof_of(lan)
    assert socket.with_name(SHARED_FILE).stat().st_mode & 0o777 == 0o600


def test_where_guesses_cannot_be_counted_none_is_judged(make_app: MakeApp, tmp_path: Path) -> None:
    """SECURITY 20."""
    app = make_app(control_socket=tmp_path / "gone" / "socket", instructor_code=CODE)
    for sent in (*GUESSES.values(), *RIGHT.values()):
        assert_problem(press(app, at=LAN, client=STUDENT, **sent), 503, "supervisor_unavailable")


def test_the_terminal_names_the_address_of_a_guess(lan: Flask, caplog: pytest.LogCaptureFixture) -> None:
    press(lan, at=LAN, client=STUDENT, **GUESSES["page"])
    assert STUDENT in caplog.text
    assert "AAAAAAAA" not in caplog.text


def _proof_of(app: Flask) -> str:
    response = press(app, at=LAN, client=STUDENT, **RIGHT["page"])
    return response.headers["Set-Cookie"].split(";")[0].split("=")[1]
