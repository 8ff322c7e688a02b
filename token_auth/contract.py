"""Contract tests of tokens, on a small app: `pytest token_auth/contract.py`.

Copy them along with the package. They need pytest, and create an SQLite database for each test.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from flask import Blueprint, Flask, Response, flash, get_flashed_messages, jsonify, request, session
from sqlalchemy import Engine, NullPool, StaticPool, create_engine, text
from werkzeug.test import TestResponse

from token_auth import ENDED, Denial, KeyRing, NoCredentials, RefreshTokens, Tokens

ACCESS_S, REFRESH_S, GRACE_S = 300, 3600, 10


class Clock:
    """A fake clock. Only the test moves it."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Denied(dict[str, Denial]):
    """A denylist in this process. An application keeps it in a store that all of its processes share."""

    def deny(self, login_id: str, _ttl_s: int) -> None:
        self[login_id] = ENDED

    def require_role(self, login_id: str, role: str, _ttl_s: int) -> None:
        if self.get(login_id) != ENDED:
            self[login_id] = Denial(role)

    def find(self, login_id: str) -> Denial | None:
        return self.get(login_id)


class Users(dict[str, str]):
    """The application's users and their roles. Reading them can fail, or they can change right after a read."""

    broken = False
    then: Callable[[], None] | None = None

    def role_of(self, user_id: str) -> str | None:
        if self.broken:
            raise RuntimeError("the users cannot be read")
        role = self.get(user_id)
        if self.then is not None:
            self.then()
        return role


