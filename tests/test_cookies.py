"""A cookie that came twice, an address that would redirect elsewhere, and the shortest way in."""

import pytest
from flask import Flask

from tests.conftest import MakeApp, MakeVisitor

COOKIES = [("session", "sid"), ("memory", "sid"), ("token", "access"), ("token", "refresh"), ("hybrid", "access")]


@pytest.mark.parametrize(("approach", "name"), COOKIES)
def test_a_credential_that_came_twice_is_refused_whatever_the_order(
    app: Flask, visitor: MakeVisitor, approach: str, name: str
) -> None:
    """A neighbouring site can add a cookie of this name, and browsers may send it first. SECURITY 16."""
    alice = visitor(approach).login("alice", transport="cookie")
    mine, other = alice.cookie(name), "planted"
    for pair in (f"{name}={mine}; {name}={other}", f"{name}={other}; {name}={mine}"):
        refused = app.test_client(use_cookies=False).get(f"/{approach}/profile", headers={"Cookie": pair})
        assert (refused.status_code, refused.get_json()["code"]) == (400, "bad_request")
        assert name in refused.get_json()["detail"]


@pytest.mark.parametrize("path", ["/session//profile", "//session/profile", "//evil.example/session/profile"])
def test_no_address_redirects_to_where_the_host_header_says(make_app: MakeApp, path: str) -> None:
    answer = make_app(lab=False).test_client().get(path, headers={"Host": "evil.example"})
    assert answer.status_code in (401, 404)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("approach", ["open", "memory", "session", "token", "hybrid"])
def test_a_bare_prefix_leads_to_the_profile(app: Flask, approach: str) -> None:
    answer = app.test_client().get(f"/{approach}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/{approach}/profile")
