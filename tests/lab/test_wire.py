"""The wire as the server saw it: told to who asks in a lab, and to nobody anywhere else."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lab.wire import MAX_HEADER
from tests.conftest import MakeApp, MakeVisitor
from tests.support.session_probe import admit
from tests.support.visitor import PASSWORDS

ASK = {"X-Lab-Trace": "1"}
ALICE = {"username": "alice", "password": PASSWORDS["alice"]}


def wire(response: TestResponse) -> dict[str, Any]:
    told = response.headers["X-Lab-Wire"]
    exchange: dict[str, Any] = json.loads(urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    return exchange


def test_a_log_in_is_shown_as_it_was_without_its_password(app: Flask) -> None:
    response = app.test_client().post("/session/login", json=ALICE, headers=ASK)
    told = wire(response)
    assert (told["request"]["method"], told["request"]["path"]) == ("POST", "/session/login")
    assert json.loads(told["request"]["body"]) == {"username": "alice", "password": "****"}
    assert ["Content-Type", "application/json"] in told["request"]["headers"]
    assert told["response"]["status"] == "200 OK"
    assert ["Set-Cookie", response.headers["Set-Cookie"]] in told["response"]["headers"]
    assert "HttpOnly" in response.headers["Set-Cookie"]


def test_what_names_the_login_is_shown(visitor: MakeVisitor) -> None:
    by_session, by_token = visitor("session").login(), visitor("token").login()
    assert any(name == "Cookie" for name, _ in wire(by_session.get("profile", headers=ASK))["request"]["headers"])
    sent = dict(wire(by_token.get("profile", headers=ASK))["request"]["headers"])
    assert sent["Authorization"] == f"Bearer {by_token.access}"


@pytest.mark.parametrize(
    ("data", "content_type", "shown"),
    [
        ("username=alice&password=wonderland", "application/x-www-form-urlencoded", "username=alice&password=****"),
        ('{"password": "wonderland"', "application/json", ""),
        ('["wonderland"]', "application/json", ""),
        (b"\xff\xfe", "application/json", ""),
        ("[" * 60_000, "application/json", ""),
    ],
)
def test_no_body_shows_a_password_however_it_is_written(
    app: Flask, data: str | bytes, content_type: str, shown: str
) -> None:
    response = app.test_client().post("/session/login", data=data, content_type=content_type, headers=ASK)
    assert wire(response)["request"]["body"] == shown


def test_the_largest_request_still_fits_a_proxys_buffer(app: Flask) -> None:
    """All of a response's headers go into one buffer of 32 kB."""
    long = {"Cookie": f"sot_sid={'x' * 9000}", "Authorization": f"Bearer {'y' * 9000}", "X-Refresh-Token": "z" * 9000}
    body = {"text": "한" * 9000}
    response = app.test_client(use_cookies=False).post("/session/notes", json=body, headers={**ASK, **long})
    assert "characters)" in wire(response)["request"]["headers"][1][1]
    assert len(response.headers["X-Lab-Wire"]) <= MAX_HEADER
    assert len(str(response.headers)) < 32 * 1024


def test_a_value_of_some_length_is_shown_whole(app: Flask) -> None:
    response = app.test_client(use_cookies=False).get("/session/profile", headers={**ASK, "Cookie": "a" * 4096})
    assert ["Cookie", "a" * 4096] in wire(response)["request"]["headers"]


@pytest.mark.parametrize("asked", [None, "0", "true", ""])
def test_nobody_is_told_who_did_not_ask(app: Flask, asked: str | None) -> None:
    headers = {} if asked is None else {"X-Lab-Trace": asked}
    assert "X-Lab-Wire" not in admit(app).get("profile", headers=headers).headers


def test_without_the_lab_nothing_is_told(make_app: MakeApp) -> None:
    """SECURITY 20 and 22: it would hand HttpOnly cookies to scripts."""
    assert "X-Lab-Wire" not in admit(make_app(lab=False)).get("profile", headers=ASK).headers


@pytest.mark.parametrize("path", ["/lab", "/lab/nowhere", "/open/profile", "/session/profile"])
@pytest.mark.parametrize(
    "cookie",
    ["sot_instructor=proof", "a=1; __Secure-sot_instructor=proof", "sot_instructor=proof; b=2;sot_instructor=proof"],
)
def test_the_instructors_cookie_is_shown_nowhere(app: Flask, path: str, cookie: str) -> None:
    """It is worth the code, and `/lab` itself lies on its path."""
    response = app.test_client(use_cookies=False).get(path, headers={"X-Lab-Trace": "1", "Cookie": cookie})
    told = json.dumps(wire(response)) if "X-Lab-Wire" in response.headers else ""
    assert "proof" not in told
    assert ("X-Lab-Wire" in response.headers) is not path.startswith("/lab")


def test_the_labs_own_machinery_is_not_shown(make_app: MakeApp) -> None:
    """The instructor code travels there."""
    app = make_app(front_door="http://127.0.0.1:1")
    for path in ("/lab/code", "/walkthrough/holdings"):
        assert "X-Lab-Wire" not in app.test_client().post(path, json={"code": "x"}, headers=ASK).headers
