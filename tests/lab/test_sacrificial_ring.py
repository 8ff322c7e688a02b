"""A leaked key forges, until it is revoked; what a sacrificial ring signs opens nothing else in the lab."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect
from werkzeug.test import TestResponse

from lab.sacrificial_ring import rings
from lab.sacrificial_ring.rings import MOST_KEYS
from service.config import DAY_S
from tests.conftest import Clock, MakeApp, MakeConfig, MakeVisitor
from tests.support.forge import claims_of, header_of, hs256, unb64
from tests.support.problems import assert_problem
from tests.support.visitor import BY_TOKEN, GUARDED
from token_auth.key_ring import read_ring
from token_auth.keys import CLOCK_SKEW_S, SIGNS_LATE_S

pytestmark = pytest.mark.any_store


class Sacrifice:
    """A visitor's ring."""

    def __init__(self, app: Flask, **fields: object) -> None:
        self.app = app
        told = app.test_client().post("/sacrifice", json=fields)
        assert told.status_code == 201, told.text
        self.path = f"/sacrifice/{told.get_json()['ring']}"
        self.issuer = told.get_json()["issuer"]

    @property
    def keys(self) -> list[dict[str, Any]]:
        return list(self.app.test_client().get(self.path).get_json()["keys"])

    @property
    def active(self) -> str:
        return str(self.keys[-1]["kid"])

    def ask(self, method: str, path: str, **fields: object) -> TestResponse:
        return self.app.test_client().open(f"{self.path}/{path}", method=method, json=fields)

    def rotate(self) -> None:
        assert self.ask("POST", "keys").status_code == 201

    def revoke(self, kid: str) -> None:
        assert self.ask("PUT", f"keys/{kid}", state="revoked").status_code == 200

    def login(self, username: str = "alice") -> str:
        return str(self.ask("POST", "tokens", username=username).get_json()["token"])

    def secret_of(self, kid: str) -> bytes:
        return unb64(self.ask("POST", f"keys/{kid}/leak").get_json()["k"])

    def forge(self, kid: str, header: dict[str, Any] | None = None, **claims: object) -> str:
        """Sign with the leaked secret of `kid`, as the visitor's browser does."""
        now = int(self.app.extensions["clock"]())
        said = {"iss": self.issuer, "sub": "mallory", "role": "admin", "iat": now, "exp": now + 60, **claims}
        return hs256(header or {"alg": "HS256", "kid": kid}, said, self.secret_of(kid))

    def open(self, token: str, page: str = "profile") -> TestResponse:
        headers = {"Authorization": f"Bearer {token}", "X-Lab-Trace": "1"}
        return self.app.test_client().get(f"{self.path}/{page}", headers=headers)


@pytest.fixture
def app(make_app: MakeApp, clock: Clock) -> Flask:
    app = make_app()
    app.extensions["clock"] = clock
    return app


@pytest.fixture
def ring(app: Flask) -> Sacrifice:
    return Sacrifice(app)


def verified(response: TestResponse) -> list[str]:
    """Return what the node verified, in its own words."""
    return [step["what"] for step in json.loads(response.headers["X-Lab-Trace"]) if step["part"] == "verify"]


# -- what leaks, and what ends it


def test_a_leaked_key_makes_an_admin_until_it_is_revoked_and_the_other_keys_tokens_live_on(ring: Sacrifice) -> None:
    alice = ring.login("alice")
    ring.rotate()
    bob, leaked = ring.login("bob"), ring.active
    forged = ring.forge(leaked)
    let_in = ring.open(forged, "admin")
    assert let_in.status_code == 200
    assert let_in.get_json()["member"] == {"username": "mallory", "role": "admin"}
    ring.revoke(leaked)
    for token in (forged, bob):
        refused = ring.open(token)
        assert_problem(refused, 401, "invalid_token")
        assert verified(refused) == [f"kid {leaked} → revoked"]
    assert ring.open(alice).get_json()["member"] == {"username": "alice", "role": "user"}
    assert_problem(ring.open(alice, "admin"), 403, "forbidden")


def test_nobody_forges_without_the_secret(ring: Sacrifice) -> None:
    header, claims = header_of(ring.login()), claims_of(ring.login())
    forged = hs256(header, {**claims, "role": "admin"}, b"k" * 32)
    assert_problem(ring.open(forged), 401, "invalid_token", naming="No key")


def test_a_ring_shows_no_secret_but_of_the_key_that_is_asked_to_leak(ring: Sacrifice) -> None:
    kid = ring.active
    assert all("k" not in key and "jwk" not in key for key in ring.keys)
    assert len(ring.secret_of(kid)) == 32
    assert_problem(ring.ask("POST", "keys/k-nowhere/leak"), 404, "unknown_key", naming="k-nowhere")


