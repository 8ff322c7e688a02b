"""What the store says no to, and what is said of it in the log."""

import logging
from time import sleep
from urllib.parse import urlsplit

import pytest
from flask import Flask

from session_auth.errors import StoreUnavailable
from session_auth.store_client.server import PAUSE_S
from tests.conftest import MakeApp
from tests.support.faulty_store import FaultyStore
from tests.support.session_probe import credential_of, let_in
from tests.support.visitor import Visitor


@pytest.fixture
def app(make_app: MakeApp, faulty: FaultyStore) -> Flask:
    return make_app(redis_url=faulty.url)


def test_a_store_that_only_refuses_a_command_still_answers_the_others(app: Flask, faulty: FaultyStore) -> None:
    """A refusal used to count as silence, so that the readers after it were turned away as well."""
    alice, connection = let_in(app), credential_of(app)._store._store
    faulty.refuse()
    assert alice.get("profile").status_code == 503
    faulty.heal()
    sleep(PAUSE_S)  # then the next command is sent
    with pytest.raises(StoreUnavailable) as refused:
        connection.command("NO-SUCH-COMMAND")
    assert str(refused.value).startswith("The session store refuses commands.")
    assert alice.who() == "alice"


def test_a_wrong_password_for_the_store_is_a_503_that_repeats_no_secret(
    make_app: MakeApp, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY 22, faults."""
    parts = urlsplit(store_url)
    wrong = parts._replace(netloc=f"nobody:wrong-secret@{parts.hostname}:{parts.port or 6379}").geturl()
    caplog.set_level(logging.DEBUG)
    app = make_app(redis_url=wrong)
    alice = Visitor(app, "session")
    alice.set_cookie("sid", "A" * 43)
    for response in (alice.get("profile"), alice.try_login("alice"), alice.client.get("/readyz")):
        assert (response.status_code, response.get_json()["code"]) == (503, "store_unavailable")
        assert "secret" not in response.get_data(as_text=True)
    assert Visitor(app, "token").login("alice").who() == "alice"
    assert "AuthenticationError" in caplog.text
    assert "secret" not in caplog.text


def test_a_fault_is_logged_once_and_not_for_every_request(
    app: Flask, faulty: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    alice = let_in(app)
    faulty.refuse()
    for _ in range(3):
        alice.get("profile")
        sleep(PAUSE_S)  # then the next request tries the store again
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the store does not answer" in caplog.text
