"""One request between any two steps of another: nothing ended comes back, and nothing changed is undone.

Each test runs once for every store call of the outer request, with the whole of the inner one just before that call.
"""

from contextlib import suppress
from functools import partial

import pytest
from flask import Flask

from service.errors import InvalidCredentials
from tests.conftest import MakeApp
from tests.support.session_probe import (
    Intruder,
    admit,
    at_every_step,
    bearer_of,
    change_role,
    credential_of,
    member,
    members_of,
)
from tests.support.session_views import add_views
from tests.support.visitor import BY_SESSION, Visitor

pytestmark = pytest.mark.search

each_store = pytest.mark.parametrize("approach", BY_SESSION)

READ, WRITE, RENEW, REGENERATE = "_show", "_write", "renew", "_use/regenerate"
REQUESTS = (READ, WRITE, RENEW, REGENERATE, "_use/clear", "logins")
each_ending = pytest.mark.parametrize("ending", ["logout", "end all", "end this", "clear"])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return add_views(make_app())


def request(visitor: Visitor, path: str) -> int:
    method = "GET" if path in (READ, "logins", "profile") else "POST"
    return visitor.open(method, path, json={"colour": "red"} if path == WRITE else None).status_code


def end(visitor: Visitor, ending: str) -> bool:
    """End the visitor's login in one of the ways there are; tell whether that was acknowledged."""
    if ending == "end this":
        listed = visitor.get("logins").get_json().get("logins", [])
        return [visitor.delete(f"logins/{login['id']}").status_code for login in listed if login["current"]] == [204]
    if ending == "clear":
        answer = visitor.post("_use/clear")
        return answer.status_code == 200 and bool(answer.get_json()["was_live"])
    answer = visitor.post("logout") if ending == "logout" else visitor.delete("logins")
    return answer.status_code == 204


def ids_of(*visitors: Visitor) -> set[str]:
    return {visitor.cookie("sid") or "" for visitor in visitors}


@each_store
@each_ending
def test_whoever_is_logged_out_during_a_request_stays_out(app: Flask, approach: str, ending: str) -> None:
    """SECURITY 15."""

    def trial(path: str, intruder: Intruder) -> None:
        alice = admit(app, approach)
        rival = bearer_of(app, approach, alice.cookie("sid"))
        handed_out, ended = ids_of(alice), []
        with intruder.who_will(lambda: ended.append(end(rival, ending))):
            request(alice, path)
        handed_out |= ids_of(alice, rival)
        if ended == [True]:
            assert {bearer_of(app, approach, sid).who() for sid in handed_out} == {None}
            assert credential_of(app, approach)._store.entries_of("alice") == {}

    for path in REQUESTS:
        at_every_step(credential_of(app, approach), partial(trial, path))


@each_store
@each_ending
def test_a_request_during_a_logout_keeps_nobody_in(app: Flask, approach: str, ending: str) -> None:
    """SECURITY 15."""

    def trial(path: str, intruder: Intruder) -> None:
        alice = admit(app, approach)
        rival = bearer_of(app, approach, alice.cookie("sid"))
        handed_out = ids_of(alice)
        with intruder.who_will(lambda: request(rival, path)):
            ended = end(alice, ending)
        handed_out |= ids_of(alice, rival)
        if ended:
            assert {bearer_of(app, approach, sid).who() for sid in handed_out} == {None}

    for path in REQUESTS:
        at_every_step(credential_of(app, approach), partial(trial, path))


@each_store
def test_of_two_renewals_one_wins(app: Flask, approach: str) -> None:
    """SECURITY 15."""

    def trial(intruder: Intruder) -> None:
        alice = admit(app, approach)
        old = alice.cookie("sid")
        rival = bearer_of(app, approach, old)
        theirs: list[int] = []
        with intruder.who_will(lambda: theirs.append(request(rival, RENEW))):
            outcome = [request(alice, RENEW), *theirs]
        assert outcome.count(200) == 1
        assert outcome.count(401) == len(theirs)
        live = [sid for sid in {old, *ids_of(alice, rival)} if bearer_of(app, approach, sid).who()]
        assert len(live) == 1
        assert live != [old]
        assert len(credential_of(app, approach).list_logins("alice")) == 1

    at_every_step(credential_of(app, approach), trial)


@each_store
@pytest.mark.parametrize("path", [READ, WRITE, RENEW, REGENERATE])
def test_a_role_changed_during_a_request_is_the_role_after_it(app: Flask, approach: str, path: str) -> None:
    """SECURITY 12, 15."""

    def trial(intruder: Intruder) -> None:
        change_role(app, approach, "carol", "admin")
        carol = admit(app, approach, "carol")
        with intruder.who_will(lambda: change_role(app, approach, "carol", "user")):
            assert request(carol, path) == 200
        assert carol.get("admin").status_code == (403 if intruder.came else 200)

    at_every_step(credential_of(app, approach), trial)


@each_store
@pytest.mark.parametrize("path", [WRITE, RENEW, REGENERATE])
def test_a_request_while_the_role_changes_does_not_keep_the_old_one(app: Flask, approach: str, path: str) -> None:
    """SECURITY 15: a renewal used to carry the old role to an id that the change did not know of."""

    def trial(intruder: Intruder) -> None:
        change_role(app, approach, "carol", "admin")
        carol = admit(app, approach, "carol")
        with intruder.who_will(lambda: request(carol, path)):
            change_role(app, approach, "carol", "user")
        assert carol.get("admin").status_code == 403

    at_every_step(credential_of(app, approach), trial)


@each_store
@pytest.mark.parametrize("change", ["role", "disable"])
def test_a_member_changed_during_the_login_gets_no_session_as_they_were(app: Flask, approach: str, change: str) -> None:
    """SECURITY 15."""
    credential, members = credential_of(app, approach), members_of(app)

    def change_it() -> None:
        made = members.set_role("carol", "user") if change == "role" else members.disable("carol")
        credential.member_changed(made)

    def trial(intruder: Intruder) -> None:
        members._change("carol", "role", role="admin", disabled=False)
        let_in: list[Visitor] = []
        with intruder.who_will(change_it), suppress(InvalidCredentials):
            sid = credential.issue_for(member(app, "carol"), 1800)
            let_in.append(bearer_of(app, approach, sid))
        if intruder.came:
            assert {visitor.get("admin").status_code for visitor in let_in} <= {401, 403}

    at_every_step(credential, trial)


@each_store
def test_a_login_while_all_are_ended_is_whole_or_not_at_all(app: Flask, approach: str) -> None:
    credential = credential_of(app, approach)

    def trial(intruder: Intruder) -> None:
        alice = admit(app, approach)
        later: list[Visitor] = []
        with intruder.who_will(lambda: later.append(admit(app, approach))):
            assert alice.delete("logins").status_code == 204
        assert alice.who() is None
        live = [visitor for visitor in later if visitor.who()]
        assert len(credential.list_logins("alice")) == len(live)
        credential.end_all("alice")

    at_every_step(credential, trial)
