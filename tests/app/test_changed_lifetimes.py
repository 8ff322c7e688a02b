"""Lifetimes that change between two starts, also node by node: no wrong refusal, and nothing lives longer than now."""

import pytest
from redis import Redis

from service.config import Config
from tests.conftest import Clock, MakeApp
from tests.support.forge import claims_of
from tests.support.session_probe import admit, bearer_of
from tests.support.visitor import BY_TOKEN, Visitor

each_token = pytest.mark.parametrize("approach", BY_TOKEN)


def on(app: object, visitor: Visitor) -> Visitor:
    """Return the same client at another node."""
    moved = Visitor(app, visitor.approach)  # type: ignore[arg-type]
    moved.access, moved.refresh_token = visitor.access, visitor.refresh_token
    return moved


@each_token
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"access_ttl_s": 300}, {"access_ttl_s": 60}),
        ({"access_ttl_s": 60}, {"access_ttl_s": 300}),
        ({"access_ttl_s": 86_400}, {"access_ttl_s": 1}),
        ({"refresh_ttl_s": 604_800}, {"refresh_ttl_s": 600}),
        ({"refresh_ttl_s": 600}, {"refresh_ttl_s": 604_800}),
        ({"refresh_absolute_s": 2_592_000}, {"refresh_absolute_s": 700_000}),
        ({"refresh_grace_s": 10}, {"refresh_grace_s": 0}),
    ],
    ids=str,
)
def test_a_live_login_goes_on_after_a_lifetime_was_changed(
    make_app: MakeApp, clock: Clock, approach: str, before: dict[str, int], after: dict[str, int]
) -> None:
    """SECURITY 29: a refresh used to say 200 and give a token that the next request refused."""
    old, new = make_app(**before), make_app(**after)
    alice = Visitor(old, approach).login("alice")
    moved = on(new, alice)
    assert moved.who() == "alice", "a token lives as long as it says"
    for app in (new, old, new):
        clock.advance(2)
        moved = on(app, moved)
        assert moved.refresh().status_code == 200
        assert {on(node, moved).who() for node in (old, new)} == {"alice"}


@each_token
def test_a_lowered_lifetime_holds_for_the_next_tokens_of_old_logins(
    make_app: MakeApp, clock: Clock, approach: str
) -> None:
    alice = Visitor(make_app(access_ttl_s=300, refresh_ttl_s=5000), approach).login("alice")
    moved = on(make_app(access_ttl_s=60, refresh_ttl_s=500), alice)
    assert moved.refresh().get_json()["expires_in"] == 60
    assert claims_of(moved.access or "")["exp"] == clock.now + 60
    assert claims_of(moved.refresh_token or "")["exp"] == clock.now + 500


def test_an_ended_login_is_denied_for_as_long_as_its_oldest_tokens_live(
    make_app: MakeApp, redis: Redis, config: Config
) -> None:
    """SECURITY 29: the denial used to live as long as the new, shorter setting."""
    alice = Visitor(make_app(access_ttl_s=3600), "hybrid").login("alice")
    assert on(make_app(access_ttl_s=1), alice).post("logout").status_code == 204
    assert redis.ttl(f"{config.store_prefix}denied:{claims_of(alice.access or '')['login_id']}") > 3600


def test_a_session_goes_on_after_its_idle_time_was_changed(make_app: MakeApp, clock: Clock) -> None:
    """SECURITY 29."""
    long, short = make_app(session_idle_s=1800), make_app(session_idle_s=60)
    alice = admit(long)
    for app in (short, long, short):
        clock.advance(30)
        assert bearer_of(app, "session", alice.cookie("sid")).who() == "alice"