class Site:
    """A small application that uses only the core, not the lab."""

    def __init__(self, folder: Path, engine: Engine, denylist: Denied | None = None) -> None:
        self.clock, self.users = Clock(), Users({"alice": "user", "carol": "admin", "7": "user"})
        self.key_ring = KeyRing(folder / "keys.json", now=self.clock)
        refresh_tokens = RefreshTokens(engine)
        refresh_tokens.create_tables()
        self.tokens = Tokens(
            self.key_ring,
            refresh_tokens,
            issuer="https://example.org",
            role_of=self.users.role_of,
            denylist=denylist,
            access_s=ACCESS_S,
            refresh_s=REFRESH_S,
            grace_s=GRACE_S,
            most_logins=8,
            now=self.clock,
        )
        self.app = app = Flask(__name__)
        app.secret_key = "of this test alone"  # noqa: S105
        self.tokens.init_app(app)
        tokens = self.tokens

        @app.post("/login")
        def log_in() -> Response:
            return jsonify(tokens.log_in(request.get_json()["user"]).view())

        @app.post("/refresh")
        def refresh() -> Response:
            return jsonify(tokens.refresh(request.get_json()["refresh_token"]).view())

        @app.post("/logout")
        def log_out() -> tuple[str, int]:
            tokens.log_out(**request.get_json())
            return "", 204

        @app.get("/page")
        @tokens.required()
        def page() -> Response:
            login = tokens.current()
            assert login is not None
            return jsonify(user=login.user_id, role=login.role, login=login.login_id)

        @app.get("/admin")
        @tokens.required("admin")
        def admin() -> str:
            return "for administrators"

        @app.get("/public")
        def public() -> Response:
            flash("hello")  # uses Flask's session, not ours
            user = getattr(tokens.current(), "user_id", None)
            return jsonify(user=user, messages=get_flashed_messages(), flask=list(session))

    def log_in(self, user: Any = "alice") -> dict[str, str]:
        return dict(self.post("/login", user=user).get_json())

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self.app.test_client().post(path, json=fields)

    def get(self, path: str, access: str | None = None, refresh: str | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        headers |= {"X-Refresh-Token": refresh} if refresh else {}
        return self.app.test_client().get(path, headers=headers)

    def refresh(self, pair: dict[str, str]) -> TestResponse:
        return self.post("/refresh", refresh_token=pair["refresh_token"])

    def log_out(self, pair: dict[str, str]) -> TestResponse:
        return self.post("/logout", access=pair["access_token"])


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Return a factory of engines on one database: `make_engine(isolation_level="AUTOCOMMIT")`."""
    made: list[Engine] = []

    def make(**settings: Any) -> Engine:
        made.append(create_engine(f"sqlite:///{tmp_path / 'app.db'}", **settings))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def engine(make_engine: Callable[..., Engine], request: pytest.FixtureRequest) -> Engine:
    return make_engine(isolation_level=getattr(request, "param", "SERIALIZABLE"))


however_transactions_begin = pytest.mark.parametrize("engine", ["SERIALIZABLE", "AUTOCOMMIT"], indirect=True)


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Site:
    return Site(tmp_path, engine)


def said(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def together(number: int, work: Callable[[], Any]) -> list[Any]:
    """Call `work` `number` times at the same time, each in its own thread."""
    start = Barrier(number)

    def begin(_each: int) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(begin, range(number)))


# -- log in, read, refresh, log out


@pytest.mark.parametrize("user", [7, "7", UUID(int=7), "\u00c5se \ud55c\uae00"])
def test_an_id_of_a_user_comes_back_as_its_text(site: Site, user: Any) -> None:
    site.users[str(user)] = "user"
    found = site.tokens.verify(site.tokens.log_in(user).access)
    assert (found.user_id, found.role) == (str(user), "user")
    assert [login.login_id for login in site.tokens.list(user)] == [found.login_id]


@pytest.mark.parametrize("user", [None, True, 1.5, b"alice", ["alice"], "", "a" * 256, "a\0"])
def test_a_malformed_user_id_is_refused_at_once(site: Site, user: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="user_id"):
        site.tokens.log_in(user)


@pytest.mark.parametrize("role", ["", 1, b"user", "a\0", "a" * 65])
def test_a_malformed_role_is_refused_at_once_and_no_token_is_used_up(site: Site, role: Any) -> None:
    pair = site.tokens.log_in("alice")
    site.users["alice"] = role
    with pytest.raises(ValueError, match="role"):
        site.tokens.log_in("alice")
    with pytest.raises(ValueError, match="role"):
        site.tokens.refresh(pair.refresh)
    site.users["alice"] = "user"
    site.clock.now += 2 * GRACE_S
    assert site.tokens.refresh(pair.refresh).role == "user"
    assert len(site.tokens.list("alice")) == 1


@pytest.mark.parametrize(("name", "issuer"), [("", "https://a.test"), ("a" * 17, "https://a.test"), ("a", "")])
def test_malformed_names_are_refused_at_once(site: Site, engine: Engine, name: str, issuer: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Tokens(site.key_ring, RefreshTokens(engine, name), issuer=issuer, role_of=lambda _id: "user")


def test_a_token_that_would_be_refused_is_not_issued(site: Site, engine: Engine) -> None:
    tokens = Tokens(site.key_ring, RefreshTokens(engine), issuer="a" * 4096, role_of=lambda _id: "user")
    with pytest.raises(ValueError, match="longer"):
        tokens.log_in("alice")
    assert tokens.list("alice") == []


def test_a_decorator_without_its_parentheses_is_refused_at_once(site: Site) -> None:
    with pytest.raises(TypeError):
        site.tokens.required(lambda: "a view")  # type: ignore[arg-type]


@pytest.mark.parametrize("lifetimes", [{"access_s": 0}, {"access_s": 86_401}, {"refresh_s": 1.5}, {"absolute_s": -1}])
def test_lifetimes_that_make_no_sense_are_refused_at_once(site: Site, engine: Engine, lifetimes: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(lifetimes))):
        Tokens(site.key_ring, RefreshTokens(engine), issuer="https://example.org", role_of=lambda _id: "", **lifetimes)


def test_a_page_asks_for_a_login_and_a_role(site: Site) -> None:
    assert said(site.get("/page")) == (401, "no_credentials")
    assert site.get("/page").headers["WWW-Authenticate"] == "Bearer"
    assert said(site.get("/page", "a.b.c")) == (401, "invalid_token")
    assert 'error="invalid_token"' in site.get("/page", "a.b.c").headers["WWW-Authenticate"]
    assert site.get("/page", site.log_in()["access_token"]).get_json()["user"] == "alice"
    assert said(site.get("/admin", site.log_in()["access_token"])) == (403, "forbidden")
    assert site.get("/admin", site.log_in("carol")["access_token"]).text == "for administrators"


def test_neither_token_passes_for_the_other_nor_changed(site: Site) -> None:
    pair = site.log_in()
    access, refresh = pair["access_token"], pair["refresh_token"]
    assert said(site.get("/page", refresh)) == (401, "invalid_token")
    assert said(site.post("/refresh", refresh_token=access)) == (401, "refresh_invalid")
    assert said(site.get("/page", access[:-8] + "AAAAAAAA")) == (401, "invalid_token")
    assert said(site.get("/page", access, refresh[:-8] + "AAAAAAAA")) == (401, "refresh_invalid")


def test_the_four_cases_of_two_expiring_tokens(site: Site) -> None:
    pair = site.log_in()
    both = pair["access_token"], pair["refresh_token"]
    assert "X-Access-Token" not in site.get("/page", *both).headers
    site.clock.now += ACCESS_S
    assert said(site.get("/page", both[0])) == (401, "expired_token")
    served = site.get("/page", *both)
    renewed = served.headers["X-Access-Token"], served.headers["X-Refresh-Token"]
    assert served.get_json()["user"] == site.get("/page", *renewed).get_json()["user"] == "alice"
    site.clock.now += REFRESH_S
    assert said(site.get("/page", *renewed)) == (401, "expired_token")


@however_transactions_begin
def test_a_used_refresh_token_has_one_successor_and_is_a_theft_once_that_is_used_too(site: Site) -> None:
    first = site.log_in()
    second, again = site.refresh(first).get_json(), site.refresh(first).get_json()
    assert second["refresh_token"] == again["refresh_token"]
    third = site.refresh(second).get_json()
    assert said(site.refresh(first)) == (401, "refresh_reused")
    assert said(site.refresh(third)) == (401, "refresh_invalid")


@however_transactions_begin
def test_eight_tabs_refresh_at_once_and_none_is_logged_out(site: Site) -> None:
    pair = site.log_in()
    answers = together(8, lambda: site.refresh(pair))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.get_json()["refresh_token"] for answer in answers}) == 1


@however_transactions_begin
def test_many_log_ins_at_once_all_succeed_and_the_oldest_make_room(site: Site) -> None:
    pairs = together(12, site.log_in)
    assert len({pair["refresh_token"] for pair in pairs}) == 12
    assert len(site.tokens.list("alice")) == 8


def test_a_log_out_ends_the_refresh_tokens_and_with_a_denylist_the_access_token(tmp_path: Path, engine: Engine) -> None:
    for denylist, left in ((None, 200), (Denied(), 401)):
        site = Site(tmp_path, engine, denylist)
        pair = site.log_in()
        assert [site.log_out(pair).status_code for _ in range(2)] == [204, 204]
        assert said(site.refresh(pair)) == (401, "refresh_invalid")
        assert site.get("/page", pair["access_token"]).status_code == left


def test_two_tokens_of_two_logins_end_both_and_refresh_neither(site: Site) -> None:
    first, second = site.log_in(), site.log_in()
    mixed = {"access": first["access_token"], "refresh": second["refresh_token"]}
    site.clock.now += ACCESS_S
    assert said(site.get("/page", *mixed.values())) == (401, "refresh_invalid")
    assert site.post("/logout", **mixed).status_code == 204
    assert [said(site.refresh(pair)) for pair in (first, second)] == [(401, "refresh_invalid")] * 2


def test_a_log_out_that_proves_no_login_is_refused(site: Site) -> None:
    assert said(site.post("/logout")) == (401, "no_credentials")
    assert said(site.post("/logout", access="a.b.c")) == (401, "invalid_token")
    assert said(site.post("/logout", refresh="a.b.c")) == (401, "refresh_invalid")


# -- ordinary Flask beside it


def test_flask_session_stays_flasks_own(site: Site) -> None:
    """So flash(), CSRF tokens and Flask-Login work before a log-in, without any query."""
    assert site.get("/public").get_json() == {"user": None, "messages": ["hello"], "flask": []}
    assert site.get("/public", site.log_in()["access_token"]).get_json()["user"] == "alice"
    assert site.get("/public", "a.b.c").get_json()["user"] is None


def test_a_whole_blueprint_is_guarded_by_one_line(site: Site) -> None:
    protected = Blueprint("protected", __name__, url_prefix="/protected")
    protected.before_request(site.tokens.required(role="admin")(lambda: None))
    protected.add_url_rule("/", view_func=lambda: "protected")
    site.app.register_blueprint(protected)
    assert said(site.get("/protected/")) == (401, "no_credentials")
    assert site.get("/protected/", site.log_in("carol")["access_token"]).text == "protected"


def test_the_application_may_answer_errors_in_its_own_way(site: Site) -> None:
    site.app.register_error_handler(NoCredentials, lambda _error: ("log in first", 303))
    assert site.get("/page").status_code == 303


@pytest.mark.parametrize("pool", [StaticPool, NullPool])
def test_an_engine_keeps_its_settings(tmp_path: Path, pool: Any) -> None:
    """With one connection for all threads, or a new one each time, and without the lab's settings."""
    at = "sqlite://" if pool is StaticPool else f"sqlite:///{tmp_path / 'app.db'}"
    engine = create_engine(at, poolclass=pool, connect_args={"check_same_thread": False})
    with engine.connect() as connection:
        before = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
    site = Site(tmp_path, engine)
    assert site.refresh(site.log_in()).status_code == 200
    with engine.connect() as connection:
        after = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
    engine.dispose()
    assert after == before


# -- a user's logins


def test_one_login_or_all_of_them_are_ended_by_the_users_id(site: Site) -> None:
    pairs = [site.log_in(7) for _ in range(3)]
    ids = [site.tokens.verify(pair["access_token"]).login_id for pair in pairs]
    assert not site.tokens.end("alice", ids[0])
    assert site.tokens.end(7, ids[0])
    assert not site.tokens.end(7, ids[0])
    assert [site.refresh(pair).status_code for pair in pairs] == [401, 200, 200]
    site.tokens.end_all(7)
    assert site.tokens.list(7) == []


def test_a_user_who_is_gone_is_logged_in_and_refreshed_no_more(site: Site) -> None:
    pair = site.log_in()
    del site.users["alice"]
    assert said(site.refresh(pair)) == (401, "refresh_invalid")
    assert said(site.post("/login", user="alice")) == (401, "invalid_credentials")
    site.users["alice"] = "user"
    assert site.tokens.list("alice") == []


def test_a_user_disabled_at_the_moment_of_the_log_in_has_no_login(site: Site) -> None:
    """If the role were read before the login is stored, an `end_all` in between would miss the login."""
    site.users.then = lambda: site.tokens.end_all("alice")
    pair = site.log_in()
    site.users.then = None
    assert said(site.refresh(pair)) == (401, "refresh_invalid")


def test_another_role_counts_at_the_next_refresh_and_with_a_denylist_at_once(tmp_path: Path, engine: Engine) -> None:
    for denylist, left in ((None, 200), (Denied(), 401)):
        site = Site(tmp_path, engine, denylist)
        pair = site.log_in("carol")
        site.users["carol"] = "user"
        site.tokens.set_role("carol", "user")
        assert site.get("/admin", pair["access_token"]).status_code == left
        assert site.tokens.verify(site.refresh(pair).get_json()["access_token"]).role == "user"


# -- faults


@however_transactions_begin
def test_users_that_cannot_be_read_leave_nothing_half_done(site: Site) -> None:
    pair = site.log_in()
    site.users.broken = True
    assert (site.post("/login", user="alice").status_code, site.refresh(pair).status_code) == (500, 500)
    site.users.broken = False
    site.clock.now += 2 * GRACE_S
    assert len(site.tokens.list("alice")) == 1
    assert site.refresh(pair).status_code == 200


def test_a_locked_database_is_a_503_and_pages_need_none(tmp_path: Path, make_engine: Callable[..., Engine]) -> None:
    site = Site(tmp_path, make_engine(connect_args={"timeout": 0}))
    pair = site.log_in()
    with make_engine().connect() as other:
        other.execute(text("DELETE FROM refresh_tokens WHERE 0"))
        for refused in (site.refresh(pair), site.post("/login", user="alice")):
            assert said(refused) == (503, "store_unavailable")
            assert refused.headers["Retry-After"] == "1"
        assert site.get("/page", pair["access_token"]).status_code == 200
    assert site.refresh(pair).status_code == 200


def test_a_commit_that_fails_changes_nothing_and_keeps_no_lock(
    tmp_path: Path, make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(connect_args={"timeout": 0})
    site = Site(tmp_path, engine)
    pair = site.log_in()

    def disk_is_full(_connection: Any) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(engine.dialect, "do_commit", disk_is_full)
        assert said(site.refresh(pair)) == (503, "store_unavailable")
    site.clock.now += 2 * GRACE_S
    with make_engine(connect_args={"timeout": 0}).begin() as other:
        other.execute(text("DELETE FROM refresh_tokens WHERE 0"))
    assert site.refresh(pair).status_code == 200


# -- keys


def test_a_new_key_signs_and_a_revoked_one_opens_nothing(site: Site) -> None:
    pair = site.log_in()
    before = site.key_ring.current().active.kid
    site.key_ring.rotate("EdDSA")
    assert site.get("/page", pair["access_token"]).status_code == 200
    assert site.get("/page", site.log_in()["access_token"]).status_code == 200
    site.key_ring.revoke(before)
    assert said(site.get("/page", pair["access_token"])) == (401, "invalid_token")
