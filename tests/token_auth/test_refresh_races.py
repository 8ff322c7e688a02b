"""Several callers with one refresh token: exactly one uses it, and nobody is logged out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.conftest import Clock, MakeApp
from tests.support.forge import claims_of
from tests.support.stopwatch import eventually
from tests.support.visitor import BY_TOKEN, Visitor

CALLERS = 6
each_token = pytest.mark.parametrize("approach", BY_TOKEN)


def all_at_once(apps: Sequence[Flask], approach: str, refresh: str, callers: int = CALLERS) -> list[TestResponse]:
    """Let several threads, spread over the nodes, send one refresh token in the same instant."""
    barrier = Barrier(callers)

    def send(client: FlaskClient) -> TestResponse | None:
        response = client.post(f"/{approach}/refresh", json={"refresh_token": refresh})
        return None if response.status_code == 503 else response  # a busy database says so, and a client comes again

    def call(number: int) -> Any:
        client = apps[number % len(apps)].test_client()
        barrier.wait()
        return eventually(lambda: send(client))

    with ThreadPoolExecutor(callers) as threads:
        return list(threads.map(call, range(callers)))


def tokens_of(app: Flask, access: str) -> list[Any]:
    """Return when each token of the login was used, as the database has it."""
    mine = text("SELECT spent_at FROM refresh_tokens WHERE login_id = :id ORDER BY issued_at, spent_at IS NULL")
    with app.extensions["database"].engine.connect() as connection:
        return list(connection.scalars(mine, {"id": claims_of(access)["login_id"]}))


def race(apps: Sequence[Flask], approach: str, clock: Clock, trials: int) -> None:
    """Race again and again within one login, and check each outcome."""
    alice = Visitor(apps[0], approach).login("alice")
    for trial in range(1, trials + 1):
        used = alice.refresh_token
        responses = all_at_once(apps, approach, used or "")
        assert [response.status_code for response in responses] == [200] * CALLERS
        successors = {response.get_json()["refresh_token"] for response in responses}
        assert len(successors) == 1, "the losers get the very same successor, byte for byte"
        assert used not in successors
        [alice.refresh_token], alice.access = successors, responses[-1].get_json()["access_token"]
        rows = tokens_of(apps[0], alice.access)
        assert len(rows) == trial + 1, "exactly one caller used the token"
        assert rows.count(None) == 1
        clock.advance(11)  # beyond the grace: the next round is a race of its own
    assert {Visitor(app, approach).client.get("/healthz").status_code for app in apps} == {200}
    assert alice.refresh().status_code == 200, "nobody was logged out by a race"
    assert alice.who() == "alice"


@each_token
def test_one_of_several_callers_wins_and_the_others_get_the_same_successor(
    make_app: MakeApp, clock: Clock, approach: str
) -> None:
    """SECURITY 10."""
    race([make_app()], approach, clock, trials=5)


@each_token
def test_a_race_across_two_nodes_has_one_winner_too(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 10."""
    race([make_app(node_name="node-1"), make_app(node_name="node-2")], approach, clock, trials=5)


@pytest.mark.nightly
@each_token
def test_two_hundred_races_have_two_hundred_winners(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 10."""
    race([make_app(node_name="node-1"), make_app(node_name="node-2")], approach, clock, trials=200)


@each_token
def test_without_grace_a_race_has_one_winner_and_ends_the_login(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 10: strict; this is what clients have to be written for then."""
    apps = [make_app(refresh_grace_s=0), make_app(refresh_grace_s=0)]
    alice = Visitor(apps[0], approach).login("alice")
    responses = all_at_once(apps, approach, alice.refresh_token or "")
    codes = sorted(response.get_json().get("code", "won") for response in responses)
    assert codes.count("won") == 1
    assert codes.count("refresh_reused") == 1
    assert codes.count("refresh_invalid") == CALLERS - 2
    [winner] = [response.get_json() for response in responses if response.status_code == 200]
    alice.refresh_token = winner["refresh_token"]
    assert alice.refresh().get_json()["code"] == "refresh_invalid"


@each_token
def test_a_page_that_renews_races_with_a_refresh_and_both_go_on(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 10: two tabs, one with both tokens on every request."""
    app = make_app()
    alice = Visitor(app, approach).login("alice", access_ttl_s=5)
    other_tab = Visitor(app, approach)
    other_tab.access, other_tab.refresh_token = alice.access, alice.refresh_token
    clock.advance(5)
    with ThreadPoolExecutor(2) as threads:
        page, refreshed = threads.submit(alice.together, "profile"), threads.submit(other_tab.refresh)
    assert (page.result().status_code, refreshed.result().status_code) == (200, 200)
    assert alice.refresh_token == other_tab.refresh_token
    assert (alice.who(), other_tab.who()) == ("alice", "alice")


@each_token
def test_a_logout_wins_over_a_refresh_in_flight(make_app: MakeApp, clock: Clock, approach: str) -> None:
    """SECURITY 12: whichever comes first, nothing refreshes afterwards."""
    app = make_app()
    for _ in range(10):
        alice = Visitor(app, approach).login("alice")
        refresh = Visitor(app, approach)
        refresh.refresh_token = alice.refresh_token
        with ThreadPoolExecutor(2) as threads:
            ended, renewed = threads.submit(alice.post, "logout"), threads.submit(refresh.refresh)
        assert ended.result().status_code == 204
        assert renewed.result().status_code in (200, 401)
        assert refresh.refresh().get_json()["code"] == "refresh_invalid"
        assert approach == "token" or refresh.who() is None
