"""How often a log-in may fail: ten times a minute, for one name and from one address, at whatever door."""

import time

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from service.accounts import passwords
from service.accounts.attempts import FAILURES_PER_MINUTE, WindowsHere
from service.config import Config
from tests.conftest import MakeApp
from tests.support.faulty_store import FaultyStore
from tests.support.session_probe import member
from tests.support.stopwatch import eventually
from tests.support.visitor import APPROACHES, PASSWORDS


def attempt(
    app: Flask,
    username: str = "alice",
    password: str = "wrong",
    address: str = "192.0.2.1",
    approach: str = "token",
    headers: dict[str, str] | None = None,
) -> TestResponse:
    return app.test_client().post(
        f"/{approach}/login",
        json={"username": username, "password": password},
        environ_base={"REMOTE_ADDR": address},
        headers=headers,
    )


def exhaust(app: Flask, username: str = "alice", address: str = "192.0.2.1") -> None:
    for _ in range(FAILURES_PER_MINUTE):
        assert attempt(app, username, address=address).status_code == 401


def assert_limited(response: TestResponse) -> None:
    assert (response.status_code, response.get_json()["code"]) == (429, "rate_limited")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["Retry-After"] in response.get_json()["detail"]


def test_the_eleventh_attempt_in_a_minute_is_refused_even_with_the_right_password(app: Flask) -> None:
    """SECURITY 18."""
    exhaust(app)
    assert_limited(attempt(app))
    assert_limited(attempt(app, password=PASSWORDS["alice"]))


def test_one_name_is_limited_wherever_the_attempts_come_from(app: Flask) -> None:
    """SECURITY 18."""
    for number in range(FAILURES_PER_MINUTE):
        assert attempt(app, address=f"192.0.2.{number}").status_code == 401
    assert_limited(attempt(app, password=PASSWORDS["alice"], address="2001:db8::1"))
    assert attempt(app, "bob", PASSWORDS["bob"], address="192.0.2.0").status_code == 200


def test_one_address_is_limited_whatever_the_names(app: Flask) -> None:
    """SECURITY 18."""
    for number in range(FAILURES_PER_MINUTE):
        assert attempt(app, f"nobody-{number}").status_code == 401
    assert_limited(attempt(app, "bob", PASSWORDS["bob"]))
    assert attempt(app, "bob", PASSWORDS["bob"], address="192.0.2.2").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_nobody_chooses_the_address_they_come_from(app: Flask, header: str) -> None:
    """SECURITY 18."""
    for number in range(FAILURES_PER_MINUTE):
        attempt(app, f"nobody-{number}", headers={header: f"for=198.51.100.{number}"})
    assert_limited(attempt(app, "bob", PASSWORDS["bob"], headers={header: "198.51.100.99"}))


def test_a_success_is_not_counted(app: Flask) -> None:
    """SECURITY 18."""
    for _ in range(FAILURES_PER_MINUTE + 2):
        assert attempt(app, password=PASSWORDS["alice"]).status_code == 200
    assert attempt(app).status_code == 401


def test_the_count_is_shared_by_all_approaches(app: Flask) -> None:
    """SECURITY 18."""
    for number in range(FAILURES_PER_MINUTE):
        assert attempt(app, approach=APPROACHES[number % len(APPROACHES)]).status_code == 401
    for approach in APPROACHES:
        assert_limited(attempt(app, approach=approach))


def test_the_count_is_shared_by_all_nodes(make_app: MakeApp) -> None:
    """SECURITY 18."""
    here, there = make_app(), make_app()
    exhaust(here)
    assert_limited(attempt(there))


