"""What a refusal says, where a token may be sent, and what no cache may keep."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import Clock, MakeVisitor
from tests.support.visitor import BY_TOKEN, Visitor

each_token = pytest.mark.parametrize("approach", BY_TOKEN)
BARE = 'Bearer realm="session-or-token"'


def answer(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


def challenge(response: TestResponse) -> str:
    return str(response.headers["WWW-Authenticate"])


@each_token
@pytest.mark.parametrize("page", ["profile", "notes", "admin", "logins"])
def test_without_credentials_the_challenge_is_bare(visitor: MakeVisitor, approach: str, page: str) -> None:
    """SECURITY 8: RFC 6750 §3.1, no error code where no authentication was tried."""
    refused = visitor(approach).get(page)
    assert answer(refused) == (401, "no_credentials")
    assert challenge(refused) == BARE


@each_token
def test_a_refresh_without_a_token_is_asked_for_one(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8."""
    refused = visitor(approach).client.post(f"/{approach}/refresh")
    assert answer(refused) == (401, "no_credentials")
    assert challenge(refused) == BARE


@each_token
def test_a_bad_and_an_expired_token_are_invalid_tokens(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """SECURITY 8."""
    alice = visitor(approach).login("alice")
    bad = alice.get("profile", headers={"Authorization": "Bearer x.y.z"})
    clock.advance(3600)
    expired = alice.get("profile")
    assert answer(bad) == (401, "invalid_token")
    assert answer(expired) == (401, "expired_token")
    for refused in (bad, expired):
        assert challenge(refused).startswith(f'{BARE}, error="invalid_token", error_description="')


@each_token
def test_a_refused_refresh_token_is_an_invalid_token(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """SECURITY 8."""
    alice = visitor(approach).login("alice", access_ttl_s=1, refresh_ttl_s=2)
    clock.advance(60)
    expired = alice.refresh()
    alice.refresh_token = "x.y.z"
    bad = alice.refresh()
    assert (answer(expired), answer(bad)) == ((401, "refresh_expired"), (401, "refresh_invalid"))
    assert all('error="invalid_token"' in challenge(refused) for refused in (expired, bad))


@each_token
def test_a_role_that_is_too_low_is_forbidden(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8."""
    refused = visitor(approach).login("alice").get("admin")
    assert answer(refused) == (403, "forbidden")
    assert challenge(refused) == f'{BARE}, error="insufficient_scope", error_description="forbidden"'


@each_token
def test_an_access_token_in_two_places_is_a_bad_request(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8: RFC 6750 §2, not more than one method in each request. Even if both are the same token."""
    alice = visitor(approach).login("alice")
    alice.set_cookie("access", alice.access or "")
    refused = alice.get("profile")
    assert answer(refused) == (400, "bad_request")
    assert 'error="invalid_request"' in challenge(refused)


@each_token
def test_a_refresh_token_in_two_places_is_a_bad_request(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8."""
    alice = visitor(approach).login("alice")
    in_header, in_body = {"X-Refresh-Token": alice.refresh_token}, {"refresh_token": alice.refresh_token}
    bearer = {"Authorization": f"Bearer {alice.access}"}
    alice.set_cookie("refresh", alice.refresh_token or "")
    for kwargs in (
        {"headers": in_header},
        {"json": in_body},
        {"headers": {**in_header, **bearer}},
        {"json": in_body, "headers": bearer},
        {"json": in_body, "headers": in_header},
    ):
        refused = alice.client.post(f"/{approach}/refresh", **kwargs)
        assert answer(refused) == (400, "bad_request")
        assert 'error="invalid_request"' in challenge(refused)
    alice.client.delete_cookie("sot_refresh", path=f"/{approach}")
    assert answer(alice.client.post(f"/{approach}/refresh", json=in_body, headers=in_header))[0] == 400
    assert alice.refresh().status_code == 200  # and none of these used it


@each_token
def test_a_token_in_the_address_or_in_a_form_is_not_read(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8: RFC 6750 §2.2 and §2.3 are ways of sending that are not taken."""
    alice = visitor(approach).login("alice")
    tokens = {"access_token": alice.access, "refresh_token": alice.refresh_token}
    path, client = f"/{approach}", alice.client
    for refused in (
        client.get(f"{path}/profile", query_string=tokens),
        client.post(f"{path}/notes", query_string=tokens, json={"text": "x"}),
        client.post(f"{path}/notes", data={**tokens, "text": "x"}),
        client.post(f"{path}/notes", json={**tokens, "text": "x"}),
        client.post(f"{path}/refresh", query_string=tokens),
    ):
        assert answer(refused) == (401, "no_credentials")


@each_token
def test_the_scheme_is_read_in_any_case(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8: RFC 9110 §11.1."""
    token = visitor(approach).login("alice").access
    stranger = visitor(approach)
    for scheme in ("Bearer", "bearer", "BEARER", "bEaReR"):
        assert stranger.get("profile", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


@each_token
def test_another_scheme_is_no_credential_here(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8."""
    token = visitor(approach).login("alice").access
    stranger = visitor(approach)
    for header in (f"Basic {token}", f"Bearer{token}", f"Token {token}", str(token), "", "Negotiate"):
        refused = stranger.get("profile", headers={"Authorization": header})
        assert (*answer(refused), challenge(refused)) == (401, "no_credentials", BARE)
    for header in ("Bearer", "Bearer ", f"Bearer {token},{token}", f"Bearer {token} {token}"):
        assert answer(stranger.get("profile", headers={"Authorization": header})) == (401, "invalid_token")


@each_token
def test_a_refresh_token_alone_opens_nothing(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 8: but the refresh, and its own login's end."""
    alice, stranger = visitor(approach).login("alice"), visitor(approach)
    as_header = stranger.get("profile", headers={"X-Refresh-Token": alice.refresh_token or ""})
    stranger.set_cookie("refresh", alice.refresh_token or "")
    for refused in (as_header, stranger.get("profile"), stranger.get("logins")):
        assert answer(refused) == (401, "no_credentials")
        assert "X-Access-Token" not in refused.headers
        assert "Set-Cookie" not in refused.headers


def responses_of(visitor: Visitor) -> list[TestResponse]:
    """Return one of each kind: issued, refreshed, served, forbidden, refused, ended."""
    issued = visitor.try_login("alice")
    return [
        issued,
        visitor.refresh(),
        visitor.get("profile"),
        visitor.get("admin"),
        visitor.get("profile", headers={"Authorization": "Bearer x"}),
        visitor.client.post(f"/{visitor.approach}/refresh", json={"refresh_token": "x"}),
        visitor.post("logout"),
    ]


@each_token
def test_no_cache_may_keep_or_mix_up_what_tokens_decide(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 9: RFC 6749 §5.1, RFC 9111 §3.5."""
    for response in responses_of(visitor(approach)):
        assert response.headers["Cache-Control"] == "no-store"
        assert {"Cookie", "Authorization"} <= set(response.vary)


def test_a_page_without_a_guard_makes_no_challenge(app: Flask) -> None:
    """SECURITY 8."""
    for path in ("/", "/nowhere", "/session/profile", "/healthz"):
        assert "WWW-Authenticate" not in app.test_client().get(path).headers


@each_token
def test_cookies_are_out_of_scripts_and_other_paths_reach(visitor: MakeVisitor, approach: str) -> None:
    response = visitor(approach).try_login("alice", transport="cookie")
    cookies = response.headers.getlist("Set-Cookie")
    assert [cookie.split("=", maxsplit=1)[0] for cookie in cookies] == ["sot_access", "sot_refresh"]
    for cookie in cookies:
        attributes = {part.strip() for part in cookie.split(";")[1:]}
        assert {"HttpOnly", "SameSite=Lax", f"Path=/{approach}"} <= attributes
    assert "token" not in response.get_data(as_text=True)
