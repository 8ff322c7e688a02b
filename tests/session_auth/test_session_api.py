"""`flask.session` and Flask-Session's own verbs, as an application's views use them."""

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from tests.conftest import MakeApp
from tests.support.session_probe import Intruder, admit, at_every_step, bearer_of, change_role, credential_of, records
from tests.support.session_views import add_views
from tests.support.visitor import BY_SESSION, Visitor

each_store = pytest.mark.parametrize("approach", BY_SESSION)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return add_views(make_app())


@each_store
def test_what_a_view_writes_the_next_one_reads(app: Flask, approach: str) -> None:
    alice = admit(app, approach)
    alice.post("_write", json={"colour": "red", "list": [1, {"deep": None}]})
    assert alice.get("_show").get_json()["colour"] == "red"
    assert alice.get("_show").get_json()["list"] == [1, {"deep": None}]
    assert alice.who() == "alice"


@each_store
def test_what_a_view_takes_out_is_gone(app: Flask, approach: str) -> None:
    alice = admit(app, approach)
    alice.post("_write", json={"colour": "red"})
    alice.post("_use/pop")
    assert "colour" not in alice.get("_show").get_json()


EMPTYING = ["clear", "clear,regenerate", "regenerate,clear", "clear,write", "clear,regenerate,write"]


@each_store
@pytest.mark.parametrize("verbs", EMPTYING)
def test_an_emptied_session_is_a_login_that_has_ended(app: Flask, approach: str, verbs: str) -> None:
    """SECURITY 15: `clear()` alone keeps the id, and `clear()` before `regenerate()` does nothing, in Flask-Session."""
    alice = admit(app, approach)
    thief = bearer_of(app, approach, alice.cookie("sid"))
    assert alice.post(f"_use/{verbs}").status_code == 200
    assert (alice.who(), thief.who()) == (None, None)
    assert credential_of(app, approach).list_logins("alice") == []


@each_store
@pytest.mark.parametrize("verbs", ["regenerate", "regenerate,write", "write,regenerate"])
def test_a_regenerated_session_goes_on_under_a_new_id(app: Flask, approach: str, verbs: str) -> None:
    """SECURITY 14: the browser is told the new id, or it would be logged out."""
    alice = admit(app, approach)
    old = alice.cookie("sid")
    assert alice.post(f"_use/{verbs}").status_code == 200
    assert alice.cookie("sid") != old
    assert bearer_of(app, approach, old).who() is None
    assert alice.who() == "alice"
    assert alice.get("_show").get_json().get("late") == ("late" if "write" in verbs else None)


@each_store
def test_to_clear_a_session_that_never_was_is_no_error(app: Flask, approach: str) -> None:
    assert Visitor(app, approach).post("_use/clear").status_code == 200


def test_nothing_begins_a_session_but_a_login(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 14."""
    anonymous = Visitor(app, "session")
    assert anonymous.post("_use/write").status_code == 500
    assert anonymous.cookie("sid") is None
    assert records(redis, config) == {}


@each_store
def test_two_writers_keep_each_others_fields(app: Flask, approach: str) -> None:
    def trial(intruder: Intruder) -> None:
        one = admit(app, approach)
        other = bearer_of(app, approach, one.cookie("sid"))
        with intruder.who_will(lambda: other.post("_write", json={"theirs": 2})):
            one.post("_write", json={"mine": 1})
        if intruder.came:
            assert {"mine": 1, "theirs": 2}.items() <= one.get("_show").get_json().items()

    at_every_step(credential_of(app, approach), trial)


@each_store
def test_a_slow_write_does_not_bring_an_old_role_back(app: Flask, approach: str) -> None:
    """SECURITY 15."""

    def trial(intruder: Intruder) -> None:
        change_role(app, approach, "carol", "admin")
        carol = admit(app, approach, "carol")
        with intruder.who_will(lambda: change_role(app, approach, "carol", "user")):
            carol.post("_write", json={"colour": "red"})
        if intruder.came:
            assert carol.get("admin").status_code == 403
            assert carol.get("_show").get_json()["colour"] == "red"

    at_every_step(credential_of(app, approach), trial)
