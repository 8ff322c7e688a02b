"""What every approach has to keep, written once and run for each."""

import pytest
from flask import Flask

from service.approaches import BY_NAME
from tests.conftest import MakeApp, MakeVisitor
from tests.support.sixth import TICKET, add_tickets
from tests.support.visitor import change_password

FACTS = {**BY_NAME, TICKET.name: TICKET}  # one more than the lab has: nothing else had to be told of it

each = pytest.mark.parametrize("approach", FACTS)
each_guarded = pytest.mark.parametrize("approach", [name for name, facts in FACTS.items() if facts.has_logins])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(more=[add_tickets])


@each
def test_the_profile_says_who_is_logged_in_and_how(visitor: MakeVisitor, approach: str) -> None:
    profile = visitor(approach).login("alice").get("profile").get_json()
    name = "alice" if FACTS[approach].has_logins else "guest"
    assert profile == {
        "member": {"id": name, "username": name, "role": "user"},
        "approach": approach,
        "node": "node-1",
    }


@each
def test_a_note_is_added_and_listed(visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    added = alice.post("notes", json={"text": "a note"})
    assert added.status_code == 201
    assert alice.get("notes").get_json()["notes"] == [added.get_json()["note"]]


@each_guarded
def test_notes_are_the_members_own(visitor: MakeVisitor, approach: str) -> None:
    visitor(approach).login("alice").post("notes", json={"text": "mine"})
    assert visitor(approach).login("bob").get("notes").get_json() == {"notes": []}


@each_guarded
def test_only_an_administrator_sees_the_members(visitor: MakeVisitor, approach: str) -> None:
    refused = visitor(approach).login("alice").get("admin")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    members = visitor(approach).login("carol").get("admin").get_json()["members"]
    assert {"id": "alice", "username": "alice", "role": "user", "disabled": False} in members


@each_guarded
@pytest.mark.parametrize("page", ["profile", "notes", "admin", "logins"])
def test_no_page_opens_without_a_login(visitor: MakeVisitor, approach: str, page: str) -> None:
    refused = visitor(approach).get(page)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "no_credentials")


@each_guarded
@pytest.mark.parametrize(("username", "password"), [("alice", "wrong"), ("nobody", "wonderland"), ("guest", "x")])
def test_an_unknown_name_and_a_wrong_password_answer_alike(
    visitor: MakeVisitor, approach: str, username: str, password: str
) -> None:
    refused = visitor(approach).try_login(username, password)
    assert refused.status_code == 401
    assert refused.get_json()["code"] == "invalid_credentials"
    assert refused.get_json()["detail"] == "The name or the password is wrong."


@each
def test_a_logout_answers_204_and_ends_what_it_can(visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    assert alice.post("logout").status_code == 204
    still_in = None if FACTS[approach].ends_at_once else "alice"  # a stateless token lives until it expires
    assert alice.who() == (still_in if FACTS[approach].has_logins else "guest")


@each_guarded
def test_my_logins_lists_each_live_login_and_marks_this_one(visitor: MakeVisitor, approach: str) -> None:
    visitor(approach).login("alice")
    second = visitor(approach).login("alice")
    logins = second.get("logins").get_json()["logins"]
    assert [login["current"] for login in logins].count(True) == 1
    assert len(logins) == 2


@each_guarded
def test_ending_one_login_leaves_the_other(visitor: MakeVisitor, approach: str) -> None:
    first, second = visitor(approach).login("alice"), visitor(approach).login("alice")
    [other] = [login["id"] for login in second.get("logins").get_json()["logins"] if not login["current"]]
    assert second.delete(f"logins/{other}").status_code == 204
    assert second.who() == "alice"
    assert len(second.get("logins").get_json()["logins"]) == 1
    assert first.who() == (None if FACTS[approach].ends_at_once else "alice")


@each_guarded
def test_ending_all_logins_ends_every_one(visitor: MakeVisitor, approach: str) -> None:
    first, second = visitor(approach).login("alice"), visitor(approach).login("alice")
    assert second.delete("logins").status_code == 204
    if FACTS[approach].ends_at_once:
        assert (first.who(), second.who()) == (None, None)
    assert visitor(approach).login("alice").get("logins").get_json()["logins"][0]["current"]


@each_guarded
def test_a_login_of_somebody_else_is_not_found(visitor: MakeVisitor, approach: str) -> None:
    bob = visitor(approach).login("bob")
    [theirs] = bob.get("logins").get_json()["logins"]
    refused = visitor(approach).login("alice").delete(f"logins/{theirs['id']}")
    assert (refused.status_code, refused.get_json()["code"]) == (404, "not_found")
    assert bob.who() == "bob"


@each_guarded
def test_a_disabled_member_cannot_log_in_and_is_out(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    assert app.test_cli_runner().invoke(args=["members", "disable", "alice"]).exit_code == 0
    assert alice.who() == (None if FACTS[approach].ends_at_once else "alice")
    assert visitor(approach).try_login("alice").get_json()["code"] == "invalid_credentials"


@each_guarded
def test_a_changed_role_is_felt_on_the_next_request_except_by_a_stateless_token(
    app: Flask, visitor: MakeVisitor, approach: str
) -> None:
    carol = visitor(approach).login("carol")
    assert app.test_cli_runner().invoke(args=["members", "set-role", "carol", "user"]).exit_code == 0
    signed, at_once = FACTS[approach].is_signed, FACTS[approach].ends_at_once
    assert carol.get("admin").status_code == (403 if not signed else 401 if at_once else 200)
    if signed:
        assert carol.refresh().status_code == 200
        assert carol.get("admin").status_code == 403


@each_guarded
def test_a_changed_password_ends_the_logins(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    alice = visitor(approach).login("alice")
    change_password(app, "alice", "through the looking-glass")
    assert alice.who() == (None if FACTS[approach].ends_at_once else "alice")
    assert visitor(approach).try_login("alice").status_code == 401
    assert visitor(approach).login("alice", "through the looking-glass").who() == "alice"


@each
def test_every_response_says_which_node_answered_and_what_it_cost(visitor: MakeVisitor, approach: str) -> None:
    response = visitor(approach).login("alice").get("profile")
    assert response.headers["X-Node"] == "node-1"
    parts = [part.split(";")[0] for part in response.headers["Server-Timing"].split(", ")]
    assert parts == ["store", "verify", "db", "app"]


@each
def test_no_response_may_be_cached(visitor: MakeVisitor, approach: str) -> None:
    for page in ("login", "profile", "nowhere"):
        assert visitor(approach).get(page).headers["Cache-Control"] == "no-store"
