"""What a search engine and a chat show of a page: its title, what it is about, and a card, each in its language."""

import re
import struct
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.conftest import MakeApp

IMAGES = Path(__file__).parents[2] / "static" / "img"
HOST = "127.0.0.1:8000"
META = re.compile(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">')
HANGUL = re.compile("[가-힣]")
OF_ANOTHER_SITE = "/storage/elsewhere"  # it is no page of the lab, and says so
SENTENCE = 20  # characters at least
LIMIT_BYTES = 60_000

in_each_language = pytest.mark.parametrize("language", ["en", "ko"])


@pytest.fixture
def open_to_all(make_app: MakeApp) -> Flask:
    return make_app(front_door="http://127.0.0.1:1", control_socket="/nowhere")


def pages(app: Flask, language: str) -> dict[str, str]:
    """The pages of all routes without variables, of a walk and of a mission. Some are there after a log-in only."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    headers = {"Accept": "text/html", "Accept-Language": language, "Host": HOST}
    found = {}
    for path in [*rules, "/walkthrough/session", "/missions/bobs-tools", "/nowhere"]:
        answer = app.test_client().get(path, headers=headers)
        if answer.mimetype == "text/html" and not answer.location and path != OF_ANOTHER_SITE:
            found[path] = answer.text
    return found


@in_each_language
def test_every_page_says_what_it_is_about_and_has_a_card(open_to_all: Flask, language: str) -> None:
    shown = pages(open_to_all, language)
    assert len(shown) > 30
    for path, text in shown.items():
        said = {name: unescape(content) for name, content in META.findall(text)}
        heading = re.search(r"<h1>(.*?)</h1>", text)
        assert heading is not None, path
        assert said["og:title"] == unescape(heading[1]), path
        assert said["description"] == said["og:description"], path
        assert len(said["description"]) > SENTENCE, path
        assert not re.search(r"[<{}]", said["description"]), path
        assert bool(HANGUL.search(said["description"] + said["og:image:alt"])) == (language == "ko"), path
        assert said["og:locale"] == {"en": "en_US", "ko": "ko_KR"}[language], path
        assert said["twitter:card"] == "summary_large_image", path
        assert urlsplit(said["og:url"])[:3] == ("http", HOST, path), path


@in_each_language
def test_a_card_is_a_small_png_at_the_host_that_was_asked(open_to_all: Flask, language: str) -> None:
    said = dict(META.findall(pages(open_to_all, language)["/"]))
    scheme, host, path, _query, _fragment = urlsplit(said["og:image"])
    assert (scheme, host) == ("http", HOST)
    picture = open_to_all.test_client().get(path, headers={"Host": HOST})
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert len(picture.data) < LIMIT_BYTES
    size = struct.unpack(">II", picture.data[16:24])  # of the first chunk, IHDR
    assert size == (1200, 630)
    assert size == (int(said["og:image:width"]), int(said["og:image:height"]))


def test_behind_a_proxy_a_card_is_at_the_origin_that_browsers_see(make_app: MakeApp) -> None:
    app = make_app(public_origin="https://lab.example")
    said = dict(META.findall(app.test_client().get("/open/login", headers={"Accept": "text/html"}).text))
    assert said["og:url"] == "https://lab.example/open/login"
    assert said["og:image"] == "https://lab.example/static/img/card.png"


def test_each_language_has_a_card_of_its_own() -> None:
    assert (IMAGES / "card.png").read_bytes() != (IMAGES / "card.ko.png").read_bytes()


@in_each_language
def test_a_page_that_needs_a_script_says_so_without_one(open_to_all: Flask, language: str) -> None:
    """Profiles, the study notes, the missions and the planner work without theirs."""
    shown = pages(open_to_all, language)
    works = {"/study-notes", "/missions", "/planner", "/planner/simulation", "/open/profile"}
    for path, text in shown.items():
        head, _, body = text.partition("</head>")
        scripts = re.findall(r'<script type="module" src="/static/js/(\w+)/', head)
        needs = set(scripts) - {"shared"} and path not in works
        assert body.count("<noscript>") == (1 if needs else 0), path
