"""The trace says which key a token names by its kid, and what became of it: found, unknown or revoked."""

import json
from collections.abc import Callable

import pytest
from flask import Flask

from service.config import Config
from tests.conftest import Clock
from tests.support.forge import Forge, header_of, hs256
from tests.support.visitor import Visitor
from token_auth import key_ring
from token_auth.key_ring import KeyRing

pytestmark = pytest.mark.any_store


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes look at the file on every request: these tests are not about how often they do."""
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)


def told(app: Flask, token: str, status: int) -> list[str]:
    """Send the token; return what the node verified, in its own words."""
    headers = {"Authorization": f"Bearer {token}", "X-Lab-Trace": "1"}
    response = app.test_client().get("/token/profile", headers=headers)
    assert response.status_code == status
    return [step["what"] for step in json.loads(response.headers["X-Lab-Trace"]) if step["part"] == "verify"]


Change = Callable[[KeyRing, str], object]
CHANGES: dict[str, tuple[Change, int, str]] = {
    "active": (lambda ring, kid: None, 200, "key found, signature and claims"),
    "retired": (lambda ring, kid: ring.rotate(), 200, "key found, signature and claims"),
    "revoked": (lambda ring, kid: ring.revoke(kid), 401, "revoked, refused"),
    "deleted": (lambda ring, kid: (ring.revoke(kid), ring.delete(kid)), 401, "unknown, refused"),
}


@pytest.mark.parametrize(("change", "status", "said"), CHANGES.values(), ids=CHANGES)
def test_the_trace_names_the_key_and_what_became_of_it(
    app: Flask, config: Config, clock: Clock, change: Change, status: int, said: str
) -> None:
    alice, ring = Visitor(app, "token").login("alice"), KeyRing(config.key_ring_file, now=clock)
    kid = header_of(alice.access or "")["kid"]
    change(ring, kid)
    assert told(app, alice.access or "", status) == [f"at+jwt kid {kid} → {said}"]


def test_the_trace_of_a_refresh_names_the_key_too(app: Flask) -> None:
    alice = Visitor(app, "token").login("alice")
    kid = header_of(alice.refresh_token or "")["kid"]
    refreshed = alice.refresh(headers={"X-Lab-Trace": "1"})
    steps = [step["what"] for step in json.loads(refreshed.headers["X-Lab-Trace"])]
    assert f"rt+jwt kid {kid} → key found, signature and claims" in steps


def test_a_token_without_a_kid_is_refused_and_no_key_is_tried(app: Flask, config: Config) -> None:
    alice, forge = Visitor(app, "token").login("alice"), Forge(config.key_ring_file)
    genuine_but_for_its_kid = forge.with_header(alice.access or "", without="kid")
    assert told(app, genuine_but_for_its_kid, 401) == ["at+jwt without a kid → refused, no key is tried"]


def test_the_trace_says_when_the_header_and_not_the_signature_was_the_reason(app: Flask) -> None:
    alice = Visitor(app, "token").login("alice")
    kid = header_of(alice.refresh_token or "")["kid"]
    assert told(app, alice.refresh_token or "", 401) == [
        f"at+jwt kid {kid} → key found, but another alg or typ, refused"
    ]


@pytest.mark.parametrize("kid", ["k-00000000", "../keys.json", "\r\nX-Evil: 1", "한글", "k" * 500])
def test_an_unknown_kid_is_told_shortened_and_breaks_no_header(app: Flask, kid: str) -> None:
    token = hs256({"alg": "HS256", "kid": kid, "typ": "at+jwt"}, {"sub": "alice"}, b"k" * 32)
    assert told(app, token, 401) == [f"at+jwt kid {kid[:20]} → unknown, refused"]


@pytest.mark.parametrize("header", [b"", b"[]", b"null", b"{", b'{"kid":1}', b'{"kid":["k"]}', b"[" * 2000])
def test_a_header_that_names_no_key_is_told_so(app: Flask, header: bytes) -> None:
    assert told(app, hs256(header, b"{}", b"k" * 32), 401) == ["at+jwt without a kid → refused, no key is tried"]
