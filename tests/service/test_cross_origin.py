"""Cookies that stay where they belong, and browsers that act for another site."""

from collections.abc import Iterator
from itertools import count

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.session_probe import admit, credential_of
from tests.support.session_views import add_views
from tests.support.visitor import APPROACHES, BY_SESSION, PASSWORDS, Visitor

each_store = pytest.mark.parametrize("approach", BY_SESSION)

FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "SAME-ORIGIN"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": ""},
)
OWN = (
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Origin": "http://localhost"},
)
UNSAFE = (
    ("POST", "notes"),
    ("POST", "renew"),
    ("POST", "logout"),
    ("DELETE", "logins"),
    ("DELETE", "logins/some-login"),
    ("POST", "logins/end"),
    ("POST", "logins/some-login/end"),
)


@pytest.fixture(scope="module")
def app(module_app: Flask) -> Flask:
    return module_app


@pytest.fixture(scope="module")
def strangers() -> Iterator[str]:
    """Names of members whom no other test here uses."""
    return (f"load-{number:04d}" for number in count(1))


def attributes(header: str) -> set[str]:
    return set(header.split("; ")[1:])


def cookies_of(app: Flask, approach: str) -> list[str]:
    """Return the `Set-Cookie` headers of a login and of all that changes or takes the cookie."""
    visitors = [admit(app, approach) for _ in range(5)]
    paths = ("renew", "_use/regenerate", "_use/clear", "logout", "logins/end")
    answers = [visitor.post(path) for visitor, path in zip(visitors, paths, strict=True)]
    login = Visitor(app, approach).try_login("alice")
    return [header for answer in (login, *answers) for header in answer.headers.getlist("Set-Cookie")]


@each_store
def test_every_cookie_is_out_of_reach_of_scripts_other_sites_and_other_prefixes(
    make_app: MakeApp, approach: str
) -> None:
    """SECURITY 16."""
    cookies = cookies_of(add_views(make_app()), approach)
    assert len(cookies) == 6
    for header in cookies:
        assert header.startswith("sot_sid=")
        assert {"HttpOnly", "SameSite=Lax", f"Path=/{approach}"} <= attributes(header)
        assert "Secure" not in attributes(header)
        assert not any(attribute.startswith("Domain") for attribute in attributes(header))


@each_store
def test_under_https_every_cookie_is_secure(make_app: MakeApp, approach: str) -> None:
    """SECURITY 16: the one that takes a cookie away too."""
    cookies = cookies_of(add_views(make_app(public_origin="https://lab.example")), approach)
    assert len(cookies) == 6
    assert all("Secure" in attributes(header) for header in cookies)


@each_store
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_an_unsafe_request_from_another_origin_is_refused_and_does_nothing(
    app: Flask, strangers: Iterator[str], approach: str, headers: dict[str, str]
) -> None:
    """SECURITY 16."""
    name = next(strangers)
    alice = admit(app, approach, name)
    sid = alice.cookie("sid")
    for method, path in UNSAFE:
        refused = alice.open(method, path, headers=headers, json={"text": "planted"})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert alice.cookie("sid") == sid
    assert alice.get("notes").get_json() == {"notes": []}
    assert len(credential_of(app, approach).list_logins(name)) == 1


@pytest.mark.parametrize("approach", ["token", "hybrid"])
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_token_cookies_are_refused_from_another_origin_too(
    app: Flask, strangers: Iterator[str], approach: str, headers: dict[str, str]
) -> None:
    """SECURITY 16: cookies come along from every page, whatever they hold."""
    visitor = Visitor(app, approach).login(next(strangers), transport="cookie")
    for method, path in (("POST", "notes"), ("DELETE", "logins"), ("POST", "logout")):
        sent = {"json": {"text": "planted"}} if path == "notes" else {}
        refused = visitor.client.open(f"/{approach}/{path}", method=method, headers=headers, **sent)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert visitor.client.get(f"/{approach}/notes").get_json() == {"notes": []}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_what_the_guest_keeps_is_refused_from_another_origin_too(app: Flask, headers: dict[str, str]) -> None:
    """SECURITY 16: no cookie is needed there, and every page on the web could have its readers write notes."""
    guest = Visitor(app, "open")
    before = guest.get("notes").get_json()
    for method, path in UNSAFE:
        if path != "renew":
            refused = guest.open(method, path, headers=headers, data={"text": "planted"})
            assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert guest.get("notes", headers=headers).get_json() == before


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_the_guest_writes_notes_from_the_labs_own_pages(app: Flask, headers: dict[str, str]) -> None:
    assert Visitor(app, "open").post("notes", headers=headers, data={"text": "mine"}).status_code == 201


@each_store
@pytest.mark.parametrize("headers", OWN, ids=str)
def test_an_unsafe_request_from_the_labs_own_pages_is_served(
    app: Flask, approach: str, headers: dict[str, str]
) -> None:
    """SECURITY 16."""
    alice = admit(app, approach)
    assert alice.post("notes", headers=headers, json={"text": "mine"}).status_code == 201
    assert alice.post("renew", headers=headers).status_code == 200
    assert alice.post("logout", headers=headers).status_code == 204


@each_store
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_to_follow_a_link_from_another_site_is_no_crime(app: Flask, approach: str, headers: dict[str, str]) -> None:
    assert admit(app, approach).get("profile", headers=headers).status_code == 200


@pytest.mark.parametrize("approach", APPROACHES)
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_nobody_is_logged_in_by_another_sites_form(app: Flask, approach: str, headers: dict[str, str]) -> None:
    """SECURITY 16: login forgery. The right password, and a visitor who would not notice whose account it is."""
    form = {"username": "alice", "password": PASSWORDS["alice"]}
    refused = app.test_client().post(f"/{approach}/login", data=form, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert "Set-Cookie" not in refused.headers


@pytest.mark.parametrize("approach", APPROACHES)
@pytest.mark.parametrize("headers", OWN, ids=str)
def test_a_login_from_the_labs_own_form_is_served(app: Flask, approach: str, headers: dict[str, str]) -> None:
    form = {"username": "alice", "password": PASSWORDS["alice"]}
    assert app.test_client().post(f"/{approach}/login", data=form, headers=headers).status_code == 200


def test_behind_a_proxy_the_public_origin_is_the_own_one(make_app: MakeApp) -> None:
    """SECURITY 16: and the address that the proxy uses is not."""
    app = make_app(public_origin="http://lab.example:8000")
    for origin, status in (("http://lab.example:8000", 201), ("http://localhost", 403), ("http://lab.example", 403)):
        assert admit(app).post("notes", headers={"Origin": origin}, json={"text": "x"}).status_code == status
