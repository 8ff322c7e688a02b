"""Who a browser is behind each approach, as the header of every page asks: an answer, never a refusal."""

import pytest
from flask import Flask

from service.accounts import Identity
from tests.conftest import Clock, MakeApp
from tests.support.visitor import GUARDED, Visitor


def whoami(visitor: Visitor) -> dict[str, object]:
    response = visitor.get("whoami")
    assert response.status_code == 200
    answer: dict[str, object] = response.get_json()
    return answer


@pytest.mark.parametrize("approach", GUARDED)
def test_a_browser_is_told_who_it_is_and_that_it_is_nobody(app: Flask, approach: str) -> None:
    alice = Visitor(app, approach)
    assert whoami(alice) == {"member": None, "code": "no_credentials"}
    alice.login()
    assert whoami(alice) == {"member": {"id": "alice", "username": "alice", "role": "user"}}
    alice.post("logout")
    assert whoami(alice)["member"] is None or approach == "token"


def test_everybody_is_the_guest_where_nobody_is_asked(app: Flask) -> None:
    assert whoami(Visitor(app, "open"))["member"] == {"id": "guest", "username": "guest", "role": "user"}


def test_asking_rotates_no_refresh_token(app: Flask, clock: Clock) -> None:
    """SECURITY 10: the header of a page in another tab must not spend what this one holds."""
    client = app.test_client()
    client.post("/token/login", json={"username": "alice", "password": "wonderland", "transport": "cookie"})
    before = client.get_cookie("sot_refresh", path="/token")
    clock.advance(app.config.get("ACCESS_TTL_S", 300) + 1)
    answer = client.get("/token/whoami")
    assert (answer.status_code, answer.get_json()) == (200, {"member": None, "code": "expired_token"})
    assert client.get_cookie("sot_refresh", path="/token") == before
    assert "Set-Cookie" not in answer.headers
    assert client.get("/token/profile").status_code == 200


def test_a_store_that_is_down_is_said_and_no_refusal(make_app: MakeApp) -> None:
    answer = make_app(redis_url="redis://127.0.0.1:1/0").test_client()
    answer.set_cookie("sot_sid", "x" * 43, path="/session")
    assert answer.get("/session/whoami").get_json() == {"member": None, "code": "store_unavailable"}


def test_an_identity_names_its_member_once_and_is_built_by_keywords() -> None:
    """A name and an id that are always equal could be mixed up, or differ one day; and so could four bare texts."""
    named = Identity(username="alice", role="user", login_id="a", approach="token")
    assert named.__struct_fields__ == ("username", "role", "login_id", "approach")
    assert named.view() == {"id": "alice", "username": "alice", "role": "user"}
    with pytest.raises(TypeError):
        Identity("alice", "user", "a", "token")  # type: ignore[misc]
