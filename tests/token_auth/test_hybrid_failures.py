"""When the denylist cannot be written or read: nobody let in by that, and a second try finishes the first."""

import pytest

from service.errors import StoreUnavailable
from tests.conftest import MakeApp, MakeVisitor
from tests.support.visitor import Visitor
from tests.token_auth.test_hybrid import Nodes, everywhere, login_id
from token_auth.blueprint.stores import RedisDenylist


@pytest.fixture
def nodes(make_app: MakeApp) -> Nodes:
    return make_app(node_name="node-1"), make_app(node_name="node-2")


def test_without_a_store_hybrid_says_so_and_token_goes_on(make_app: MakeApp) -> None:
    """Faults: store refuses."""
    app = make_app(redis_url="redis://127.0.0.1:9")
    token, hybrid = Visitor(app, "token").login("alice"), Visitor(app, "hybrid").login("alice")
    broken = hybrid.get("profile")
    assert (broken.status_code, broken.get_json()["code"]) == (503, "store_unavailable")
    assert "Retry-After" in broken.headers
    assert token.who() == "alice"
    assert token.refresh().status_code == 200
    assert token.post("logout").status_code == 204


def failing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store fail the next time that a login is to be denied."""
    deny = RedisDenylist.deny

    def fail(_denylist: RedisDenylist, _login_id: str, _ttl_s: int) -> None:
        monkeypatch.setattr(RedisDenylist, "deny", deny)
        raise StoreUnavailable

    monkeypatch.setattr(RedisDenylist, "deny", fail)


@pytest.mark.parametrize("what", ["set-password", "disable"])
def test_a_change_that_did_not_reach_the_store_reaches_it_when_it_is_made_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The second run found no live login any more, and denied none."""
    alice = Visitor(nodes[0], "hybrid").login("alice")
    failing_once(monkeypatch)
    make = lambda: nodes[0].test_cli_runner().invoke(args=["members", what, "alice"], input="looking through glass\n")  # noqa: E731
    failed = make()
    assert failed.exit_code == 1
    assert "run it again" in failed.output
    assert alice.refresh().get_json()["code"] == "refresh_invalid"  # as far as it went, it went
    assert make().exit_code == 0
    assert everywhere(nodes, alice) == {None}


@pytest.mark.parametrize("end", ["logins/{}", "logins"])
def test_ending_logins_without_a_store_can_be_tried_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The second try answered 404, and the access token lived on."""
    alice, here = (Visitor(nodes[0], "hybrid").login("alice") for _ in range(2))
    failing_once(monkeypatch)
    assert here.delete(end.format(login_id(alice))).status_code == 503
    assert here.delete(end.format(login_id(alice))).status_code == 204
    assert everywhere(nodes, alice) == {None}


def test_a_logout_without_a_store_can_be_tried_again(visitor: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = visitor("hybrid").login("alice")
    failing_once(monkeypatch)
    assert alice.post("logout").status_code == 503
    assert alice.post("logout").status_code == 204
    assert alice.who() is None


def test_a_reuse_that_could_not_be_denied_is_denied_when_the_token_comes_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The family was revoked, and the thief's access token lived on: the second try found no live family to deny."""
    alice = Visitor(nodes[0], "hybrid").login("alice")
    used = alice.refresh_token
    alice.refresh()
    alice.refresh()
    failing_once(monkeypatch)
    replay = {"refresh_token": used}
    assert alice.client.post("/hybrid/refresh", json=replay).status_code == 503
    assert alice.client.post("/hybrid/refresh", json=replay).status_code == 401
    assert everywhere(nodes, alice) == {None}
