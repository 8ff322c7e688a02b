"""The table in the docs that compares our sessions with Flask-Session, set up as its documentation says: each cell is
tried."""

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, abort, jsonify, request, session
from flask.testing import FlaskClient
from flask_session import Session
from redis import Redis

from session_auth import RedisSessions, Sessions

DOCS = Path(__file__).parents[1] / "docs"
NOBODY_LISTENS = "redis://127.0.0.1:1"
WRITERS = 8


class Ours:
    """An app with our sessions. `pause` is called in the middle of each guarded view."""

    cookie = "sid"

    def __init__(self, store_url: str, prefix: str) -> None:
        self.app, self.pause = Flask(__name__), lambda: None
        sessions = Sessions(RedisSessions(store_url, prefix))
        sessions.init_app(self.app)

        @self.app.get("/")
        def public() -> Any:
            return jsonify("public")

        @self.app.post("/login")
        def log_in() -> Any:
            return jsonify(sessions.log_in(request.get_json(), "user").user_id)

        @self.app.post("/logout")
        def log_out() -> Any:
            sessions.log_out()
            return jsonify(True)

        @self.app.get("/me")
        @sessions.required()
        def me() -> Any:
            self.pause()
            return jsonify(dict(sessions.data))

        @self.app.post("/write/<field>")
        @sessions.required()
        def write(field: str) -> Any:
            self.pause()
            sessions.data[field] = True
            return jsonify(True)

    def planted(self) -> FlaskClient:
        """Return a browser that holds an id which an attacker knows too."""
        return logged_in(self, "mallory")


class FlaskSession:
    """The same app with Flask-Session."""

    cookie = "session"

    def __init__(self, store_url: str, prefix: str) -> None:
        self.app, self.pause = Flask(__name__), lambda: None
        self.app.config.update(
            SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(store_url), SESSION_KEY_PREFIX=f"{prefix}session:"
        )
        Session(self.app)

        @self.app.get("/")
        def public() -> Any:
            return jsonify("public")

        @self.app.post("/login")
        def log_in() -> Any:
            session["user"] = request.get_json()
            return jsonify(session["user"])

        @self.app.post("/logout")
        def log_out() -> Any:
            session.clear()
            return jsonify(True)

        @self.app.get("/me")
        def me() -> Any:
            return self._guarded(lambda: jsonify({name: session[name] for name in session if name.startswith("field")}))

        @self.app.post("/write/<field>")
        def write(field: str) -> Any:
            return self._guarded(lambda: jsonify(session.update({field: True})))

        @self.app.get("/visit")
        def visit() -> Any:
            session["visits"] = 1
            return jsonify(True)

    def planted(self) -> FlaskClient:
        client = self.app.test_client()
        client.get("/visit")
        return client

    def _guarded(self, view: Callable[[], Any]) -> Any:
        if "user" not in session:
            abort(401)
        self.pause()
        return view()


Contender = Ours | FlaskSession
Trial = Callable[[Contender, Redis, str, Path], str]


def logged_in(of: Contender, name: str = "alice") -> FlaskClient:
    client = of.app.test_client()
    assert client.post("/login", json=name).status_code == 200
    return client


def same_browser(of: Contender, client: FlaskClient) -> FlaskClient:
    """Return another tab of this browser, or a thief of its cookie."""
    other = of.app.test_client()
    cookie = client.get_cookie(of.cookie)
    assert cookie is not None
    other.set_cookie(of.cookie, cookie.value)
    return other


def after_a_log_out_during(of: Contender, send: Callable[[FlaskClient], object]) -> str:
    slow = logged_in(of)
    thief, tab = same_browser(of, slow), same_browser(of, slow)

    def log_out() -> None:
        of.pause = lambda: None
        tab.post("/logout")

    of.pause = log_out
    send(slow)
    return {200: "logged in again", 401: "logged out"}[thief.get("/me").status_code]


def slow_read(of: Contender, _redis: Redis, _prefix: str, _folder: Path) -> str:
    return after_a_log_out_during(of, lambda client: client.get("/me"))


