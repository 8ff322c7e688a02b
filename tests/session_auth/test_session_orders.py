"""Two requests at one session, in every order of their store commands: what was acknowledged is what holds.

Every run takes the orders with up to three switches between the two, in which nearly every race shows; the nightly all.
"""

from contextlib import suppress

import pytest
from flask import Flask

from service.errors import InvalidCredentials
from tests.conftest import MakeApp
from tests.support.schedules import Work, in_every_order
from tests.support.session_probe import admit, bearer_of, change_role, credential_of, member, members_of
from tests.support.session_views import add_views
from tests.support.visitor import Visitor

pytestmark = pytest.mark.search

ALL = 1000
most_switches = pytest.mark.parametrize("most_switches", [3, pytest.param(ALL, marks=pytest.mark.nightly)])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return add_views(make_app())


def live(app: Flask, *visitors: Visitor) -> set[str]:
    """Return the ids of these visitors that still open something."""
    ids = {visitor.cookie("sid") or "" for visitor in visitors}
    return {sid for sid in ids if bearer_of(app, "session", sid).who()}


@most_switches
@pytest.mark.parametrize("path", ["renew", "_write"])
def test_a_role_that_was_taken_away_stays_away(app: Flask, path: str, most_switches: int) -> None:
    """SECURITY 15: a renewal was seen half-way, under an entry without its record, and kept the old role."""

    def trial(both: Work) -> None:
        change_role(app, "session", "carol", "admin")
        carol = admit(app, "session", "carol")
        answer, _ = both(
            lambda: carol.post(path, json={"colour": "red"}).status_code,
            lambda: change_role(app, "session", "carol", "user"),
        )
        assert answer == 200
        assert carol.get("admin").status_code == 403
        credential_of(app).end_all("carol")

    assert in_every_order(trial, most_switches) > 10


@most_switches
@pytest.mark.parametrize("ending", ["logout", "end one", "end all"])
@pytest.mark.parametrize("path", ["renew", "_write"])
def test_an_acknowledged_ending_ends_every_id(app: Flask, path: str, ending: str, most_switches: int) -> None:
    """SECURITY 15: log-out by the id itself, and by the login's name from elsewhere."""
    credential = credential_of(app)

    def end(rival: Visitor) -> bool:
        if ending == "logout":
            return rival.post("logout").status_code == 204
        if ending == "end all":
            credential.end_all("alice")
            return True
        return credential.end_login("alice", login_id)

    def trial(both: Work) -> None:
        nonlocal login_id
        alice = admit(app)
        [login_id] = [login.login_id for login in credential.list_logins("alice")]
        rival, old = bearer_of(app, "session", alice.cookie("sid")), bearer_of(app, "session", alice.cookie("sid"))
        _, ended = both(lambda: alice.post(path, json={"colour": "red"}), lambda: end(rival))
        assert not ended or live(app, alice, rival, old) == set()
        credential.end_all("alice")

    login_id = ""
    assert in_every_order(trial, most_switches) > 10


@most_switches
def test_of_two_renewals_one_wins(app: Flask, most_switches: int) -> None:
    """SECURITY 15."""

    def trial(both: Work) -> None:
        alice = admit(app)
        rival = bearer_of(app, "session", alice.cookie("sid"))
        statuses = both(lambda: alice.post("renew").status_code, lambda: rival.post("renew").status_code)
        assert sorted(statuses) == [200, 401]
        assert len(live(app, alice, rival)) == 1
        credential_of(app).end_all("alice")

    assert in_every_order(trial, most_switches) > 10


@most_switches
def test_whoever_lists_the_logins_during_a_login_leaves_it_in_the_list(app: Flask, most_switches: int) -> None:
    """SECURITY 15: what is not in the list cannot be ended from it."""
    credential = credential_of(app)

    def trial(both: Work) -> None:
        alice, _ = both(lambda: admit(app), lambda: credential.list_logins("alice"))
        assert len(credential.list_logins("alice")) == 1
        credential.end_all("alice")
        assert alice.who() is None

    assert in_every_order(trial, most_switches) > 2


@most_switches
@pytest.mark.parametrize("change", ["role", "disable"])
def test_a_member_changed_during_the_login_gets_no_session_as_they_were(
    app: Flask, change: str, most_switches: int
) -> None:
    """SECURITY 15."""
    credential, members = credential_of(app), members_of(app)

    def change_it() -> None:
        made = members.set_role("carol", "user") if change == "role" else members.disable("carol")
        credential.member_changed(made)

    def log_in() -> str | None:
        with suppress(InvalidCredentials):
            return credential.issue_for(was, 1800)
        return None

    def trial(both: Work) -> None:
        members._change("carol", "role", role="admin", disabled=False)
        nonlocal was
        was = member(app, "carol")
        sid, _ = both(log_in, change_it)
        assert sid is None or bearer_of(app, "session", sid).get("admin").status_code in (401, 403)
        credential.end_all("carol")

    was = member(app, "carol")
    in_every_order(trial, most_switches)
