"""Contract tests of sessions, on a small app: `REDIS_URL=redis://… pytest session_auth/contract.py`.

Copy them along with the package. They need pytest and a store at `REDIS_URL`, where they write below their own prefix.
"""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Blueprint, Flask, Response, flash, get_flashed_messages, jsonify, request, session
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from session_auth import InvalidSession, Login, NoCredentials, RedisSessions, Sessions
from session_auth.connection import StoreConnection

NOBODY_LISTENS = "redis://127.0.0.1:1"
USER = {"id": "alice", "role": "user"}


def make_app(store: RedisSessions, **options: Any) -> tuple[Flask, Sessions]:
    """Return a small app that uses sessions as an application would."""
    app = Flask(__name__)
    app.secret_key = "only for the contract"  # noqa: S105  # flask.session is Flask's own
    sessions = Sessions(store, **options)
    sessions.init_app(app)

    @app.post("/login")
    def log_in() -> Response:
        asked = request.get_json()
        return jsonify(sessions.log_in(asked["id"], asked["role"]))

    @app.get("/")
    def public() -> Response:
        flash("seen")
        return jsonify(messages=get_flashed_messages(), flask=list(session))

    @app.get("/me")
    @sessions.required()
    def me() -> Response:
        return jsonify(sessions.current())

    @app.get("/admin")
    @sessions.required(role="admin")
    def admin() -> Response:
        return jsonify(sessions.current())

    @app.route("/data", methods=["GET", "POST"])
    @sessions.required()
    def data() -> Response:
        sessions.data.update(request.get_json(silent=True) or {})
        return jsonify(sessions.data)

    @app.post("/append/<item>")
    @sessions.required()
    def append(item: str) -> Response:
        sessions.data.setdefault("items", []).append(item)
        return jsonify(True)

    @app.post("/renew")
    @sessions.required()
    def renew() -> Response:
        sessions.renew()
        return jsonify(True)

    @app.post("/logout")
    def log_out() -> Response:
        sessions.log_out()
        return jsonify(True)

    return app, sessions


@pytest.fixture
def prefix() -> Iterator[str]:
    mine = f"contract-{uuid4().hex[:12]}:"
    yield mine
    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        for key in redis.scan_iter(match=f"{mine}*"):
            redis.delete(key)


@pytest.fixture
def store(prefix: str) -> RedisSessions:
    """Use a long timeout: a busy machine must not fail these tests."""
    return RedisSessions(StoreConnection(lambda: os.environ["REDIS_URL"], timeout_s=30), prefix)


@pytest.fixture
def made(store: RedisSessions) -> tuple[Flask, Sessions]:
    return make_app(store)


@pytest.fixture
def app(made: tuple[Flask, Sessions]) -> Flask:
    return made[0]


@pytest.fixture
def sessions(made: tuple[Flask, Sessions]) -> Sessions:
    return made[1]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def log_in(client: FlaskClient, **user: Any) -> dict[str, Any]:
    answer = client.post("/login", json={**USER, **user})
    assert answer.status_code == 200, answer.text
    login: dict[str, Any] = answer.get_json()
    return login


def sid_of(client: FlaskClient) -> str | None:
    cookie = client.get_cookie("sid")
    return cookie.value if cookie else None


def with_sid(app: Flask, sid: str | None) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("sid", sid or "")
    return client