@pytest.mark.parametrize("approach", GUARDED)
def test_its_tokens_open_nothing_of_the_lab(app: Flask, ring: Sacrifice, approach: str) -> None:
    for typ in ("JWT", "at+jwt", "rt+jwt"):
        header = {"alg": "HS256", "kid": ring.active, "typ": typ}
        token = ring.forge(ring.active, header, iss="urn:session-or-token", aud=approach, jti="1", login_id="1")
        headers = {"Authorization": f"Bearer {token}", "X-Refresh-Token": token}
        assert app.test_client().get(f"/{approach}/profile", headers=headers).status_code == 401
        if approach in BY_TOKEN:
            answer = app.test_client().post(f"/{approach}/refresh", json={"refresh_token": token})
            assert_problem(answer, 401, "refresh_invalid")
        assert app.test_client().get("/folk/profile", headers=headers).status_code == 401


def test_the_labs_tokens_open_nothing_here(app: Flask, ring: Sacrifice, visitor: MakeVisitor) -> None:
    assert_problem(ring.open(visitor("token").login().access or ""), 401, "invalid_token")


def test_each_visitor_has_a_ring_that_opens_no_other(app: Flask, ring: Sacrifice) -> None:
    other = Sacrifice(app)
    assert other.issuer != ring.issuer
    assert_problem(other.open(ring.login()), 401, "invalid_token")
    kid = other.active
    same_secret = hs256({"alg": "HS256", "kid": kid}, claims_of(ring.login()), other.secret_of(kid))
    assert_problem(other.open(same_secret), 401, "invalid_token", naming="another ring")


def test_the_labs_keys_are_never_in_it(app: Flask, ring: Sacrifice, make_config: MakeConfig) -> None:
    """SECURITY 22: the secret that is shown is not the lab's."""
    real = {key.kid: key.jwk["k"] for key in read_ring(make_config().key_ring_file).keys}
    for kid, secret in real.items():
        assert_problem(ring.ask("POST", f"keys/{kid}/leak"), 404, "unknown_key")
        assert unb64(secret) != ring.secret_of(ring.active)


def test_another_node_knows_the_ring_at_once(app: Flask, make_app: MakeApp, ring: Sacrifice) -> None:
    token, leaked = ring.login(), ring.active
    ring.app = make_app(node_name="node-2")
    assert ring.open(token).status_code == 200
    ring.revoke(leaked)
    ring.app = app
    assert ring.open(token).status_code == 401


# -- a token that does not name its key


def tried(response: TestResponse) -> list[str]:
    return [what.removeprefix("HMAC with ") for what in verified(response) if what.startswith("HMAC")]


@pytest.mark.parametrize("count", [1, 3, MOST_KEYS])
def test_without_a_kid_every_key_is_tried_until_one_fits(ring: Sacrifice, count: int) -> None:
    for _ in range(count - 1):
        ring.rotate()
    kids = [key["kid"] for key in ring.keys]
    unnamed = {"alg": "HS256", "typ": "JWT"}
    assert tried(ring.open(ring.forge(kids[-1]))) == [kids[-1]]
    assert tried(ring.open(ring.forge(kids[0]))) == [kids[0]]  # by its name the oldest costs no more
    assert tried(ring.open(ring.forge(kids[-1], unnamed))) == [kids[-1]]
    assert tried(ring.open(ring.forge(kids[0], unnamed))) == kids[::-1]
    refused = ring.open(hs256(unnamed, {}, b"k" * 32))
    assert (refused.status_code, tried(refused)) == (401, kids[::-1])
    assert tried(ring.open(hs256({"alg": "HS256", "kid": "k-00000000"}, {}, b"k" * 32))) == []


def test_a_revoked_key_is_not_tried(ring: Sacrifice) -> None:
    leaked = ring.active
    forged = ring.forge(leaked, {"alg": "HS256", "typ": "JWT"})
    ring.revoke(leaked)
    refused = ring.open(forged)
    assert (refused.status_code, tried(refused)) == (401, [ring.active])


# -- keys are added, changed and deleted


def test_a_retired_key_is_deleted_when_nothing_that_it_signed_can_be_alive(app: Flask, clock: Clock) -> None:
    ring = Sacrifice(app, tokens_live_s=4)
    old, token = ring.active, ring.login()
    ring.rotate()
    retired, active = ring.keys
    assert retired["needed_until"] == pytest.approx(clock() + 4 + SIGNS_LATE_S + CLOCK_SKEW_S)
    assert active["needed_until"] is None
    clock.advance(4)
    assert_problem(ring.open(token), 401, "expired_token")
    assert_problem(ring.ask("DELETE", f"keys/{old}"), 409, "key_in_use")
    clock.advance(SIGNS_LATE_S + CLOCK_SKEW_S + 1)
    assert [key["kid"] for key in ring.keys] == [active["kid"]]
    assert verified(ring.open(token)) == [f"kid {old} → unknown"]


def test_a_retired_key_forges_only_what_is_dated_back_and_a_revoked_one_nothing(ring: Sacrifice, clock: Clock) -> None:
    old, before = ring.active, int(clock())
    ring.rotate()
    clock.advance(SIGNS_LATE_S + 1)
    assert_problem(ring.open(ring.forge(old)), 401, "invalid_token", naming="did not sign at that time")
    assert ring.open(ring.forge(old, iat=before, exp=before + 60)).status_code == 200
    ring.revoke(old)
    assert ring.open(ring.login()).status_code == 200
    assert ring.ask("DELETE", f"keys/{old}").status_code == 200
    assert old not in [key["kid"] for key in ring.keys]


