"""One constructor argument mounts a sixth approach, and every page takes it in. See also `test_contract.py`."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from app import create_app
from service.approaches import APPROACHES, ApproachFacts
from tests.conftest import MakeApp, MakeConfig
from tests.support.sixth import add_tickets

HTML = {"Accept": "text/html"}
FRONT = {
    "front_door": "http://127.0.0.1:1",
    "control_socket": "/nowhere",
}  # nothing is sent there
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(more=[add_tickets], **FRONT)


def shown(app: Flask, path: str, language: str = "en") -> str:
    response = app.test_client().get(path, headers={**HTML, "Accept-Language": language})
    assert response.status_code == 200, response.text
    return response.text


def test_the_lab_describes_it_as_json_after_those_of_the_table(app: Flask) -> None:
    told = app.test_client().get("/lab/approaches").get_json()["approaches"]
    assert [each["name"] for each in told] == [*(facts.name for facts in APPROACHES), "ticket"]
    assert told[-1]["label"] == "Ticket"
    assert (told[-1]["carrier"], told[-1]["asks"], told[-1]["store_reads"]) == ("bearer", ["memory"], 0)


@LANGUAGES
def test_the_home_page_has_a_card_for_it_and_the_header_a_chip(app: Flask, language: str) -> None:
    home = shown(app, "/", language)
    [card] = re.findall(r'<article class="approach" data-approach="ticket">.*?</article>', home, re.DOTALL)
    assert 'href="/ticket/login"' in card
    assert "q7Rk…" in card
    assert 'data-whoami="/ticket/whoami"' in home


@pytest.mark.parametrize("path", ["/ticket/login", "/compare", "/scale-out", "/planner", "/planner/simulation"])
@LANGUAGES
def test_every_page_on_several_approaches_shows_it(app: Flask, path: str, language: str) -> None:
    html = shown(app, path, language)
    assert html.count('data-approach="ticket"') > 1 + html.count("<h1>")  # more than the header's


def test_the_page_that_compares_and_the_one_on_nodes_have_a_place_for_it(app: Flask) -> None:
    assert 'data-total="ticket"' in shown(app, "/compare")
    assert 'data-send="memory session token hybrid ticket"' in shown(app, "/scale-out")
    assert 'data-lane="ticket"' in shown(app, "/scale-out")


def test_the_planner_counts_it_as_the_most_similar_one_that_was_measured_and_says_so(app: Flask) -> None:
    html = shown(app, "/planner")
    assert html.count("data-breaks=") == 5
    assert "the constants of the most similar approach count, Memory." in html
    plans = app.test_client().get("/planner").get_json()["approaches"]
    for figure in ("live_sessions", "node_bytes", "store_ops_s", "node_cores"):
        assert plans["ticket"]["figures"][figure]["value"] == plans["memory"]["figures"][figure]["value"]


def test_its_own_pages_work_for_a_browser(app: Flask) -> None:
    client = app.test_client()
    logged_in = client.post("/ticket/login", json={"username": "alice", "password": "wonderland"}).get_json()
    carrying = {**HTML, "Authorization": f"Bearer {logged_in['access_token']}"}
    for page in ("profile", "notes", "logins"):
        assert client.get(f"/ticket/{page}", headers=carrying).status_code == 200
    logins = client.get("/ticket/logins", headers=carrying).text
    assert "All of your logins with this approach end at once" in logins
    assert "/ticket/refresh" not in logins
    assert "/ticket/renew" not in logins


def test_it_is_there_without_a_lab_too(make_config: MakeConfig) -> None:
    app = create_app(make_config(lab=False), more=[add_tickets])
    assert app.test_client().get("/").get_json()["approaches"] == ["session", "token", "ticket"]
    app.extensions["database"].engine.dispose()


@pytest.mark.parametrize(
    ("asks", "kept"),
    [
        (("signature",), "nowhere"),  # a signed cookie
        (("store", "signature"), "store"),  # what no other approach asks
    ],
)
@LANGUAGES
def test_an_approach_of_a_kind_without_words_of_its_own_gets_words_that_are_true(
    make_app: MakeApp, asks: tuple[str, ...], kept: str, language: str
) -> None:
    unlike = ApproachFacts("ticket", "Ticket", "cookie", kept, asks)  # type: ignore[arg-type]

    def add(app: Flask, password_login: object) -> object:
        return replace(add_tickets(app, password_login), facts=unlike)  # type: ignore[arg-type]

    app = make_app(more=[add], **FRONT)
    for path in ("/", "/ticket/login", "/compare", "/scale-out", "/planner", "/planner/simulation"):
        assert "Ticket" in shown(app, path, language)
    assert "data for its renewal" not in shown(app, "/ticket/login")