def said(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def together(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work(0)`, `work(1)` and so on at the same time, each in its own thread."""
    start = Barrier(number)

    def begin(each: int) -> Any:
        start.wait()
        return work(each)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(begin, range(number)))


# -- log in, read, log out


def test_who_logs_in_is_known_on_the_next_request(client: FlaskClient) -> None:
    login = log_in(client)
    assert (login["user_id"], login["role"]) == ("alice", "user")
    assert client.get("/me").get_json() == login


def test_without_a_login_the_view_is_not_called(client: FlaskClient) -> None:
    assert said(client.get("/me")) == (401, "no_credentials")


@pytest.mark.parametrize("sid", ["", "made-up", "A" * 43, "A" * 44, "A" * 42 + "\u00e9"])
def test_an_unknown_id_is_refused_and_not_adopted(app: Flask, sid: str) -> None:
    client = with_sid(app, sid)
    assert said(client.get("/me")) == (401, "invalid_session")
    assert sid_of(client) is None


def test_a_view_for_one_role_refuses_the_other(app: Flask) -> None:
    alice, carol = app.test_client(), app.test_client()
    log_in(alice)
    log_in(carol, id="carol", role="admin")
    assert said(alice.get("/admin")) == (403, "forbidden")
    assert carol.get("/admin").status_code == 200


def test_a_login_gets_an_id_of_its_own_and_the_one_before_is_dead(app: Flask, client: FlaskClient) -> None:
    log_in(client)
    first = sid_of(client)
    log_in(client)
    assert sid_of(client) != first
    assert said(with_sid(app, first).get("/me")) == (401, "invalid_session")


def test_a_log_out_ends_the_login_wherever_its_id_is_known(app: Flask, client: FlaskClient) -> None:
    log_in(client)
    thief = with_sid(app, sid_of(client))
    assert thief.get("/me").status_code == 200
    assert client.post("/logout").status_code == 200
    assert sid_of(client) is None
    assert said(thief.get("/me")) == (401, "invalid_session")


def test_a_log_out_without_a_login_succeeds(client: FlaskClient) -> None:
    assert client.post("/logout").status_code == 200


def test_a_renewed_login_goes_on_under_a_new_id_and_the_old_one_is_dead(app: Flask, client: FlaskClient) -> None:
    login, old = log_in(client), sid_of(client)
    client.post("/data", json={"colour": "red"})
    client.post("/renew")
    assert sid_of(client) != old
    assert client.get("/me").get_json() == login
    assert client.get("/data").get_json() == {"colour": "red"}
    assert said(with_sid(app, old).get("/me")) == (401, "invalid_session")


@pytest.mark.parametrize("way", ["/logout", "/login"])
def test_an_id_from_before_a_renewal_ends_the_login(app: Flask, client: FlaskClient, way: str) -> None:
    """A thief who renews a stolen session loses it when the user logs out or logs in again."""
    log_in(client)
    thief = with_sid(app, sid_of(client))
    thief.post("/renew")
    assert thief.get("/me").status_code == 200
    assert client.post("/logout").status_code == 200 if way == "/logout" else log_in(client)
    assert said(thief.get("/me")) == (401, "invalid_session")


@pytest.mark.parametrize("user_id", [7, "7", UUID(int=7), "\u00c5se \ud55c\uae00"])
def test_an_id_of_a_user_comes_back_as_its_text(app: Flask, sessions: Sessions, user_id: int | str | UUID) -> None:
    with app.test_request_context("/login", method="POST"):
        login = sessions.log_in(user_id, "user")
    assert login.user_id == str(user_id)
    assert sessions.list(user_id) == [login]


@pytest.mark.parametrize("user_id", [None, True, 1.5, b"alice", ["alice"], ""])
def test_a_malformed_user_id_is_refused_at_once(app: Flask, sessions: Sessions, user_id: Any) -> None:
    with app.test_request_context("/login", method="POST"):
        login = sessions.log_in("alice", "user")
        with pytest.raises((TypeError, ValueError)):
            sessions.log_in(user_id, "user")
    assert sessions.list("alice") == [login]


def test_a_malformed_role_is_refused_at_once(app: Flask, sessions: Sessions) -> None:
    with app.test_request_context("/login", method="POST"):
        login = sessions.log_in("alice", "user")
        for refused in (sessions.log_in, sessions.set_role):
            with pytest.raises(TypeError, match="role"):
                refused("alice", None)  # type: ignore[arg-type]
    assert sessions.list("alice") == [login]


def test_a_login_that_is_not_confirmed_is_taken_back(app: Flask, sessions: Sessions) -> None:
    def disabled_meanwhile() -> None:
        raise PermissionError

    with app.test_request_context("/login", method="POST"), pytest.raises(PermissionError):
        sessions.log_in("alice", "user", disabled_meanwhile)
    assert sessions.list("alice") == []


def test_a_decorator_without_its_parentheses_is_refused_at_once(sessions: Sessions) -> None:
    with pytest.raises(TypeError):
        sessions.required(lambda: "a view")  # type: ignore[arg-type]


def test_a_whole_blueprint_is_guarded_by_one_line(app: Flask, sessions: Sessions) -> None:
    protected = Blueprint("protected", __name__, url_prefix="/protected")
    protected.before_request(sessions.required(role="admin")(lambda: None))
    protected.add_url_rule("/", view_func=lambda: "protected")
    app.register_blueprint(protected)
    client = app.test_client()
    assert said(client.get("/protected/")) == (401, "no_credentials")
    log_in(client, role="admin")
    assert client.get("/protected/").text == "protected"


# -- ordinary Flask beside it


def test_flask_session_stays_flasks_own(client: FlaskClient) -> None:
    """So flash(), CSRF tokens and Flask-Login work before a log-in, without any store command."""
    before = client.get("/").get_json()
    log_in(client)
    assert before == client.get("/").get_json() == {"messages": ["seen"], "flask": []}


def test_a_public_page_asks_no_store() -> None:
    app, _ = make_app(RedisSessions(NOBODY_LISTENS))
    assert with_sid(app, "A" * 43).get("/").status_code == 200


def test_the_cookie_is_out_of_a_scripts_reach_and_secure_by_flasks_own_switch(app: Flask) -> None:
    plain = app.test_client().post("/login", json=USER).headers["Set-Cookie"]
    app.config["SESSION_COOKIE_SECURE"] = True
    secure = app.test_client().post("/login", json=USER, base_url="https://localhost").headers["Set-Cookie"]
    assert plain.startswith("sid=")
    assert secure.startswith("__Host-sid=")
    assert "Secure" not in plain
    assert "Secure" in secure
    for cookie in (plain, secure):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_an_answer_for_one_user_is_in_no_cache(client: FlaskClient) -> None:
    log_in(client)
    answer = client.get("/me")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_changes_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    assert said(client.post("/login", json=USER, headers=headers)) == (403, "forbidden")
    log_in(client)
    for path in ("/data", "/renew", "/logout"):
        assert said(client.post(path, json={"colour": "red"}, headers=headers)) == (403, "forbidden")
    assert client.get("/data", headers=headers).get_json() == {}


def test_a_cookie_that_comes_twice_is_refused_and_deleted(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    answer = client.get("/me", headers={"Cookie": f"sid={'A' * 43}; sid={'B' * 43}"})
    assert said(answer) == (400, "bad_request")
    assert answer.headers["Set-Cookie"].startswith("sid=;")


def test_the_application_may_answer_errors_in_its_own_way(app: Flask, client: FlaskClient) -> None:
    app.register_error_handler(NoCredentials, lambda _error: ("log in first", 303))
    assert client.get("/me").status_code == 303


# -- a user's logins


def test_a_user_sees_and_ends_their_logins_and_no_other_ones(app: Flask, sessions: Sessions) -> None:
    phone, laptop, bob = app.test_client(), app.test_client(), app.test_client()
    lost, mine, theirs = log_in(phone), log_in(laptop), log_in(bob, id="bob")
    assert {login.login_id for login in sessions.list("alice")} == {lost["login_id"], mine["login_id"]}
    assert not sessions.end("alice", theirs["login_id"])
    assert sessions.end("alice", lost["login_id"])
    assert said(phone.get("/me")) == (401, "invalid_session")
    sessions.end_all("alice")
    assert said(laptop.get("/me")) == (401, "invalid_session")
    assert bob.get("/me").status_code == 200


def test_a_new_role_is_felt_by_the_next_request(client: FlaskClient, sessions: Sessions) -> None:
    log_in(client)
    sessions.set_role("alice", "admin")
    assert client.get("/admin").status_code == 200
    sessions.set_role("alice", "user")
    assert said(client.get("/admin")) == (403, "forbidden")


def test_the_oldest_login_makes_room(store: RedisSessions) -> None:
    app, sessions = make_app(store, most_logins=2)
    clients = [app.test_client() for _ in range(3)]
    logins = [log_in(client) for client in clients]
    assert said(clients[0].get("/me")) == (401, "invalid_session")
    assert {login.login_id for login in sessions.list("alice")} == {login["login_id"] for login in logins[1:]}


def test_a_login_ends_however_much_it_is_used(store: RedisSessions) -> None:
    clock = [1_800_000_000.0]
    app, _ = make_app(store, idle_s=60, absolute_s=100, now=lambda: clock[0])
    client = app.test_client()
    log_in(client)
    clock[0] += 99
    assert client.get("/me").status_code == 200
    clock[0] += 1
    assert said(client.get("/me")) == (401, "invalid_session")


@pytest.mark.parametrize(("idle_s", "absolute_s"), [(0, 10), (11, 10), (1.5, 10), (-1, 10)])
def test_lifetimes_that_make_no_sense_are_refused_at_once(store: RedisSessions, idle_s: Any, absolute_s: Any) -> None:
    with pytest.raises(ValueError, match="idle_s"):
        Sessions(store, idle_s, absolute_s)


# -- a login's data


def test_what_a_view_changes_the_next_one_reads(client: FlaskClient) -> None:
    log_in(client)
    client.post("/data", json={"role": "admin", "list": [1, {"deep": None}]})
    client.post("/append/one")
    client.post("/append/two")
    assert client.get("/data").get_json() == {
        "role": "admin",
        "list": [1, {"deep": None}],
        "items": ["one", "two"],
    }
    assert said(client.get("/admin")) == (403, "forbidden")  # data is data


def test_data_without_a_login_is_refused(app: Flask, sessions: Sessions) -> None:
    with app.test_request_context("/"), pytest.raises(NoCredentials):
        _ = sessions.data
    with app.test_request_context("/", headers={"Cookie": f"sid={'A' * 43}"}), pytest.raises(InvalidSession):
        _ = sessions.data


def test_eight_writers_of_one_login_keep_each_others_fields(app: Flask, client: FlaskClient) -> None:
    log_in(client)
    sid = sid_of(client)
    for _ in range(5):
        answers = together(8, lambda each: with_sid(app, sid).post("/data", json={f"field-{each}": each}))
        assert [answer.status_code for answer in answers] == [200] * 8
        assert client.get("/data").get_json() == {f"field-{each}": each for each in range(8)}


def test_a_slow_write_does_not_bring_an_ended_login_back(app: Flask, sessions: Sessions) -> None:
    client = app.test_client()
    log_in(client)
    with app.test_request_context("/", headers={"Cookie": f"sid={sid_of(client)}"}):
        sessions.data["late"] = True
        sessions.end_all("alice")
        app.process_response(app.response_class())
    assert said(client.get("/me")) == (401, "invalid_session")
    assert sessions.list("alice") == []


def test_of_renewals_at_once_one_wins_and_the_login_goes_on_once(app: Flask, sessions: Sessions) -> None:
    client = app.test_client()
    log_in(client)
    sid = sid_of(client)
    visitors = [with_sid(app, sid) for _ in range(6)]
    answers = together(6, lambda each: visitors[each].post("/renew"))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert sum(visitor.get("/me").status_code == 200 for visitor in visitors) == 1
    assert len(sessions.list("alice")) == 1


def test_a_log_out_beats_a_renewal_that_crosses_it(app: Flask, sessions: Sessions) -> None:
    for _ in range(10):
        client = app.test_client()
        log_in(client)
        sid = sid_of(client)
        visitors = [with_sid(app, sid) for _ in range(2)]
        together(2, lambda each: visitors[each].post(("/renew", "/logout")[each]))  # noqa: B023
        assert [visitor.get("/me").status_code for visitor in visitors] == [401, 401]
        assert sessions.list("alice") == []


# -- faults


def test_a_store_that_is_down_answers_503_and_keeps_the_cookie() -> None:
    app, _ = make_app(RedisSessions(NOBODY_LISTENS))
    client = with_sid(app, "A" * 43)
    for answer in (client.get("/me"), client.post("/login", json=USER), client.post("/logout")):
        assert said(answer) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "1"
    assert sid_of(client) == "A" * 43


def test_a_store_that_hangs_answers_503_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app, _ = make_app(RedisSessions(f"redis://127.0.0.1:{silent.getsockname()[1]}"))
        for _ in range(3):
            assert said(with_sid(app, "A" * 43).get("/me")) == (503, "store_unavailable")


def test_a_malformed_address_is_refused_at_once_and_not_repeated() -> None:
    with pytest.raises(ValueError, match=r"redis://") as refused:
        RedisSessions("http://user:secret@host")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("planted", [b"", b"null", b"[1]", b"\x80\x04N.", b'{"member_id":"alice","role":"admin"}'])
def test_a_malformed_record_is_no_login_and_the_next_login_works(
    client: FlaskClient, prefix: str, planted: bytes
) -> None:
    log_in(client)
    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        [key] = redis.scan_iter(match=f"{prefix}session:*")
        redis.set(key, planted)
    assert said(client.get("/me")) == (401, "invalid_session")
    log_in(client)
    assert client.get("/me").status_code == 200


def test_the_store_holds_no_id_that_opens_anything(client: FlaskClient, prefix: str) -> None:
    log_in(client)
    sid = sid_of(client)
    assert sid is not None
    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        stored = b"".join(key + (redis.dump(key) or b"") for key in redis.scan_iter(match=f"{prefix}*"))
    assert sid.encode() not in stored


def test_a_login_says_when_it_ends(app: Flask, sessions: Sessions) -> None:
    with app.test_request_context("/login", method="POST"):
        login = sessions.log_in("alice", "user")
    assert isinstance(login, Login)
    assert login.expires_at - login.created_at == 43_200
