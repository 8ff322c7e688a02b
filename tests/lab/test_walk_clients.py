"""What the walks' pages ask besides a walk's steps: hashes compared, other clients, second logins, changed roles."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.story import Act, Request
from service.accounts.attempts import FAILURES_PER_MINUTE
from service.accounts.members import Members
from tests.conftest import Clock, MakeApp, app_in
from tests.support.lab_processes import Lab
from tests.support.problems import assert_problem
from tests.support.visitor import BY_SESSION, BY_TOKEN, GUARDED, PASSWORDS, Visitor, change_password

BROWSER = {"Accept": "text/html"}
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, store_url: str, clock: Clock) -> Iterator[Flask]:
    """One app for all of these tests: they look at pages, and at logins of their own."""
    with app_in(tmp_path_factory.mktemp("clients"), store_url, clock, front_door=NOBODY) as app:
        yield app


# -- what a log-in compares


def compare_password(app: Flask, username: object) -> TestResponse:
    return app.test_client().post("/walkthrough/password", json={"username": username})


def test_the_sent_passwords_hash_is_the_rows_and_anothers_is_not(app: Flask) -> None:
    """SECURITY 22: shortened, so that the row's hash is not given away."""
    answer = compare_password(app, "alice")
    compared = answer.get_json()
    whole = Members(app.extensions["database"]).find("alice")
    assert whole is not None
    *parameters, salt, stored = whole.password_hash.split("$")
    row = compared["row"]
    assert (row["username"], row["role"], row["hash"]) == ("alice", "user", f"{stored[:8]}…")
    assert row["password_hash"] == "$".join([*parameters, f"{salt[:8]}…", f"{stored[:8]}…"])
    right, wrong = compared["tried"]
    assert (right["kind"], right["hash"], right["same"]) == ("right", row["hash"], True)
    assert (wrong["kind"], wrong["same"], wrong["hash"] != row["hash"]) == ("wrong", False, True)
    assert stored not in answer.text
    assert PASSWORDS["alice"] not in answer.text


def test_no_row_is_shown_whose_password_is_not_public(make_app: MakeApp) -> None:
    app = make_app(front_door=NOBODY)
    assert compare_password(app, "alice").status_code == 200
    change_password(app, "alice", "another one of hers")
    for username in ("alice", "load-0001", "guest", "nobody"):
        assert_problem(compare_password(app, username), 404, "not_found", naming="demo member")
    assert_problem(compare_password(app, None), 400, "bad_request")


@pytest.mark.parametrize("slug", STORIES)
def test_who_copies_a_credential_is_named_and_so_is_who_sends_the_copy(slug: str) -> None:
    for step in STORIES[slug].steps:
        does = step.does
        copies = isinstance(does, Act) and does.kind == "copy"
        sends = isinstance(does, Request) and "{copied}" in f"{does.headers} {does.body}"
        assert (step.who, step.plays) != ("other", "other") or not (copies or sends), step.id


@pytest.mark.parametrize("slug", ["session", "token"])
def test_a_walk_says_where_the_rest_of_a_theft_is_tried(app: Flask, slug: str) -> None:
    page = app.test_client().get(f"/walkthrough/{slug}", headers=BROWSER).text
    beyond = page.split('class="beyond')[1].split("</p>")[0]
    assert re.findall('href="([^"]+)"', beyond) == [f"/{slug}/notes", "/walkthrough/rotation-and-theft"]


# -- another client


def play(app: Flask, **fields: object) -> TestResponse:
    return app.test_client().post("/walkthrough/as-another-client", json={"method": "GET", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "http://127.0.0.1:6379/"},
        {"path": "/lab/state"},
        {"path": "/session/login", "method": "POST"},
        {"path": "/session/profile\r\nX: y"},
        {"path": "//evil.example/session/profile"},
        {"path": "/session/../lab/state"},
        {"path": "/session/profile", "method": "CONNECT"},
        {"path": "/session/profile", "headers": {"Host": "evil.example"}},
        {"path": "/session/profile", "headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"path": "/session/profile", "headers": {"Cookie": "a\r\nX: y"}},
        {"path": "/session/profile", "headers": {"Cookie": 1}},
        {"path": "/session/profile", "headers": []},
        {"path": "/session/profile", "body": {}},
        {"path": "/session/profile", "body": "half of a character: \ud800"},
        {"path": "/session/profile", "method": ["GET"]},
        {"path": "/session/profile", "method": {"GET": 1}},
        {"path": "/session/profile", "headers": {"Cookie": ["a"]}},
        {"path": "/session/profile", "headers": {"Cookie": "\udfff"}},
        {"path": 1},
    ],
)
def test_another_client_reaches_an_approachs_pages_only(app: Flask, fields: dict[str, object]) -> None:
    assert_problem(play(app, **fields), 400, "bad_request")


def test_a_front_door_that_does_not_answer_is_a_503(app: Flask) -> None:
    assert_problem(play(app, path="/session/profile"), 503, "store_unavailable")