def slow_write(of: Contender, _redis: Redis, _prefix: str, _folder: Path) -> str:
    return after_a_log_out_during(of, lambda client: client.post("/write/field"))


def writers(of: Contender, _redis: Redis, _prefix: str, _folder: Path) -> str:
    alice, all_have_read = logged_in(of), Barrier(WRITERS)
    of.pause = all_have_read.wait
    tabs = [same_browser(of, alice) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        answers = [*threads.map(lambda each: tabs[each].post(f"/write/field-{each}"), range(WRITERS))]
    assert {answer.status_code for answer in answers} == {200}
    of.pause = lambda: None
    return f"{len(alice.get('/me').get_json())} fields kept".replace("1 fields", "1 field")


def pickled(of: Contender, redis: Redis, prefix: str, folder: Path) -> str:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (folder / "exploded",)

    alice = logged_in(of)
    redis.set(key_of(redis, prefix), pickle.dumps(Bomb()))
    alice.get("/me")
    return "run" if (folder / "exploded").exists() else "not run"


def corrupt(of: Contender, redis: Redis, prefix: str, _folder: Path) -> str:
    alice = logged_in(of)
    redis.set(key_of(redis, prefix), b"\x00garbage")
    seen, again = alice.get("/me").status_code, alice.post("/login", json="alice").status_code
    return f"{seen}; the next log-in: {again}"


def planted_id(of: Contender, _redis: Redis, _prefix: str, _folder: Path) -> str:
    victim = of.planted()
    attacker = same_browser(of, victim)
    victim.post("/login", json="alice")
    return {200: "opens the login", 401: "opens nothing"}[attacker.get("/me").status_code]


def refused_store(of: Contender, _redis: Redis, prefix: str, _folder: Path) -> str:
    broken = type(of)(NOBODY_LISTENS, prefix)
    client = broken.app.test_client()
    client.set_cookie(of.cookie, "A" * 43)
    return str(client.get("/").status_code)


def key_of(redis: Redis, prefix: str) -> bytes:
    [key] = redis.scan_iter(match=f"{prefix}session:*")
    return bytes(key)


TRIALS: dict[str, Trial] = {
    "a log-out during a slow read": slow_read,
    "a log-out during a slow write": slow_write,
    "eight writers of one login, a field each": writers,
    "a pickle planted in the store": pickled,
    "a corrupt record": corrupt,
    "an id that was planted before the log-in": planted_id,
    "the store refuses connections: a public page": refused_store,
}
CONTENDERS = {"`session_auth`": Ours, "Flask-Session": FlaskSession}


def table(file: str) -> list[list[str]]:
    """Return the cells of the table, its head first."""
    rows = (DOCS / file).read_text().partition("<!-- sessions' peers -->\n")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines()]
    return [cells[0], *cells[2:]]


@pytest.fixture
def prefix(redis: Redis) -> Iterator[str]:
    mine = f"test-{uuid4().hex[:12]}:"
    yield mine
    for key in redis.scan_iter(match=f"{mine}*"):
        redis.delete(key)


def cells() -> list[Any]:
    [_, *names], *rows = table("take-it-with-you.md")
    return [
        pytest.param(what, name, cell, id=f"{what}-{name}")
        for what, *said in rows
        for name, cell in zip(names, said, strict=True)
    ]


@pytest.mark.parametrize(("what", "name", "cell"), cells())
def test_a_cell_of_the_table_is_what_happens(
    what: str, name: str, cell: str, store_url: str, redis: Redis, prefix: str, tmp_path: Path
) -> None:
    assert TRIALS[what](CONTENDERS[name](store_url, prefix), redis, prefix, tmp_path) == cell


def test_every_trial_has_its_row_in_both_languages() -> None:
    english, korean = table("take-it-with-you.md"), table("take-it-with-you.ko.md")
    assert [row[0] for row in english[1:]] == list(TRIALS)
    assert [len(row) for row in korean] == [len(row) for row in english]
