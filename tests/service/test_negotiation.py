"""JSON or HTML, by what the client accepts; the answer is remembered by the header's text."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.web.negotiation import KEPT_ANSWERS

pytestmark = pytest.mark.any_store

JSON, HTML = "application/json", "text/html"


def kind(client: FlaskClient, accept: str | None) -> str:
    return client.get("/open/profile", headers={} if accept is None else {"Accept": accept}).mimetype


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/html", HTML),
        ("TEXT/HTML", HTML),
        ("text/*", HTML),
        ("text/html;q=0", JSON),
        ("text/html, application/json", JSON),
        ("text/html, application/json;q=0.9", HTML),
        ("application/json, text/html;q=0.9", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("text/html;q=nonsense", JSON),
        (";;,,=", JSON),
        ("text/plain", JSON),
    ],
)
def test_the_client_gets_what_it_prefers_each_time_it_asks(
    module_app: Flask, accept: str | None, expected: str
) -> None:
    client = module_app.test_client()
    assert [kind(client, accept) for _ in range(2)] == [expected] * 2


def test_a_client_that_spells_its_header_anew_each_time_changes_nobodys_answer(module_app: Flask) -> None:
    client = module_app.test_client()
    for number in range(KEPT_ANSWERS + 1):
        assert kind(client, f"text/html, application/x{number}") == HTML
        assert kind(client, f"application/json, application/x{number}") == JSON


def test_text_of_every_script_arrives_as_it_was_sent(module_app: Flask) -> None:
    client, text = module_app.test_client(), '한국어 \u2028 \\ " </script> \U0001f600 \x7f'
    answer = client.post("/open/notes", json={"text": text})
    assert answer.get_json()["note"]["text"] == text
    assert answer.headers["Content-Type"] == JSON