def test_no_forged_token_outlives_what_the_deletion_counts_on(app: Flask, clock: Clock) -> None:
    ring = Sacrifice(app, tokens_live_s=4)
    for lives_s in (0, -1, 5, 10**9):
        claims = {"iat": int(clock()), "exp": int(clock()) + lives_s}
        assert_problem(ring.open(ring.forge(ring.active, **claims)), 401, "invalid_token", naming="lives too long")
    future = int(clock()) + CLOCK_SKEW_S + 1
    assert_problem(ring.open(ring.forge(ring.active, iat=future, exp=future + 1)), 401, "invalid_token")


# -- bad input, and its fence


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "é", "." * 9, "W" + "1tb" * 2000 + ".e30.AA", "e30.e30.", "bnVsbA.e30.AA"]
)
def test_a_malformed_token_is_refused(ring: Sacrifice, token: str) -> None:
    assert_problem(ring.open(token.encode().decode("latin-1")), 401, "invalid_token")


Header = dict[str, Any]


@pytest.mark.parametrize("header", [{}, {"alg": "none"}, {"alg": ["HS256"]}, {"alg": "HS256", "kid": 1}])
def test_a_header_must_say_hs256(ring: Sacrifice, header: Header) -> None:
    assert_problem(ring.open(hs256(header, claims_of(ring.login()), ring.secret_of(ring.active))), 401, "invalid_token")


@pytest.mark.parametrize("without", ["iss", "sub", "role", "iat", "exp"])
def test_a_missing_claim_is_named(ring: Sacrifice, without: str) -> None:
    claims = {name: value for name, value in claims_of(ring.login()).items() if name != without}
    token = hs256({"alg": "HS256", "kid": ring.active}, claims, ring.secret_of(ring.active))
    assert_problem(ring.open(token), 401, "invalid_token", naming=without)


def test_no_token_and_no_ring_are_told_apart(app: Flask, ring: Sacrifice) -> None:
    assert_problem(app.test_client().get(f"{ring.path}/profile"), 401, "no_credentials")
    for path in ("/sacrifice/nowhere", "/sacrifice/nowhere/profile"):
        headers = {"Authorization": f"Bearer {ring.login()}"}
        assert_problem(
            app.test_client().get(path, headers=headers), 404, "not_found", naming="no such sacrificial ring"
        )


Ask = Callable[[Sacrifice], TestResponse]
BAD: dict[str, tuple[Ask, int]] = {
    "state": (lambda ring: ring.ask("PUT", f"keys/{ring.active}", state="active"), 400),
    "states": (lambda ring: ring.ask("PUT", f"keys/{ring.active}", state=["revoked"]), 400),
    "key": (lambda ring: ring.ask("PUT", "keys/k-nowhere", state="revoked"), 404),
    "deleted": (lambda ring: ring.ask("DELETE", "keys/k-nowhere"), 404),
    "name": (lambda ring: ring.ask("POST", "tokens", username=""), 400),
    "surrogate": (lambda ring: ring.ask("POST", "tokens", username="\ud800"), 400),
    "lifetime": (lambda ring: ring.app.test_client().post("/sacrifice", json={"tokens_live_s": DAY_S + 1}), 400),
}


@pytest.mark.parametrize(("ask", "status"), BAD.values(), ids=BAD)
def test_what_cannot_be_done_is_said(ring: Sacrifice, ask: Ask, status: int) -> None:
    before = ring.keys
    assert ask(ring).status_code == status
    assert ring.keys == before


def test_a_visitor_can_make_only_so_much(app: Flask, ring: Sacrifice, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 33."""
    most = 3
    monkeypatch.setattr(rings, "MOST_RINGS", most)
    for _ in range(MOST_KEYS - 1):
        ring.rotate()
    assert_problem(ring.ask("POST", "keys"), 400, "bad_request", naming=f"at most {MOST_KEYS} keys")
    for _ in range(most):
        newest = Sacrifice(app)
    with app.extensions["database"].engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sacrificial_rings").scalar() == most
    assert newest.open(newest.login()).status_code == 200
    assert_problem(app.test_client().get(ring.path), 404, "not_found")


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_other_sites_page_makes_a_ring(app: Flask, headers: dict[str, str]) -> None:
    """SECURITY 20."""
    assert app.test_client().post("/sacrifice", json={}, headers=headers).status_code == 403


def test_outside_a_lab_there_is_neither_route_nor_table(
    make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("no-lab")
    app = make_app(lab=False, database_url=f"sqlite:///{folder / 'lab.db'}", key_ring_file=folder / "keys.json")
    assert app.test_client().post("/sacrifice", json={}).status_code == 404
    assert "sacrificial_rings" not in inspect(app.extensions["database"].engine).get_table_names()
