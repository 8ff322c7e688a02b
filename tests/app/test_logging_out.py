"""Log out with whatever proves whose login it is; an answer that a login is over takes its cookies along."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.forge import claims_of
from tests.support.session_probe import admit, bearer_of, credential_of
from tests.support.visitor import BY_SESSION, BY_TOKEN, GUARDED, Visitor

each_token = pytest.mark.parametrize("approach", BY_TOKEN)
each_session = pytest.mark.parametrize("approach", BY_SESSION)
each_guarded = pytest.mark.parametrize("approach", GUARDED)
COOKIES = {"memory": ["sid"], "session": ["sid"], "token": ["access", "refresh"], "hybrid": ["access", "refresh"]}


def log_in(visitor: Visitor) -> Visitor:
    """Log in so that a browser's cookies hold the login, in every approach."""
    return visitor.login("alice", **({"transport": "cookie"} if visitor.approach in BY_TOKEN else {}))


def cookies_of(visitor: Visitor) -> list[str | None]:
    return [visitor.cookie(name) for name in COOKIES[visitor.approach]]


def log_out(visitor: Visitor, way: str) -> TestResponse:
    """Log out with the access token, the refresh token, or both; in headers, in the body or in cookies."""
    access, refresh = {"Authorization": f"Bearer {visitor.access}"}, visitor.refresh_token
    headers, body = {
        "access": (access, {}),
        "refresh in the body": ({}, {"refresh_token": refresh}),
        "refresh in the header": ({"X-Refresh-Token": refresh}, {}),
        "refresh in the cookie": ({}, {}),
        "access, and refresh in the body": (access, {"refresh_token": refresh}),
        "both in headers": ({**access, "X-Refresh-Token": refresh}, {}),
    }[way]
    client = visitor.client.application.test_client()
    if way == "refresh in the cookie":
        client.set_cookie("sot_refresh", refresh or "", path=f"/{visitor.approach}")
    return client.post(f"/{visitor.approach}/logout", headers=headers, json=body)


WAYS = [
    "access",
    "refresh in the body",
    "refresh in the header",
    "refresh in the cookie",
    "access, and refresh in the body",
    "both in headers",
]


@each_token
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("expired", ["nothing", "access", "access and refresh"])
def test_a_token_that_says_whose_it_was_ends_that_login(
    visitor: MakeVisitor, clock: Clock, approach: str, way: str, expired: str
) -> None:
    """SECURITY 31: RFC 7009 takes a refresh token alone, and an expired one proves as much."""
    alice = visitor(approach).login("alice", access_ttl_s=60, refresh_ttl_s=300)
    elsewhere = visitor(approach).login("alice")
    clock.advance({"nothing": 0, "access": 60, "access and refresh": 300}[expired])
    assert log_out(alice, way).status_code == 204
    elsewhere.refresh()
    listed = [login["id"] for login in elsewhere.get("logins").get_json()["logins"]]
    assert listed == [claims_of(elsewhere.access or "")["login_id"]]
    assert alice.refresh().get_json()["code"] in ("refresh_invalid", "refresh_expired")
    assert alice.who() == ("alice" if (approach, expired) == ("token", "nothing") else None)


@each_token
@pytest.mark.parametrize("way", WAYS)
def test_to_log_out_again_is_a_success(visitor: MakeVisitor, approach: str, way: str) -> None:
    """SECURITY 31."""
    alice = visitor(approach).login("alice")
    assert [log_out(alice, way).status_code for _ in range(3)] == [204, 204, 204]


@each_token
@pytest.mark.parametrize("way", ["access", "both in headers"])
def test_after_a_change_of_role_one_can_log_out(app: Flask, visitor: MakeVisitor, approach: str, way: str) -> None:
    """SECURITY 31: on /hybrid the old token is as good as expired, and used to be refused here too."""
    carol = visitor(approach).login("carol")
    app.test_cli_runner().invoke(args=["members", "set-role", "carol", "user"])
    assert log_out(carol, way).status_code == 204
    assert carol.refresh().get_json()["code"] == "refresh_invalid"
    assert carol.who() == {"token": "carol", "hybrid": None}[approach]


