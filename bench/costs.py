"""Processor time per request, log-in and refresh, and the times of single steps from the server's trace."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time_ns, time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import EnvironBuilder

from app import create_app
from lab.cluster.embedded_store import EmbeddedStore
from loadtests.approaches import read_facts
from service.approaches import SESSION, TOKEN, ApproachFacts
from service.config import Config
from token_auth.store import ROTATIONS_PER_S

REQUESTS, LOGINS, REFRESHES = 200, 3, 20
CREDENTIALS = {"username": "alice", "password": "wonderland"}


class Clock:
    """The clock of the logins. It advances before each refresh, because a login may refresh only ten times a second."""

    def __init__(self) -> None:
        self.now = time()

    def __call__(self) -> float:
        return self.now


class TracedCaller:
    """A client of one approach, with its tokens."""

    def __init__(self, app: Flask, facts: ApproachFacts, clock: Clock) -> None:
        self.approach, self.is_bearer = facts.name, facts.carrier == "bearer"
        self.app, self.client, self.clock, self.tokens = app, FlaskClient(app), clock, {}

    def log_in(self) -> Any:
        """Log in without the credentials of the previous login, which has ended."""
        self.client = FlaskClient(self.app)
        response = self.client.post(f"/{self.approach}/login", json=CREDENTIALS, headers={"X-Lab-Trace": "1"})
        assert response.status_code == 200, response.text
        self.tokens = response.get_json() if self.is_bearer else {}
        return response

    def get_profile(self) -> Any:
        token = self.tokens.get("access_token")
        headers = {"X-Lab-Trace": "1", **({"Authorization": f"Bearer {token}"} if token else {})}
        response = self.client.get(f"/{self.approach}/profile", headers=headers)
        assert response.status_code == 200, response.text
        return response

    def profile_environ(self) -> dict[str, Any]:
        """Return the request as a server passes it, so that the test client's time is not measured."""
        cookie = self.client.get_cookie("sot_sid", path=f"/{self.approach}")
        carried = {"Cookie": f"sot_sid={cookie.value}"} if cookie else {}
        if "access_token" in self.tokens:
            carried = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return EnvironBuilder(path=f"/{self.approach}/profile", headers=carried).get_environ()

    def refresh(self) -> Any:
        self.clock.now += 1 / ROTATIONS_PER_S
        body = {"refresh_token": self.tokens["refresh_token"]}
        response = self.client.post(f"/{self.approach}/refresh", json=body, headers={"X-Lab-Trace": "1"})
        assert response.status_code == 200, response.text
        self.tokens = response.get_json()
        return response


def measure_costs(folder: Path, rounds: int) -> dict[str, Any]:
    """Return this process's microseconds (requests in-process, the store in another process), and traced steps."""
    folder.mkdir()
    store = EmbeddedStore()
    try:
        clock = Clock()
        app = create_app(Config(instance_dir=folder, redis_url=store.url, lab=True), now=clock)
        approaches = read_facts(app.test_client().get("/lab/approaches").get_json())
        callers = {facts.name: TracedCaller(app, facts, clock) for facts in approaches}
        commands = {name: _login_commands(caller, store.url) for name, caller in callers.items()}
        trips = {name: _login_round_trips(caller) for name, caller in callers.items()}
        counts = {"login_store_ops": commands, "login_round_trips": trips}
        return {**counts, **_cpu(callers, rounds), **_steps(callers)}
    finally:
        store.stop()


def _cpu(callers: dict[str, TracedCaller], rounds: int) -> dict[str, Any]:
    """Return processor time. For log-ins and refreshes it includes the test client's, which is comparatively small."""
    taken: dict[str, dict[str, list[float]]] = {"request_cpu_us": {}, "login_cpu_us": {}, "refresh_cpu_us": {}}
    for _ in range(rounds):
        for name, caller in callers.items():
            taken["request_cpu_us"].setdefault(name, []).append(_per_call(_profile(caller), REQUESTS))
            taken["login_cpu_us"].setdefault(name, []).append(_per_call(caller.log_in, LOGINS))
            if "refresh_token" in caller.tokens:
                taken["refresh_cpu_us"].setdefault(name, []).append(_per_call(caller.refresh, REFRESHES))
    return {kind: {name: round(median(us), 1) for name, us in arms.items()} for kind, arms in taken.items()}


def _profile(caller: TracedCaller) -> Callable[[], Any]:
    environ, statuses = caller.profile_environ(), []
    ask = lambda: b"".join(caller.client.application(dict(environ), lambda status, *_: statuses.append(status)))  # noqa: E731
    said = ask()
    assert statuses == ["200 OK"], said
    return ask


def _per_call(call: Callable[[], Any], times: int) -> float:
    began = process_time_ns()
    for _ in range(times):
        call()
    return (process_time_ns() - began) / 1000 / times


def _steps(callers: dict[str, TracedCaller]) -> dict[str, float]:
    """Return the medians of single steps, from the lab's trace."""
    session, token = callers[SESSION.name], callers[TOKEN.name]
    return {
        "store_us": _step(session.get_profile, "GETEX", REQUESTS),
        "verify_us": _step(token.get_profile, "signature and claims", REQUESTS),
        "sign_us": _step(token.refresh, "sign ", REFRESHES),
        "db_write_us": _db_us(token),
    }


def _step(call: Callable[[], Any], what: str, times: int) -> float:
    traces = [json.loads(call().headers["X-Lab-Trace"]) for _ in range(times)]
    return round(median(step["duration_us"] for trace in traces for step in trace if what in step["what"]), 1)


def _db_us(caller: TracedCaller) -> float:
    """Return how long a refresh blocks every other writer of the member database: from BEGIN to COMMIT."""
    traces = [json.loads(caller.refresh().headers["X-Lab-Trace"]) for _ in range(10 * REFRESHES)]
    return round(median(map(_locked_us, traces)), 1)


def _locked_us(trace: list[dict[str, Any]]) -> float:
    begin = next(step for step in trace if step["what"] == "BEGIN IMMEDIATE")
    commit = next(step for step in trace if step["what"] == "COMMIT")
    return float(commit["at_us"] + commit["duration_us"] - begin["at_us"])


def _login_commands(caller: TracedCaller, store_url: str, times: int = 20) -> int:
    """Return the store commands of one log-in, by the store's count, which includes the commands inside scripts."""
    caller.log_in()
    with Redis.from_url(store_url) as redis:
        before = _processed(redis)
        for _ in range(times):
            caller.log_in()
        return round((_processed(redis) - before - 1) / times)


def _login_round_trips(caller: TracedCaller, times: int = 20) -> int:
    """Return the number of store round trips of one log-in, from the lab's trace."""
    traces = [json.loads(caller.log_in().headers["X-Lab-Trace"]) for _ in range(times)]
    return round(median(sum(step["part"] == "store" for step in trace) for trace in traces))


def _processed(redis: Redis) -> int:
    return int(redis.info("stats")["total_commands_processed"])
