"""A cookie that came twice, an address that would redirect elsewhere, and the shortest way in."""

import pytest
from flask import Flask, Response, request

from service.web.cookies import Cookie, cookies_sent, credential_cookie, setting_cookie
from tests.conftest import MakeApp, MakeVisitor

COOKIES = [("session", "sid"), ("memory", "sid"), ("token", "access"), ("token", "refresh"), ("hybrid", "access")]


@pytest.mark.parametrize(("approach", "name"), COOKIES)
def test_a_credential_that_came_twice_is_refused_whatever_the_order(
    app: Flask, visitor: MakeVisitor, approach: str, name: str
) -> None:
    """A neighbouring site can add a cookie of this name, and browsers may send it first. SECURITY 16."""
    alice = visitor(approach).login("alice", transport="cookie")
    mine, other = alice.cookie(name), "planted"
    name = f"sot_{name}"
    for pair in (f"{name}={mine}; {name}={other}", f"{name}={other}; {name}={mine}"):
        refused = app.test_client(use_cookies=False).get(f"/{approach}/profile", headers={"Cookie": pair})
        assert (refused.status_code, refused.get_json()["code"]) == (400, "bad_request")
        assert name in refused.get_json()["detail"]


HEADERS = [
    "sot_sid=abc",
    "other=1; sot_sid=a.b-c_D; last=2",
    "other=1;sot_sid=abc;last=2",
    "sot_sid=",
    "sot_sid",
    "sot_sid=abc=",
    'sot_sid="abc"',
    'sot_sid="a\\142c"',
    'other="; sot_sid=abc"',
    "sot_sid=a b",
    "sot_sid=abc ; last=2",
    " sot_sid=abc",
    "other=1;   sot_sid =  abc",
    "not_sot_sid=abc",
    "sot_sid2=abc",
    "other=sot_sid=abc",
    "__Secure-sot_sid=abc",
    "sot_sid=one; sot_sid=two",
    "sot_sid=one; xsot_sid=two",
    "sot_sid=\xc3\xa9",
    "other=\xff; sot_sid=abc",
    "SOT_SID=abc",
    ";;; ;sot_sid=abc;",
    "",
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_cookie_is_found_as_if_all_of_them_had_been_parsed(app: Flask, header: str) -> None:
    with app.test_request_context("/", environ_overrides={"HTTP_COOKIE": header}):
        assert cookies_sent(request, "sot_sid") == request.cookies.getlist("sot_sid")


@pytest.mark.parametrize("path", ["/", "/{a}", "/{a}/", "/{a}/profile"])
@pytest.mark.parametrize(("approach", "name"), COOKIES)
def test_a_cookie_that_comes_twice_is_deleted_by_the_refusal(
    visitor: MakeVisitor, approach: str, name: str, path: str
) -> None:
    """SECURITY 26: it used to make every page a 400, with no way out."""
    alice = visitor(approach).login("alice", transport="cookie")
    alice.client.set_cookie(f"sot_{name}", "planted", path=path.format(a=approach))
    if path != "/{a}":
        assert alice.get("profile", headers={}).status_code == 400
    assert alice.client.get_cookie(f"sot_{name}", path=path.format(a=approach)) is None or path == "/{a}"
    alice.access = alice.refresh_token = None
    alice.login("alice", transport="cookie")
    assert alice.who() == "alice"


@pytest.mark.parametrize("approach", ["memory", "session", "token", "hybrid"])
@pytest.mark.parametrize("foreign", ["sid", "session", "access", "refresh", "session_id", "token"])
def test_a_cookie_of_another_program_is_none_of_ours(visitor: MakeVisitor, approach: str, foreign: str) -> None:
    """SECURITY 26: cookies belong to a host, whatever the port."""
    alice = visitor(approach).login("alice", transport="cookie")
    alice.client.set_cookie(foreign, "another program's", path="/")
    assert alice.who() == "alice"


@pytest.mark.parametrize(("approach", "name"), COOKIES)
def test_over_https_the_names_say_that_the_cookies_came_so(make_app: MakeApp, approach: str, name: str) -> None:
    """SECURITY 16, 26: `__Secure-` and not `__Host-`, which demands `Path=/`. Each is taken away by its own name."""
    app = make_app(public_origin="https://lab.example")
    client, secure = (
        app.test_client(),
        {"base_url": "https://lab.example", "headers": {"Origin": "https://lab.example"}},
    )
    body = {"username": "alice", "password": "wonderland", "transport": "cookie"}
    said = client.post(f"/{approach}/login", json=body, **secure).headers.getlist("Set-Cookie")
    [line] = [line for line in said if line.startswith(f"__Secure-sot_{name}=")]
    assert {"Secure", "HttpOnly", f"Path=/{approach}", "SameSite=Lax"} <= set(line.split("; "))
    assert client.get(f"/{approach}/profile", **secure).status_code == 200
    gone = client.post(f"/{approach}/logout", **secure).headers.getlist("Set-Cookie")
    [line] = [line for line in gone if line.startswith(f"__Secure-sot_{name}=")]
    assert {"Secure", "Max-Age=0"} <= set(line.split("; ")), "browsers take no __Secure- cookie without Secure"


ATTRIBUTES = [
    (credential_cookie("sid", "/session", secure=False), "sot_sid", "HttpOnly; Path=/session; SameSite=Lax"),
    (
        credential_cookie("sid", "/session", secure=True),
        "__Secure-sot_sid",
        "Secure; HttpOnly; Path=/session; SameSite=Lax",
    ),
    (
        credential_cookie("instructor", "/lab", secure=True, samesite="Strict"),
        "__Secure-sot_instructor",
        "Secure; HttpOnly; Path=/lab; SameSite=Strict",
    ),
    (setting_cookie("language"), "sot_language", "HttpOnly; Path=/; SameSite=Lax"),
]


@pytest.mark.parametrize(("cookie", "name", "attributes"), ATTRIBUTES)
def test_a_cookie_is_set_and_deleted_with_the_same_attributes(cookie: Cookie, name: str, attributes: str) -> None:
    """SECURITY 16: else a browser would keep the cookie that was to be deleted."""
    answer = cookie.delete(cookie.set(Response(), "value"))
    given, deleted = answer.headers.getlist("Set-Cookie")
    assert given.startswith(f"{name}=value; ")
    assert given.endswith(attributes)
    assert deleted == f"{name}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; {attributes}"


def test_a_setting_is_kept_for_a_year_and_a_session_id_until_the_browser_ends() -> None:
    kept, gone = setting_cookie("theme").set(Response(), "dark"), ATTRIBUTES[0][0].set(Response(), "id")
    assert "Max-Age=31536000" in kept.headers["Set-Cookie"]
    assert "Max-Age" not in gone.headers["Set-Cookie"]


@pytest.mark.parametrize("approach", ["memory", "session", "token", "hybrid"])
def test_cookies_that_the_server_could_not_read_are_explained(app: Flask, approach: str) -> None:
    """SECURITY 26: it used to say "not logged in" after a right password."""
    refused = app.test_client(use_cookies=False).get(f"/{approach}/profile", headers={"Cookie": ""})
    assert (refused.status_code, refused.get_json()["code"]) == (400, "bad_request")
    assert "ASCII" in refused.get_json()["detail"]


@pytest.mark.parametrize("path", ["/session//profile", "//session/profile", "//evil.example/session/profile"])
def test_no_address_redirects_to_where_the_host_header_says(make_app: MakeApp, path: str) -> None:
    answer = make_app(lab=False).test_client().get(path, headers={"Host": "evil.example"})
    assert answer.status_code in (401, 404)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("approach", ["open", "memory", "session", "token", "hybrid"])
def test_a_bare_prefix_leads_to_the_profile(app: Flask, approach: str) -> None:
    answer = app.test_client().get(f"/{approach}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/{approach}/profile")
