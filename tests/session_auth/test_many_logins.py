"""A member has so many logins at once, and a list of many comes in pages."""

from typing import Any

import pytest
from flask import Flask

from tests.conftest import Clock, MakeApp
from tests.support.session_probe import admit
from tests.support.visitor import BY_SESSION, GUARDED, Visitor

each_guarded = pytest.mark.parametrize("approach", GUARDED)


def log_in(app: Flask, approach: str) -> Visitor:
    return admit(app, approach) if approach in BY_SESSION else Visitor(app, approach).login("alice")


def goes_on(visitor: Visitor) -> bool:
    """Tell whether this login is live: `/token` has no other way than a refresh to find out."""
    if visitor.approach == "token":
        return visitor.refresh().status_code == 200
    return visitor.who() == "alice"


@each_guarded
def test_a_further_login_ends_the_oldest(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 24; ASVS 5.0, 7.1.2: documented, and what happens then too."""
    app = make_app(logins_per_member=3)
    visitors = []
    for _ in range(5):
        visitors.append(log_in(app, approach))
        clock.advance(1)
    assert [goes_on(visitor) for visitor in visitors] == [False, False, True, True, True]
    assert len(visitors[-1].get("logins").get_json()["logins"]) == 3
    assert log_in(app, approach).get("logins").status_code == 200


@each_guarded
def test_a_login_that_has_ended_takes_no_place(make_app: MakeApp, clock: Clock, approach: str) -> None:
    app = make_app(logins_per_member=2, session_idle_s=60)
    first = log_in(app, approach)
    for _ in range(3):
        clock.advance(1)
        assert log_in(app, approach).post("logout").status_code == 204
    assert goes_on(first)


@each_guarded
def test_another_members_logins_and_the_other_approaches_take_no_place(
    make_app: MakeApp, clock: Clock, approach: str
) -> None:
    app = make_app(logins_per_member=1)
    alice = log_in(app, approach)
    clock.advance(1)
    for other in GUARDED:
        Visitor(app, other).login("bob")
        if other != approach:
            log_in(app, other)
    assert goes_on(alice)


@each_guarded
def test_a_long_list_comes_in_pages(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 24: newest first, 50 to a page."""
    app = make_app(logins_per_member=200)
    for _ in range(102):
        clock.advance(1)
        last = log_in(app, approach) if approach in BY_SESSION else quick(app, approach)
    pages, address = [], "logins"
    while address:
        body = last.get(address).get_json()
        pages.append([login["created_at"] for login in body["logins"]])
        address = body.get("next", "").removeprefix(f"/{approach}/")
    assert [len(page) for page in pages] == [50, 50, 2]
    listed = [created_at for page in pages for created_at in page]
    assert listed == sorted(listed, reverse=True)
    assert last.get("logins?page=9").get_json() == {"logins": []}
    for odd in ("0", "-1", "two", "1e3", "99999999999999999999"):
        assert last.get(f"logins?page={odd}").status_code == 400


def quick(app: Flask, approach: str) -> Visitor:
    """Log in without the cost of a password check."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.accounts.login.matches", lambda *_: True)
        return Visitor(app, approach).login("alice")


def test_what_is_kept_of_a_members_logins_is_bounded(make_app: MakeApp, clock: Clock) -> None:
    """SECURITY 33: a lab's passwords are public, and each login used to leave rows for thirty days."""
    app = make_app(logins_per_member=3)
    for approach in ("token", "hybrid"):
        for _ in range(20):
            clock.advance(1)
            visitor: Any = quick(app, approach)
            visitor.refresh()
    with app.extensions["database"].engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT approach, count(*) FROM refresh_families GROUP BY 1").all()
        orphans = connection.exec_driver_sql(
            "SELECT count(*) FROM refresh_tokens WHERE login_id NOT IN (SELECT login_id FROM refresh_families)"
        ).scalar()
    assert {name: count <= 3 + 3 + 1 for name, count in kept} == {"token": True, "hybrid": True}
    assert orphans == 0
