"""The races of docs/peers.md with nothing arranged: what chance makes of a peer is printed (`-rP`) and never judged."""

from collections import Counter
from threading import Barrier

import pytest
from flask import Flask
from redis import Redis

from tests.peers.jwt_rotation_app import jwt_rotation_app
from tests.peers.sites import OURS, Browser, Site
from tests.peers.test_flask_session import WRITERS, logged_in
from tests.support.own_threads import OwnThreads

TRIALS, CALLERS = 20, 6

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("contender", ["Flask-Session", OURS])
def test_eight_writers_by_chance(site: Site, contender: str) -> None:
    """Ours keeps each field that it has acknowledged."""
    outcomes: Counter[tuple[int, int]] = Counter()
    for _ in range(TRIALS):
        alice = logged_in(site)
        start = Barrier(WRITERS)

        def write(name: str, sid: str | None = alice.sid(), start: Barrier = start) -> str | None:
            start.wait()
            answer = Browser(site, sid).post(f"/_slow/write/{name}")
            return name if answer.status_code == 200 else None

        writing = [OwnThreads().submit(write, f"field-{number}") for number in range(WRITERS)]
        acknowledged = {each.result() for each in writing} - {None}
        kept = acknowledged & set(alice.get("/_fields").get_json())
        outcomes[len(acknowledged), len(kept)] += 1
        assert contender != OURS or kept == acknowledged
    print(f"{contender}: (acknowledged, kept) of {WRITERS}, how often: {dict(outcomes)}")


@pytest.mark.parametrize("first_only", [False, True])
def test_six_callers_by_chance(redis: Redis, prefix: str, first_only: bool) -> None:
    """Of ours: `tests/token_auth/test_refresh_races.py`."""
    app = jwt_rotation_app(redis, prefix, first_only)
    outcomes = Counter(winners(app) for _ in range(TRIALS))
    print(f"rotation by hand, nx={first_only}: winners of {CALLERS}, how often: {dict(outcomes)}")
    assert not first_only or outcomes == {1: TRIALS}


def winners(app: Flask) -> int:
    """Return how many of six callers are given new tokens for one refresh token."""
    first = app.test_client().post("/login", json={"username": "alice"}).get_json()["refresh_token"]
    start = Barrier(CALLERS)

    def call() -> int:
        start.wait()
        answer = app.test_client().post("/refresh", headers={"Authorization": f"Bearer {first}"})
        return int(answer.status_code == 200)

    return sum(each.result() for each in [OwnThreads().submit(call) for _ in range(CALLERS)])
