"""What ends a login's refresh tokens, however often they were rotated."""

from typing import Any

import pytest
from flask import Flask

from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.forge import claims_of
from tests.support.visitor import BY_TOKEN, Visitor, change_password

each_token = pytest.mark.parametrize("approach", BY_TOKEN)


def code(visitor: Visitor) -> str:
    """Refresh, and return `refreshed` or the code of the refusal."""
    response = visitor.refresh()
    return "refreshed" if response.status_code == 200 else str(response.get_json()["code"])


@each_token
def test_an_unused_refresh_token_expires(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 12: the idle lifetime, begun anew by each rotation."""
    alice = Visitor(make_app(refresh_ttl_s=400), approach).login("alice")
    for _ in range(5):
        clock.advance(399)
        assert code(alice) == "refreshed"
    clock.advance(400)
    assert code(alice) == "refresh_expired"


@each_token
def test_no_rotation_leads_past_the_absolute_lifetime(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 12."""
    began = clock.now
    app = make_app(refresh_absolute_s=1000, refresh_ttl_s=400)
    alice = Visitor(app, approach).login("alice")
    for _ in range(3):
        clock.advance(300)
        assert code(alice) == "refreshed"
    assert claims_of(alice.refresh_token or "")["exp"] == began + 1000
    assert claims_of(alice.access or "")["exp"] == began + 1000
    clock.now = began + 1000
    assert code(alice) == "refresh_expired"
    assert alice.who() is None


@each_token
def test_tokens_made_in_the_last_second_of_a_login_expire_and_are_not_malformed(
    make_app: MakeApp, clock: Clock, approach: str
) -> None:
    """SECURITY 12: times in tokens are whole seconds, a login's are not."""
    clock.now += 0.5
    began = clock.now
    alice = Visitor(make_app(refresh_absolute_s=400, refresh_ttl_s=400), approach).login("alice")
    clock.now = began + 399.4
    assert code(alice) == "refreshed"
    assert alice.who() == "alice"
    clock.now = began + 399.5
    assert alice.get("profile").get_json()["code"] == "expired_token"
    assert alice.together("profile").get_json()["code"] == "expired_token"
    assert code(alice) == "refresh_expired"


def end_by_logout(app: Flask, visitor: Visitor) -> None:
    assert visitor.post("logout").status_code == 204


def end_from_elsewhere(app: Flask, visitor: Visitor) -> None:
    login_id = claims_of(visitor.access or "")["login_id"]
    assert Visitor(app, visitor.approach).login("alice").delete(f"logins/{login_id}").status_code == 204


def end_all(app: Flask, visitor: Visitor) -> None:
    assert Visitor(app, visitor.approach).login("alice").delete("logins").status_code == 204


def give_a_new_password(app: Flask, visitor: Visitor) -> None:
    change_password(app, "alice", "through the looking-glass")


def disable(app: Flask, visitor: Visitor) -> None:
    run(app, "members", "disable", "alice")


def run(app: Flask, *arguments: str) -> None:
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output


@each_token
@pytest.mark.parametrize("end", [end_by_logout, end_from_elsewhere, end_all, give_a_new_password, disable])
def test_an_ended_login_cannot_be_refreshed(
    app: Flask, visitor: MakeVisitor, clock: Clock, approach: str, end: Any
) -> None:
    """SECURITY 12: not by its newest token, and not by one that was used within the grace."""
    alice, bob = visitor(approach).login("alice"), visitor(approach).login("bob")
    used = alice.refresh_token
    alice.refresh()
    end(app, alice)
    assert code(alice) == "refresh_invalid"
    alice.refresh_token = used
    assert code(alice) == "refresh_invalid"
    assert code(bob) == "refreshed"


@each_token
def test_a_member_disabled_behind_the_labs_back_cannot_refresh(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 3, 12: the refresh asks the database itself, and ends what it finds."""
    alice = visitor(approach).login("alice")
    with app.extensions["database"].engine.begin() as connection:
        connection.exec_driver_sql("UPDATE members SET disabled = 1 WHERE username = 'alice'")
    assert code(alice) == "refresh_invalid"
    assert alice.who() == {"token": "alice", "hybrid": None}[approach]


@each_token
def test_a_refresh_brings_the_role_as_it_is_now(app: Flask, visitor: MakeVisitor, approach: str) -> None:
    carol = visitor(approach).login("carol")
    run(app, "members", "set-role", "carol", "user")
    assert code(carol) == "refreshed"
    assert claims_of(carol.access or "")["role"] == "user"
    assert carol.get("admin").status_code == 403


@each_token
def test_a_login_is_listed_while_it_can_be_used(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """Also while only its access token is valid: it can still be reissued, and is this very login."""
    alice = visitor(approach).login("alice", access_ttl_s=60, refresh_ttl_s=30)
    ids = lambda who: [login["id"] for login in who.get("logins").get_json()["logins"]]  # noqa: E731
    clock.advance(30)
    assert ids(alice) == [claims_of(alice.access or "")["login_id"]]
    clock.advance(30)
    later = visitor(approach).login("alice")
    assert ids(later) == [claims_of(later.access or "")["login_id"]]
