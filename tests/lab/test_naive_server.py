"""The naive server has its hole, and the lab does not: what either issues opens nothing of the other."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import inspect
from werkzeug.test import TestResponse

from lab.naive_server.tokens import ACCESS_S, REFRESH_S
from tests.conftest import Clock, MakeApp, MakeConfig, MakeVisitor
from tests.support.forge import claims_of, header_of
from tests.support.problems import assert_problem
from tests.support.visitor import BY_TOKEN, GUARDED, PASSWORDS


@dataclass
class NaiveClient:
    """A client of the naive server, with the tokens that it holds."""

    app: Flask
    access: str = ""
    refresh: str = ""

    def login(self, username: str = "alice") -> "NaiveClient":
        body = {"username": username, "password": PASSWORDS[username]}
        issued = self.app.test_client().post("/folk/login", json=body).get_json()
        self.access, self.refresh = issued["access_token"], issued["refresh_token"]
        return self

    def get(self) -> TestResponse:
        return self._keep(self.app.test_client().get("/folk/profile", headers=self.headers()))

    def get_by_access_alone(self) -> TestResponse:
        self.refresh = ""
        return self.get()

    def logout(self) -> None:
        assert self.app.test_client().post("/folk/logout", headers=self.headers()).status_code == 204

    def headers(self) -> dict[str, str]:
        carried = {"X-Refresh-Token": self.refresh} if self.refresh else {}
        return {"Authorization": f"Bearer {self.access}", **carried}

    def _keep(self, response: TestResponse) -> TestResponse:
        self.access = response.headers.get("X-Access-Token", self.access)
        self.refresh = response.headers.get("X-Refresh-Token", self.refresh)
        return response


@pytest.fixture
def alice(app: Flask) -> NaiveClient:
    return NaiveClient(app).login()


def attached(response: TestResponse) -> set[str]:
    assert response.status_code == 200, response.text
    assert response.get_json()["member"] == {"username": "alice"}
    return {name for name in ("X-Access-Token", "X-Refresh-Token") if name in response.headers}


def test_both_valid_is_served_with_nothing_attached(alice: NaiveClient) -> None:
    assert attached(alice.get()) == set()


def test_access_expired_is_renewed_by_the_members_refresh_token(alice: NaiveClient, clock: Clock) -> None:
    clock.advance(ACCESS_S)
    assert attached(alice.get()) == {"X-Access-Token"}
    assert attached(alice.get()) == set()


def test_both_expired_is_refused(alice: NaiveClient, clock: Clock) -> None:
    clock.advance(REFRESH_S)
    assert_problem(alice.get(), 401, "expired_token")


def test_a_stolen_access_token_alone_is_given_a_refresh_token(app: Flask, alice: NaiveClient) -> None:
    assert attached(NaiveClient(app, alice.access).get()) == {"X-Refresh-Token"}


def test_so_is_one_beside_another_members_refresh_token(app: Flask, alice: NaiveClient) -> None:
    bob = NaiveClient(app).login("bob")
    assert attached(NaiveClient(app, alice.access, bob.refresh).get()) == {"X-Refresh-Token"}


def test_a_thief_outlives_the_stolen_token_and_the_victims_logout_for_ever(
    app: Flask, alice: NaiveClient, clock: Clock
) -> None:
    thief = NaiveClient(app, alice.access)
    assert attached(thief.get()) == {"X-Refresh-Token"}
    alice.logout()
    for _ in range(20):  # long past the lifetime of all that alice was ever given
        clock.advance(ACCESS_S)
        assert attached(thief.get()) == {"X-Access-Token"}
        assert attached(thief.get_by_access_alone()) == {"X-Refresh-Token"}


def test_the_logout_works_for_what_was_logged_out(alice: NaiveClient, clock: Clock) -> None:
    alice.logout()
    clock.advance(ACCESS_S)
    assert_problem(alice.get(), 401, "expired_token")


def test_whichever_node_answers(make_app: MakeApp, clock: Clock) -> None:
    one, other = make_app(node_name="node-1"), make_app(node_name="node-2")
    thief = NaiveClient(other, NaiveClient(one).login().access)
    assert attached(thief.get()) == {"X-Refresh-Token"}
    thief.app = one
    clock.advance(ACCESS_S)
    assert attached(thief.get()) == {"X-Access-Token"}


@pytest.mark.parametrize("approach", GUARDED)
def test_its_tokens_open_nothing_of_the_lab(app: Flask, alice: NaiveClient, approach: str) -> None:
    client = app.test_client()
    for access, refresh in ((alice.access, alice.refresh), (alice.refresh, alice.access)):
        headers = {"Authorization": f"Bearer {access}", "X-Refresh-Token": refresh}
        assert client.get(f"/{approach}/profile", headers=headers).status_code == 401
        if approach in BY_TOKEN:
            answer = client.post(f"/{approach}/refresh", json={"refresh_token": refresh})
            assert_problem(answer, 401, "refresh_invalid")


@pytest.mark.parametrize("approach", BY_TOKEN)
def test_the_labs_tokens_open_nothing_here(app: Flask, visitor: MakeVisitor, alice: NaiveClient, approach: str) -> None:
    real = visitor(approach).login()
    assert_problem(NaiveClient(app, real.access or "", alice.refresh).get(), 401, "invalid_token")
    alice.refresh = real.refresh_token or ""
    assert attached(alice.get()) == {"X-Refresh-Token"}  # the hole again: it was not taken for one


def test_its_key_and_its_issuer_are_its_own(make_config: MakeConfig, app: Flask, visitor: MakeVisitor) -> None:
    file = make_config().key_ring_file
    secrets = {ring: ring.read_text() for ring in (file, file.with_name(f"folk-{file.name}"))}
    assert len(set(secrets.values())) == 2
    assert (file.with_name(f"folk-{file.name}").stat().st_mode & 0o777) == 0o600
    real, naive = visitor("token").login().access or "", NaiveClient(app).login()
    assert claims_of(real)["iss"] != claims_of(naive.access)["iss"] == claims_of(naive.refresh)["iss"]
    assert "sub" not in claims_of(naive.refresh)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "." * 9, "W" + "1tb" * 2000 + ".e30.AA"])
def test_a_malformed_token_is_refused(app: Flask, alice: NaiveClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1"), "X-Refresh-Token": alice.refresh}
    assert_problem(app.test_client().get("/folk/profile", headers=headers), 401, "invalid_token")


def test_neither_of_its_tokens_passes_for_the_other(app: Flask, alice: NaiveClient) -> None:
    assert_problem(NaiveClient(app, alice.refresh, alice.access).get(), 401, "invalid_token")
    assert attached(NaiveClient(app, alice.access, alice.access).get()) == {"X-Refresh-Token"}
    assert header_of(alice.access)["typ"] == "JWT"


def test_without_an_access_token_nobody_is_let_in(app: Flask, alice: NaiveClient) -> None:
    answer = app.test_client().get("/folk/profile", headers={"X-Refresh-Token": alice.refresh})
    assert_problem(answer, 401, "no_credentials")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="session-or-token"'


def test_what_has_expired_is_kept_no_longer(app: Flask, alice: NaiveClient, clock: Clock) -> None:
    for _ in range(3):
        NaiveClient(app, alice.access).get()
    clock.advance(REFRESH_S)
    NaiveClient(app).login()
    with app.extensions["database"].engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM folk_refresh_tokens").scalar() == 1


def test_outside_a_lab_there_is_neither_server_nor_key_nor_table(
    make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("no-lab")
    app = make_app(lab=False, database_url=f"sqlite:///{folder / 'lab.db'}", key_ring_file=folder / "keys.json")
    client = app.test_client()
    assert client.post("/folk/login", json={"username": "alice", "password": "wonderland"}).status_code == 404
    assert client.get("/folk/profile").status_code == 404
    assert not list(folder.glob("folk-*"))
    assert "folk_refresh_tokens" not in inspect(app.extensions["database"].engine).get_table_names()