def test_a_minute_later_one_may_try_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 18."""
    exhaust(app)
    assert_limited(attempt(app))
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 61)
    assert attempt(app, password=PASSWORDS["alice"]).status_code == 200


def test_without_the_store_each_node_counts_for_itself(make_app: MakeApp, faulty: FaultyStore) -> None:
    """SECURITY 18."""
    here, there = make_app(redis_url=faulty.url), make_app(redis_url=faulty.url)
    faulty.refuse()
    exhaust(here)
    assert_limited(attempt(here))
    assert attempt(there).status_code == 401


def test_what_was_counted_without_the_store_still_counts_when_it_is_back(
    make_app: MakeApp, faulty: FaultyStore
) -> None:
    """SECURITY 18: a store that is full can be read and not written, and used to let everybody guess for ever."""
    app = make_app(redis_url=faulty.url)
    faulty.refuse()
    exhaust(app)
    faulty.heal()
    eventually(lambda: app.test_client().get("/readyz").status_code == 200)
    assert_limited(attempt(app, password=PASSWORDS["alice"]))


def test_what_is_counted_in_the_store_expires(app: Flask, redis: Redis, config: Config) -> None:
    """However often a name fails, its key holds no more times than the limit, and none outlives its minute."""
    for number in range(FAILURES_PER_MINUTE):
        attempt(app, address=f"192.0.2.{number}")
    keys = list(redis.scan_iter(match=f"{config.store_prefix}attempts:*"))
    assert len(keys) == 1 + FAILURES_PER_MINUTE
    assert all(0 < redis.ttl(key) <= 60 for key in keys)
    assert max(map(redis.llen, keys)) == FAILURES_PER_MINUTE


def plant(app: Flask, redis: Redis, config: Config, time_of_failure: object) -> None:
    """Replace what was counted for this address and for alice."""
    attempt(app)
    for key in redis.scan_iter(match=f"{config.store_prefix}attempts:*"):
        redis.lpush(key, *FAILURES_PER_MINUTE * [str(time_of_failure)])


@pytest.mark.parametrize("text", ["", "soon", "nan", "-inf", "\ud55c"])
def test_what_is_no_time_of_a_failure_does_not_count(app: Flask, redis: Redis, config: Config, text: str) -> None:
    plant(app, redis, config, text)
    assert attempt(app, password=PASSWORDS["alice"]).status_code == 200


@pytest.mark.parametrize("ahead_s", [3600.0, float("inf")])
def test_no_wait_is_longer_than_a_minute_if_the_clock_of_another_node_is_ahead(
    app: Flask, redis: Redis, config: Config, ahead_s: float
) -> None:
    plant(app, redis, config, time.time() + ahead_s)
    assert_limited(attempt(app))


def test_the_names_that_were_tried_are_not_in_the_store(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 22: what people type into the name field may be their password."""
    attempt(app, "my-secret-password")
    keys = list(redis.scan_iter(match=f"{config.store_prefix}*"))
    assert len(keys) == 2
    assert b"my-secret-password" not in b"".join(keys)


def test_a_node_forgets_the_failures_of_more_than_a_minute_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store a node counts for itself, and whoever tried a new name each time grew its memory for good."""
    windows, began, now = WindowsHere(limit=2), time.time(), [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    for number in range(100):
        windows.count(("name", str(number)))
    now[0] = began + 59
    windows.count(("name", "0"))
    assert len(windows) == 100
    assert began + 60 <= windows.exhausted_until(("name", "0")) < began + 61
    assert windows.exhausted_until(("name", "1")) < now[0]
    now[0] = began + 62
    assert windows.exhausted_until(("name", "0")) < now[0]
    windows.count(("address", "192.0.2.1"))
    assert len(windows) == 2  # the name that failed again, and the address


def test_a_node_keeps_no_more_failures_than_it_has_room_for() -> None:
    windows = WindowsHere(limit=1, most_keys=10)
    for number in range(25):
        windows.count(("name", str(number)))
    assert len(windows) == 10
    assert [windows.exhausted_until(("name", str(number))) > 0 for number in range(25)] == 15 * [False] + 10 * [True]


class CountingHasher:
    """Counts how often a password is really checked."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hashes: list[str] = []
        self._hasher = hasher

    def verify(self, password_hash: str, password: str) -> bool:
        self.hashes.append(password_hash)
        return self._hasher.verify(password_hash, password)

    def __getattr__(self, name: str) -> object:
        return getattr(self._hasher, name)


@pytest.mark.parametrize("username", ["alice", "nobody", "disabled"])
def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(
    app: Flask, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    """SECURITY 18: one Argon2 check, of the same cost, whether there is such a member or not."""
    if username == "disabled":
        assert app.test_cli_runner().invoke(args=["members", "disable", "bob"]).exit_code == 0
    cost = extract_parameters(member(app, "alice").password_hash)
    hasher = CountingHasher(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    refused = attempt(app, "bob" if username == "disabled" else username)
    assert refused.get_json() == attempt(app, "nobody-at-all").get_json()
    assert [extract_parameters(password_hash) for password_hash in hasher.hashes] == [cost, cost]


def test_a_refused_attempt_costs_no_password_check(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 18."""
    exhaust(app)
    hasher = CountingHasher(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    assert_limited(attempt(app))
    assert hasher.hashes == []