@pytest.mark.own_processes
def test_another_client_gets_the_real_answer(make_app: MakeApp, lab: Lab) -> None:
    answer = play(
        make_app(front_door=lab.url), path="/session/profile", headers={"Cookie": "sot_sid=copied"}
    ).get_json()
    assert answer["status"] == 401
    assert json.loads(answer["body"])["code"] == "invalid_session"
    names = {name.lower() for name, _ in answer["headers"]}
    assert {"x-node", "x-lab-wire", "x-lab-trace"} <= names


# -- a second login, of a member whose password is public


def second_login(app: Flask, approach: str, username: str) -> TestResponse:
    body = {"approach": approach, "username": username}
    return app.test_client().post("/walkthrough/second-login", json=body)


@pytest.mark.own_processes
@pytest.mark.parametrize("approach", GUARDED)
def test_a_load_member_logs_in_as_another_client(make_app: MakeApp, lab: Lab, approach: str) -> None:
    answer = second_login(make_app(front_door=lab.url), approach, "load-0042").get_json()
    assert answer["status"] == 200
    credential = "sot_sid=" if approach in BY_SESSION else "access_token"
    assert credential in json.dumps(answer)
    assert "load-0042" in json.dumps(answer) or approach in BY_TOKEN
    wire = next(value for name, value in answer["headers"] if name.lower() == "x-lab-wire")
    assert '"password": "****"' in json.loads(urlsafe_b64decode(wire + "=" * (-len(wire) % 4)))["request"]["body"]


@pytest.mark.parametrize(
    ("approach", "username"),
    [("session", "alice"), ("session", "load-42"), ("open", "load-0042"), ("../lab", "load-0042"), ("session", "")],
)
def test_nobody_else_logs_in_as_another_client(app: Flask, approach: str, username: str) -> None:
    assert_problem(second_login(app, approach, username), 400, "bad_request")


@pytest.mark.own_processes
@pytest.mark.parametrize("changed", ["unknown", "password", "disabled"])
def test_no_second_login_locks_the_labs_own_machine_out(make_app: MakeApp, lab: Lab, changed: str) -> None:
    """SECURITY 18: the lab sends it from its own machine, so one that would fail there is not sent."""
    app = make_app(front_door=lab.url)
    username = "load-9999" if changed == "unknown" else "load-0007"
    if changed == "password":
        change_password(app, username, "another one of hers")
    if changed == "disabled":
        app.test_cli_runner().invoke(args=["members", "disable", username])
    for _ in range(FAILURES_PER_MINUTE + 1):
        assert_problem(second_login(app, "session", username), 404, "not_found", naming="load member")
    for approach in GUARDED:
        assert second_login(app, approach, "load-0042").get_json()["status"] == 200


# -- one action through every approach


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_that_compares_is_there_in_a_running_lab(app: Flask, language: str) -> None:
    shown = app.test_client().get("/compare", headers={**BROWSER, "Accept-Language": language})
    assert shown.status_code == 200
    assert f'<html lang="{language}">' in shown.text
    assert 'href="/compare" aria-current="page"' in shown.text
    for approach in GUARDED:
        assert f'data-total="{approach}"' in shown.text


@pytest.mark.parametrize("settings", [{"lab": False}, {"front_door": None}])
def test_outside_a_running_lab_nothing_is_compared(make_app: MakeApp, settings: dict[str, object]) -> None:
    client = make_app(**{"front_door": NOBODY, **settings}).test_client()
    assert client.get("/compare").status_code == 404
    assert client.post("/walkthrough/second-login", json={}).status_code == 404


def test_the_page_that_compares_answers_to_its_own_name_only(app: Flask) -> None:
    """SECURITY 20."""
    assert app.test_client().get("/compare", headers={"Host": "evil.example"}).status_code == 403


# -- a role that is changed from a walk


def role_of(app: Flask, username: str, role: str) -> TestResponse:
    return app.test_client().post("/walkthrough/role", json={"username": username, "role": role})


def test_a_walk_changes_a_load_members_role_and_live_sessions_feel_it(app: Flask) -> None:
    session, token = (Visitor(app, approach) for approach in ("session", "token"))
    assert role_of(app, "load-0042", "admin").get_json() == {"member": {"username": "load-0042", "role": "admin"}}
    for visitor in (session, token):
        visitor.login("load-0042", "load")
        assert visitor.get("admin").status_code == 200
    assert role_of(app, "load-0042", "user").status_code == 200
    assert session.get("admin").status_code == 403
    assert token.get("admin").status_code == 200  # until it expires: that is the lesson


@pytest.mark.parametrize(
    ("username", "role", "status"),
    [("alice", "admin", 400), ("load-0042", "root", 400), ("load-9999", "admin", 404), ("../load-0042", "user", 400)],
)
def test_a_walk_changes_nobody_elses_role(app: Flask, username: str, role: str, status: int) -> None:
    assert role_of(app, username, role).status_code == status
