"""The ring in the browser: each move is real, what cannot be done is named, and only those who may press do."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.config import Config
from tests.conftest import MakeApp
from tests.support.forge import header_of
from tests.support.problems import assert_problem
from tests.support.visitor import Visitor
from token_auth import key_ring
from token_auth.key_ring import read_ring
from token_auth.keys import moment

pytestmark = pytest.mark.any_store

CODE = "QRT7WXYZ"
HERE = "http://127.0.0.1:8000"
LAN = "http://192.168.0.7:8000"
STUDENT = "192.168.0.30"
MOVES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/lab/keys", None),
    ("POST", "/lab/keys", {"algorithm": "EdDSA"}),
    ("PUT", "/lab/keys/KID", {"state": "retired"}),
    ("PUT", "/lab/keys/KID", {"state": "revoked"}),
)
DELETE = ("DELETE", "/lab/keys/KID", None)


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request: these tests are not about how often they do."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path) -> Flask:
    """A lab on this machine only."""
    return make_app(control_socket=tmp_path / "nobody")


@pytest.fixture
def lan(make_app: MakeApp, tmp_path: Path) -> Flask:
    """A lab that a classroom reaches."""
    return make_app(control_socket=tmp_path / "nobody", instructor_code=CODE)


@pytest.fixture
def kid(app: Flask) -> str:
    """The key that signs at the start."""
    return str(ring(app)[-1]["kid"])


def press(
    app: Flask, method: str, path: str, fields: Any = None, at: str = HERE, client: str = "127.0.0.1", **kwargs: Any
) -> TestResponse:
    browser = app.test_client(use_cookies=False)
    where = {"base_url": at, "environ_overrides": {"REMOTE_ADDR": client}}
    return browser.open(path, method=method, **({"json": fields} if fields else {}), **where, **kwargs)


def ring(app: Flask) -> list[dict[str, Any]]:
    return list(press(app, "GET", "/lab/keys").get_json()["keys"])


def states(response: TestResponse) -> list[str]:
    return [key["state"] for key in response.get_json()["keys"]]


def login(app: Flask) -> Visitor:
    return Visitor(app, "token").login("alice")


def kid_of(visitor: Visitor) -> str:
    return str(header_of(visitor.access or "")["kid"])


# -- each move, for real


def test_a_rotation_signs_with_a_new_key_and_old_tokens_live(app: Flask) -> None:
    old = login(app)
    rotated = press(app, "POST", "/lab/keys")
    assert (rotated.status_code, states(rotated)) == (201, ["retired", "active"])
    assert kid_of(login(app)) == rotated.get_json()["keys"][-1]["kid"] != kid_of(old)
    assert old.who() == "alice"


def test_only_the_leaked_keys_tokens_die(app: Flask) -> None:
    held = []
    for _ in range(3):
        held.append(login(app))
        press(app, "POST", "/lab/keys")
    revoked = press(app, "PUT", f"/lab/keys/{kid_of(held[1])}", {"state": "revoked"})
    assert (revoked.status_code, states(revoked)) == (200, ["retired", "revoked", "retired", "active"])
    assert [visitor.who() for visitor in held] == ["alice", None, "alice"]


@pytest.mark.parametrize(("state", "who"), [("retired", "alice"), ("revoked", None)])
def test_the_last_key_hands_over_to_a_new_one(app: Flask, kid: str, state: str, who: str | None) -> None:
    old = login(app)
    changed = press(app, "PUT", f"/lab/keys/{kid}", {"state": state})
    assert states(changed) == [state, "active"]
    assert old.who() == who
    assert login(app).who() == "alice"


def test_another_node_follows(app: Flask, make_app: MakeApp, kid: str) -> None:
    other, alice = make_app(node_name="node-2"), login(app)
    press(app, "PUT", f"/lab/keys/{kid}", {"state": "revoked"})
    alice.client = other.test_client()
    assert alice.who() is None


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "HS256"])
def test_a_rotation_takes_an_algorithm(app: Flask, algorithm: str) -> None:
    rotated = press(app, "POST", "/lab/keys", {"algorithm": algorithm})
    assert rotated.get_json()["keys"][-1]["alg"] == algorithm
    alice = login(app)
    assert header_of(alice.access or "")["alg"] == algorithm
    assert alice.who() == "alice"
    published = app.test_client().get("/.well-known/jwks.json").get_json()["keys"]
    assert [key["alg"] for key in published] == ([] if algorithm == "HS256" else [algorithm])


def test_a_revoked_key_is_followed_by_one_of_its_algorithm(app: Flask) -> None:
    active = press(app, "POST", "/lab/keys", {"algorithm": "EdDSA"}).get_json()["keys"][-1]
    revoked = press(app, "PUT", f"/lab/keys/{active['kid']}", {"state": "revoked"})
    assert [key["alg"] for key in revoked.get_json()["keys"]] == ["HS256", "EdDSA", "EdDSA"]


def test_the_history_says_when(app: Flask, kid: str) -> None:
    for _ in range(2):
        press(app, "POST", "/lab/keys")
    press(app, "PUT", f"/lab/keys/{kid}", {"state": "revoked"})
    first, second, third = ring(app)
    assert first["signed_until"] == second["created_at"] <= third["created_at"] == second["signed_until"]
    assert first["revoked_at"] >= third["created_at"]
    assert [key["revoked_at"] for key in (second, third)] == [None, None]
    assert third["signed_until"] is None


# -- what cannot be done


def test_a_key_is_deleted_when_nothing_that_it_signed_is_valid(app: Flask, kid: str) -> None:
    old = login(app)
    refused = press(app, "DELETE", f"/lab/keys/{kid}")
    assert_problem(refused, 409, "key_in_use", naming="Revoke the key first")
    press(app, "PUT", f"/lab/keys/{kid}", {"state": "retired"})
    assert_problem(press(app, "DELETE", f"/lab/keys/{kid}"), 409, "key_in_use")
    assert old.who() == "alice"
    press(app, "PUT", f"/lab/keys/{kid}", {"state": "revoked"})
    assert states(press(app, "DELETE", f"/lab/keys/{kid}")) == ["active"]
    assert_problem(press(app, "DELETE", f"/lab/keys/{kid}"), 404, "unknown_key", naming="no key")
    assert old.who() is None


def test_a_retired_key_says_until_when_it_is_needed(app: Flask, config: Config, kid: str) -> None:
    press(app, "POST", "/lab/keys")
    retired, active = ring(app)
    kept = read_ring(config.key_ring_file).find(kid)
    assert kept is not None
    assert retired["needed_until"] == moment(kept.needed_until_s)
    assert active["needed_until"] is None


@pytest.mark.parametrize("state", ["retired", "revoked"])
@pytest.mark.parametrize("unknown", ["k-nowhere", "..", "K-1", "%00", "k" * 300])
def test_an_unknown_key_is_named(app: Flask, config: Config, unknown: str, state: str) -> None:
    before = read_ring(config.key_ring_file)
    assert_problem(press(app, "PUT", f"/lab/keys/{unknown}", {"state": state}), 404, "unknown_key", naming="no key")
    assert read_ring(config.key_ring_file) == before


def test_a_revoked_key_is_not_retired_again(app: Flask, kid: str) -> None:
    press(app, "PUT", f"/lab/keys/{kid}", {"state": "revoked"})
    before = ring(app)
    assert_problem(press(app, "PUT", f"/lab/keys/{kid}", {"state": "retired"}), 409, "key_revoked", naming=kid)
    assert press(app, "PUT", f"/lab/keys/{kid}", {"state": "revoked"}).status_code == 200  # as asked for: it is
    assert ring(app) == before


@pytest.mark.parametrize("fields", [{}, {"state": "active"}, {"state": None}, {"state": ["revoked"]}, {"state": {}}])
def test_another_state_is_a_mistake(app: Flask, kid: str, fields: Any) -> None:
    """SECURITY 21: an active key is made, not named."""
    before = ring(app)
    assert_problem(press(app, "PUT", f"/lab/keys/{kid}", fields), 400, "bad_request", naming="retired, revoked")
    assert ring(app) == before


@pytest.mark.parametrize("algorithm", ["none", "HS512", "", 1, ["EdDSA"], {}])
def test_another_algorithm_is_a_mistake(app: Flask, algorithm: Any) -> None:
    """SECURITY 1."""
    refused = press(app, "POST", "/lab/keys", {"algorithm": algorithm})
    assert_problem(refused, 400, "bad_request", naming="HS256, EdDSA, ES256, RS256")
    assert len(ring(app)) == 1


@pytest.mark.parametrize(("method", "path", "fields"), [*MOVES, DELETE])
def test_a_torn_file_is_a_503_and_the_last_good_ring_stays(
    app: Flask, config: Config, kid: str, caplog: pytest.LogCaptureFixture, method: str, path: str, fields: Any
) -> None:
    """Faults: key ring file torn."""
    alice = login(app)
    config.key_ring_file.write_text("{")
    refused = press(app, method, path.replace("KID", kid), fields)
    assert_problem(refused, 503, "key_ring_unusable", naming="Nothing was changed")
    assert str(config.key_ring_file) not in refused.get_data(as_text=True)
    assert "is not a key ring" in caplog.text
    assert alice.who() == "alice"


# -- who may look, who may press


def test_no_secret_is_ever_sent(app: Flask, config: Config) -> None:
    """SECURITY 22."""
    for algorithm in ("EdDSA", "ES256", "RS256", "HS256"):
        press(app, "POST", "/lab/keys", {"algorithm": algorithm})
    known = {"kid", "alg", "state", "created_at", "signed_until", "revoked_at", "needed_until"}
    assert [key.keys() for key in ring(app)] == [known] * 5
    said = "".join(press(app, "GET", path).get_data(as_text=True) for path in ("/lab/keys", "/keys"))
    for key in read_ring(config.key_ring_file).keys:
        assert not [name for name in ("k", "d", "x", "n") if key.jwk.get(name, "\0") in said]


@pytest.mark.parametrize(("method", "path", "fields"), [*MOVES, DELETE])
def test_another_sites_page_presses_nothing(app: Flask, kid: str, method: str, path: str, fields: Any) -> None:
    """SECURITY 20."""
    before = ring(app)
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        assert press(app, method, path.replace("KID", kid), fields, headers=headers).status_code == 403
    form = {"data": "state=revoked", "content_type": "text/plain"}
    assert press(app, method, path.replace("KID", kid), **form).status_code == 415
    assert ring(app) == before


def test_another_name_of_this_machine_shows_nothing(app: Flask) -> None:
    """SECURITY 20: DNS rebinding."""
    for path in ("/lab/keys", "/keys"):
        assert_problem(press(app, "GET", path, headers={"Host": "evil.example"}), 403, "foreign_host")


def test_on_a_lan_deleting_takes_the_code_too(lan: Flask) -> None:
    """SECURITY 20."""
    kid = ring(lan)[0]["kid"]
    press(lan, "PUT", f"/lab/keys/{kid}", {"state": "revoked"})
    assert_problem(press(lan, "DELETE", f"/lab/keys/{kid}", None, LAN, STUDENT), 403, "code_needed")
    assert ring(lan)[0]["kid"] == kid


@pytest.mark.parametrize(("method", "path", "fields"), MOVES)
def test_on_a_lan_pressing_takes_the_code(lan: Flask, method: str, path: str, fields: Any) -> None:
    """SECURITY 20."""
    path = path.replace("KID", str(ring(lan)[0]["kid"]))
    before = ring(lan)
    assert_problem(press(lan, method, path, fields, LAN, STUDENT), 403, "code_needed")
    wrong = {"X-Instructor-Code": "AAAAAAAA"}
    assert_problem(press(lan, method, path, fields, LAN, STUDENT, headers=wrong), 403, "wrong_code")
    assert ring(lan) == before
    entered = press(lan, "POST", "/lab/code", {"code": CODE}, LAN, STUDENT)
    proof = {"Cookie": entered.headers["Set-Cookie"].split(";")[0]}
    assert press(lan, method, path, fields, LAN, STUDENT, headers=proof).status_code in (200, 201)
    assert ring(lan) != before


def test_on_a_lan_looking_is_free(lan: Flask) -> None:
    assert [press(lan, "GET", path, None, LAN, STUDENT).status_code for path in ("/keys", "/lab/keys")] == [200, 200]


def test_outside_a_lab_there_is_no_such_page(make_app: MakeApp, tmp_path: Path) -> None:
    """SECURITY 20."""
    app = make_app(lab=False, control_socket=tmp_path / "nobody")
    statuses = [press(app, "GET", path).status_code for path in ("/keys", "/lab/keys")]
    assert [*statuses, press(app, "POST", "/lab/keys").status_code] == [404] * 3


def test_a_lab_leads_to_the_page(app: Flask) -> None:
    home = press(app, "GET", "/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert 'href="/keys"' in home
