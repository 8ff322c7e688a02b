"""Both tokens on every request: the four cases of the notes, carried by cookies and carried by headers."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.bearer import ACCESS_S, REFRESH_S, Bearer
from tests.support.forge import claims_of
from tests.support.monitor import Monitor
from tests.support.visitor import BY_TOKEN, Visitor

MakeBearer = Callable[..., Bearer]
each_way = pytest.mark.parametrize(
    ("approach", "carrier"), [(approach, carrier) for approach in BY_TOKEN for carrier in ("cookie", "header")]
)


@pytest.fixture
def member(visitor: MakeVisitor, approach: str, carrier: str) -> MakeBearer:
    """Return members of this approach who carry their tokens this way."""
    return lambda: Bearer(visitor(approach), carrier)


def parts_of(response: TestResponse) -> list[str]:
    return [step["part"] for step in json.loads(response.headers["X-Lab-Trace"])]


def code_of(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


def name_of(response: TestResponse) -> Any:
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()["member"]["username"]


@each_way
def test_both_expired_is_401_and_the_cookies_are_cleared(member: MakeBearer, clock: Clock) -> None:
    alice = member().login()
    clock.advance(REFRESH_S)
    refused = alice.send(alice.access, alice.refresh)
    assert code_of(refused) == (401, "expired_token")
    assert not alice.attached(refused)
    if alice.carrier == "cookie":
        assert (alice.visitor.cookie("access"), alice.visitor.cookie("refresh")) == (None, None)


@each_way
def test_access_expired_and_refresh_valid_serves_the_page_with_new_tokens(member: MakeBearer, clock: Clock) -> None:
    alice = member().login()
    old_access, old_refresh = alice.access, alice.refresh
    clock.advance(ACCESS_S)
    served = alice.get(trace=True)
    assert name_of(served) == "alice"
    assert alice.access != old_access
    assert alice.refresh != old_refresh
    assert "db" in parts_of(served)
    assert claims_of(alice.access)["login_id"] == claims_of(old_access)["login_id"]
    assert name_of(alice.get()) == "alice"
    clock.advance(ACCESS_S)
    assert name_of(alice.get()) == "alice"
    assert code_of(alice.send(old_access, old_refresh))[1] == "refresh_reused"


@each_way
def test_access_valid_and_refresh_expired_serves_the_page_and_reissues(member: MakeBearer, clock: Clock) -> None:
    alice = member().login(refresh_s=30)
    old_refresh = alice.refresh or ""
    clock.advance(30)
    served = alice.get()
    assert name_of(served) == "alice"
    assert alice.refresh != old_refresh
    assert claims_of(alice.refresh or "")["exp"] == clock.now + 30
    assert claims_of(alice.access)["exp"] == clock.now + ACCESS_S
    assert not alice.attached(alice.get())


@each_way
def test_both_valid_touches_no_database_and_no_more_of_the_store_than_the_approach_costs(
    member: MakeBearer, monitor: Monitor, approach: str
) -> None:
    alice = member().login()
    monitor.commands()
    served = alice.get(trace=True)
    assert name_of(served) == "alice"
    assert not alice.attached(served)
    assert parts_of(served) == {"token": ["verify"] * 2, "hybrid": ["verify", "store", "verify"]}[approach]
    assert monitor.commands() == {"token": [], "hybrid": ["GET"]}[approach]


def tampered(token: str) -> str:
    return token[:-2] + ("AA" if token[-2:] != "AA" else "BA")


@each_way
@pytest.mark.parametrize("advance_s", [0, ACCESS_S, REFRESH_S])
def test_a_tampered_token_is_401_whatever_the_other_says(member: MakeBearer, clock: Clock, advance_s: int) -> None:
    """SECURITY 7."""
    alice = member().login()
    clock.advance(advance_s)
    for access, refresh, code in (
        (tampered(alice.access), alice.refresh, "invalid_token"),
        (alice.access, tampered(alice.refresh or ""), "refresh_invalid"),
        (alice.refresh or "", alice.access, "invalid_token"),
    ):
        refused = alice.send(access, refresh)
        assert code_of(refused) == (401, code)
        assert not alice.attached(refused)


@each_way
def test_a_stolen_access_token_alone_never_yields_a_refresh_token(member: MakeBearer, clock: Clock) -> None:
    """SECURITY 10: the naive version of the third case would make it a login for ever."""
    alice, thief = member().login(refresh_s=30), member()
    clock.advance(31)
    served = thief.send(alice.access, None)
    assert name_of(served) == "alice"
    assert not thief.attached(served)
    clock.advance(ACCESS_S)
    assert thief.send(alice.access, None).status_code == 401


@each_way
def test_nor_does_it_with_another_logins_expired_refresh_token(member: MakeBearer, clock: Clock) -> None:
    """SECURITY 10."""
    alice, thief = member().login(refresh_s=30), member().login("bob", refresh_s=30)
    elsewhere = member().login("alice", refresh_s=30)
    clock.advance(31)
    for theirs in (thief.refresh, elsewhere.refresh):
        served = thief.send(alice.access, theirs)
        assert name_of(served) == "alice"
        assert not thief.attached(served)


@each_way
def test_an_expired_access_token_is_not_renewed_by_another_logins_refresh_token(
    member: MakeBearer, clock: Clock
) -> None:
    """SECURITY 10."""
    alice, bob = member().login(), member().login("bob")
    clock.advance(ACCESS_S)
    assert code_of(bob.send(alice.access, bob.refresh)) == (401, "refresh_invalid")
    assert name_of(bob.send(bob.access, bob.refresh)) == "bob"  # and bob's was not used


@each_way
def test_a_refresh_token_is_not_reissued_to_a_login_that_has_ended(member: MakeBearer, clock: Clock) -> None:
    """SECURITY 12."""
    alice, other = member().login(refresh_s=30), member().login()
    other.send(other.access, other.refresh)
    assert other.visitor.delete("logins", headers=_both(other)).status_code == 204
    clock.advance(31)
    response = alice.send(alice.access, alice.refresh)
    assert not alice.attached(response)
    assert response.status_code == {"token": 200, "hybrid": 401}[alice.visitor.approach]


def _both(bearer: Bearer) -> dict[str, str]:
    if bearer.carrier == "cookie":
        return {}
    return {"Authorization": f"Bearer {bearer.access}", "X-Refresh-Token": bearer.refresh or ""}


@pytest.mark.parametrize("carrier", ["cookie", "header"])
@pytest.mark.parametrize("approach", BY_TOKEN)
def test_no_reissue_leads_past_the_absolute_lifetime(
    make_app: MakeApp, clock: Clock, approach: str, carrier: str
) -> None:
    """SECURITY 12: and no access token outlives its login either."""
    began = clock.now
    app = make_app(refresh_absolute_s=150, refresh_ttl_s=100, access_ttl_s=60)
    alice = Bearer(Visitor(app, approach), carrier).login(access_s=60, refresh_s=40)
    while clock.now < began + 140:
        clock.advance(20)
        assert name_of(alice.get()) == "alice"
        for token in (alice.access, alice.refresh or ""):
            assert claims_of(token)["exp"] <= began + 150
    clock.now = began + 150
    assert alice.get().status_code == 401


@each_way
def test_a_used_expired_refresh_token_ends_the_login_although_the_access_token_is_valid(
    member: MakeBearer, clock: Clock
) -> None:
    """SECURITY 11: and the cookies are cleared, as for every login that has ended."""
    alice = member().login(refresh_s=20)
    used = alice.refresh
    for _ in range(2):
        clock.advance(20)
        assert name_of(alice.get()) == "alice"
    refused = alice.send(alice.access, used)
    assert code_of(refused) == (401, "refresh_reused")
    if alice.carrier == "cookie":
        assert (alice.visitor.cookie("access"), alice.visitor.cookie("refresh")) == (None, None)


@each_way
def test_new_tokens_come_along_whatever_the_page_answers(member: MakeBearer, clock: Clock) -> None:
    """SECURITY 13: a member must not lose their login to a 403 or a 400."""
    alice = member().login()
    for page in ("admin", "profile?work_ms=x"):
        clock.advance(ACCESS_S)
        before = alice.refresh
        assert alice.get(page).status_code in (403, 400)
        assert alice.refresh != before
    assert name_of(alice.get()) == "alice"