@each_token
def test_after_a_change_of_role_one_can_end_ones_logins(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 31."""
    carol, elsewhere = (visitor(approach).login("carol") for _ in range(2))
    app.test_cli_runner().invoke(args=["members", "set-role", "carol", "user"])
    assert len(carol.get("logins").get_json()["logins"]) == 2
    other = claims_of(elsewhere.access or "")["login_id"]
    assert carol.delete(f"logins/{other}").status_code == 204
    assert elsewhere.refresh().get_json()["code"] == "refresh_invalid"
    assert carol.delete("logins").status_code == 204
    assert carol.refresh().get_json()["code"] == "refresh_invalid"


@each_token
@pytest.mark.parametrize("tampered", ["access", "refresh"])
def test_a_tampered_token_ends_nothing_whatever_the_other_says(
    visitor: MakeVisitor, approach: str, tampered: str
) -> None:
    """SECURITY 7, 31."""
    alice = visitor(approach).login("alice")
    access, refresh = alice.access or "", alice.refresh_token or ""
    sent = (f"{access}x", refresh) if tampered == "access" else (access, f"{refresh}x")
    headers = {"Authorization": f"Bearer {sent[0]}", "X-Refresh-Token": sent[1]}
    refused = alice.client.post(f"/{approach}/logout", headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (
        401,
        {"access": "invalid_token", "refresh": "refresh_invalid"}[tampered],
    )
    assert alice.refresh().status_code == 200


@each_token
def test_tokens_of_the_other_approach_end_nothing(visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    [other] = set(BY_TOKEN) - {approach}
    stranger = visitor(other)
    stranger.access, stranger.refresh_token = alice.access, alice.refresh_token
    assert {log_out(stranger, way).status_code for way in WAYS} == {401}
    assert alice.refresh().status_code == 200


@each_guarded
def test_without_anything_that_proves_a_login_there_is_none_to_end(visitor: MakeVisitor, approach: str) -> None:
    refused = visitor(approach).post("logout")
    assert (refused.status_code, refused.get_json()["code"]) == (401, "no_credentials")


@each_guarded
@pytest.mark.parametrize("end", ["logout", "all", "this one"])
def test_to_log_out_of_a_login_that_has_ended_is_a_success_and_takes_the_cookies(
    visitor: MakeVisitor, approach: str, end: str
) -> None:
    """SECURITY 31."""
    alice, elsewhere = log_in(visitor(approach)), log_in(visitor(approach))
    copies = dict(zip(COOKIES[approach], cookies_of(alice), strict=True))
    ids = [login["id"] for login in alice.get("logins").get_json()["logins"] if login["current"]]
    ended = {
        "logout": lambda: alice.post("logout"),
        "all": lambda: elsewhere.delete("logins"),
        "this one": lambda: elsewhere.delete(f"logins/{ids[0]}"),
    }[end]()
    assert ended.status_code == 204
    for name, value in copies.items():
        alice.set_cookie(name, value or "")
    assert alice.post("logout").status_code == 204
    assert cookies_of(alice) == [None] * len(copies)


@each_guarded
def test_to_end_ones_own_login_from_the_list_takes_the_cookies(visitor: MakeVisitor, approach: str) -> None:
    alice = log_in(visitor(approach))
    [login] = alice.get("logins").get_json()["logins"]
    assert alice.delete(f"logins/{login['id']}").status_code == 204
    assert set(cookies_of(alice)) == {None}


@pytest.mark.parametrize("approach", ["memory", "session", "hybrid"])
@pytest.mark.parametrize(("mode", "taken"), [(None, True), ("navigate", True), ("cors", False), ("same-origin", False)])
def test_a_page_that_says_that_the_login_is_over_takes_its_cookies(
    visitor: MakeVisitor, approach: str, mode: str | None, taken: bool
) -> None:
    """A script's request may have been on its way while another tab logged in: its answer takes nothing."""
    alice, elsewhere = log_in(visitor(approach)), log_in(visitor(approach))
    elsewhere.delete("logins")
    refused = alice.get("profile", headers={"Sec-Fetch-Mode": mode} if mode else {})
    assert refused.status_code == 401
    assert (set(cookies_of(alice)) == {None}) is taken


@each_token
def test_a_refresh_that_says_that_the_login_is_over_takes_its_cookies(visitor: MakeVisitor, approach: str) -> None:
    alice, elsewhere = log_in(visitor(approach)), log_in(visitor(approach))
    elsewhere.delete("logins")
    assert alice.client.post(f"/{approach}/refresh").get_json()["code"] == "refresh_invalid"
    assert cookies_of(alice) == [None, None]


@each_session
def test_a_session_that_ran_out_takes_its_cookie(make_app: MakeApp, clock: Clock, approach: str) -> None:
    alice = admit(make_app(session_absolute_s=100, session_idle_s=100), approach, idle_s=100)
    clock.advance(100)
    assert alice.who() is None
    assert alice.cookie("sid") is None


def test_a_node_does_not_take_the_cookie_of_a_session_in_another_nodes_memory(make_app: MakeApp) -> None:
    """Behind a balancer the next request finds its own node again; and only that node can log it out."""
    here, there = make_app(), make_app(node_name="node-2")
    alice = admit(here, "memory")
    elsewhere = bearer_of(there, "memory", alice.cookie("sid"))
    for refused in (elsewhere.get("profile"), elsewhere.post("logout")):
        assert (refused.status_code, refused.get_json()["code"]) == (401, "invalid_session")
    assert elsewhere.cookie("sid") == alice.cookie("sid")
    assert alice.who() == "alice"


@each_guarded
def test_a_log_out_from_another_site_is_refused(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 16."""
    alice = log_in(visitor(approach))
    assert alice.post("logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert alice.who() == "alice"


def test_an_id_that_is_none_is_logged_out_like_any_other(visitor: MakeVisitor) -> None:
    for planted in ("", "short", "A" * 43, "ë"):
        alice: Any = visitor("session")
        alice.set_cookie("sid", planted)
        assert alice.post("logout").status_code == 204
        assert alice.cookie("sid") is None


@each_token
def test_two_tokens_of_two_logins_end_both(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 31: 204 says that what was proved is over."""
    first, second = visitor(approach).login("alice"), visitor(approach).login("alice")
    body = {"refresh_token": second.refresh_token}
    assert first.post("logout", json=body).status_code == 204
    assert {each.refresh().get_json()["code"] for each in (first, second)} == {"refresh_invalid"}


@each_token
@pytest.mark.parametrize("path", ["refresh", "profile"])
def test_another_logins_access_token_takes_no_live_logins_cookies(
    visitor: MakeVisitor, clock: Clock, approach: str, path: str
) -> None:
    """SECURITY 31: the refresh token beside it is refused, and its login lives."""
    alice, other = log_in(visitor(approach)), visitor(approach).login("alice", access_ttl_s=1)
    refresh = alice.cookie("refresh") or ""
    clock.advance(1)
    alice.set_cookie("access", other.access or "")
    method = "POST" if path == "refresh" else "GET"
    refused = alice.client.open(f"/{approach}/{path}", method=method)
    assert refused.get_json()["code"] == "refresh_invalid"
    assert alice.cookie("refresh") == refresh
    elsewhere = visitor(approach)
    elsewhere.refresh_token = refresh
    assert elsewhere.refresh().status_code == 200


@each_token
def test_cookies_that_prove_nothing_are_taken_by_the_log_out(visitor: MakeVisitor, approach: str) -> None:
    """After a revoked key, say: nothing else would take them."""
    alice = visitor(approach)
    for name in COOKIES[approach]:
        alice.set_cookie(name, "a.b.c")
    assert alice.post("logout").status_code == 401
    assert set(cookies_of(alice)) == {None}


@each_session
@pytest.mark.parametrize("way", ["logout", "login"])
def test_an_id_from_before_a_renewal_ends_the_login(app: Flask, approach: str, way: str) -> None:
    """SECURITY 14, 31: a thief who renews what was stolen does not outlive the member's log-out or next log-in."""
    alice = admit(app, approach)
    thief = bearer_of(app, approach, alice.cookie("sid"))
    assert thief.post("renew").status_code == 200
    assert thief.who() == "alice"
    assert alice.post("logout").status_code == 204 if way == "logout" else alice.login("alice")
    assert thief.who() is None


@each_session
def test_what_renewals_leave_is_bounded_and_ends_with_the_login(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 33."""
    app = make_app(logins_per_member=3)
    alice = admit(app, approach)
    store = credential_of(app, approach)._store
    for _ in range(30):
        assert alice.post("renew").status_code == 200
        assert len(store.entries_of("alice")) <= 2 * 3 + 1
    assert len(alice.get("logins").get_json()["logins"]) == 1
    credential_of(app, approach).end_all("alice")
    assert store.entries_of("alice") == {}
    assert alice.who() is None


def test_an_id_from_before_a_renewal_is_over_with_its_login(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(session_absolute_s=100, session_idle_s=100)
    alice = admit(app, idle_s=100)
    old = bearer_of(app, "session", alice.cookie("sid"))
    alice.post("renew")
    clock.advance(100)
    assert old.who() is None
    assert old.cookie("sid") is None
