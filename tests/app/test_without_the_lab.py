"""What remains with LAB=0: the two approaches and their pages, for members of one's own."""

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.visitor import PASSWORDS, Visitor, add_member, change_password


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app that is no lab, over a member database that a lab has seeded."""
    app = make_app(lab=False)
    add_member(app, "dana", "all her own words")
    return app


@pytest.mark.parametrize("approach", ["session", "token"])
def test_a_member_of_ones_own_logs_in(app: Flask, approach: str) -> None:
    assert Visitor(app, approach).login("dana", "all her own words").who() == "dana"


@pytest.mark.parametrize("username", [*PASSWORDS, "load-0001", "guest"])
def test_what_the_lab_says_aloud_opens_no_door(app: Flask, username: str) -> None:
    """A database that a lab has used keeps its members: `make demo` first, then the real thing on the same files."""
    refused = Visitor(app, "session").try_login(username)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("approach", ["session", "token"])
def test_a_login_from_the_lab_opens_no_door_either(make_app: MakeApp, approach: str) -> None:
    """SECURITY 18. Whoever had been the administrator in a lab, as anybody can, was it in the real thing too."""
    carol = Visitor(make_app(), approach).login("carol")
    outside = Visitor(make_app(lab=False), approach)
    outside.access, outside.refresh_token = carol.access, carol.refresh_token
    for name in ("sid", "access_token", "refresh_token"):
        if (value := carol.cookie(name)) is not None:
            outside.set_cookie(name, value)
    assert carol.who() == "carol"
    assert outside.who() is None
    assert outside.get("admin").status_code == 401
    if approach == "token":
        assert outside.refresh().status_code == 401
    assert carol.who() == "carol"  # and looking at it there ends nothing here


def test_a_login_from_outside_the_lab_opens_no_door_in_it(app: Flask, make_app: MakeApp) -> None:
    dana = Visitor(app, "token").login("dana", "all her own words")
    inside = Visitor(make_app(), "token")
    inside.access = dana.access
    assert inside.who() is None


def test_a_demo_member_with_a_password_of_their_own_is_a_member(app: Flask) -> None:
    change_password(app, "carol", "not in the readme")
    assert Visitor(app, "session").login("carol", "not in the readme").who() == "carol"


@pytest.mark.parametrize("approach", ["open", "memory", "hybrid"])
def test_the_other_approaches_are_not_there(app: Flask, approach: str) -> None:
    assert app.test_client().get(f"/{approach}/profile").status_code == 404


def test_there_is_no_trace_and_no_synthetic_work(app: Flask) -> None:
    dana = Visitor(app, "token").login("dana", "all her own words")
    response = dana.get("profile?work_ms=nonsense", headers={"X-Lab-Trace": "1"})
    assert response.status_code == 200
    assert "X-Lab-Trace" not in response.headers


def test_the_home_page_names_no_password(app: Flask) -> None:
    page = app.test_client().get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert not [password for password in PASSWORDS.values() if password in page]
