"""The map of the study notes: every statement has an entry, every link opens, and what it promises is there."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from lab.pages.study_notes.differences import DIFFERENCES
from lab.pages.study_notes.document import DOCUMENT, document
from lab.pages.study_notes.outline import CHAPTERS, STATEMENTS
from lab.pages.study_notes.statement import Statement, Words
from lab.pages.walkthrough.stories import STORIES
from tests.conftest import Clock, app_in
from tests.support.markup import part_of
from tests.support.replay import Replay

NOBODY = "http://127.0.0.1:1"
NUMBERS = [str(number) for number in range(1, 116)]
HANGUL = re.compile("[가-힣]")
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "README.md"
WALK = re.compile("/walkthrough/(?P<slug>[a-z-]+)/(?P<step>[a-z0-9-]+)")

PageAt = Callable[[str, str], str]
Lines = Callable[[str], dict[str, list[str]]]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, store_url: str, clock: Clock) -> Iterator[Flask]:
    """One app for all of these tests: they look at pages, and at logins of their own."""
    with app_in(
        tmp_path_factory.mktemp("notes"), store_url, clock, front_door=NOBODY, control_socket="/nowhere"
    ) as app:
        yield app


@pytest.fixture(scope="module")
def page_at(app: Flask) -> PageAt:
    """What is at an address in a language, fetched once."""
    return cache(partial(_fetched, app))


def _fetched(app: Flask, path: str, language: str) -> str:
    response = app.test_client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert response.status_code == 200, path
    return response.text


@pytest.fixture(scope="module")
def lines_of(app: Flask, clock: Clock) -> Lines:
    """What the steps of a walk show, played once."""
    return cache(lambda slug: Replay(app, clock, grace_s=10).play(STORIES[slug]))


def shown_at(href: str, page_at: PageAt, language: str) -> str:
    """The markup of the part that an address names, or the whole page."""
    path, _, part = href.partition("#")
    return part_of(page_at(path, language), part) if part else page_at(path, language)


def test_the_statements_are_numbered_from_1_to_115_in_order() -> None:
    assert [statement.number for statement in STATEMENTS] == list(range(1, 116))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_statement_has_one_entry_with_its_words_and_its_link(page_at: PageAt, language: str) -> None:
    markup = page_at("/study-notes", language)
    assert re.findall(r'data-statement="(\d+)"', markup) == NUMBERS
    for statement in STATEMENTS:
        entry = unescape(part_of(markup, f"statement-{statement.number}"))
        assert statement.words.said_in(language) in entry
        assert f'href="{statement.href}"' in entry
        assert statement.differs is None or statement.differs.said_in(language) in entry
    for chapter in CHAPTERS:
        assert f'href="#{chapter.slug}"' in markup
        assert part_of(markup, chapter.slug)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: str(statement.number))
def test_a_link_opens_and_what_its_statement_promises_is_there(
    page_at: PageAt, lines_of: Lines, statement: Statement
) -> None:
    """Of a walk's step it is in what was really sent, answered and done; of a page in the part that the link names."""
    page = shown_at(statement.href, page_at, "en")
    walk = WALK.fullmatch(statement.href)
    there = [*lines_of(walk["slug"])[walk["step"]], why(**walk.groupdict())] if walk else [page]
    assert statement.shows
    assert [text for text in statement.shows if not any(text in line for line in there)] == []


def why(slug: str, step: str) -> str:
    """The words of a step that say what follows from it, in English."""
    return next(str(each.why) for each in STORIES[slug].steps if each.id == step)


def test_the_copied_session_id_contains_nothing_of_the_member(lines_of: Lines) -> None:
    (copied,) = lines_of("session")["copy"]
    assert re.fullmatch(r"copied sid: [\w-]{43}", copied)


def test_the_lab_differs_in_eleven_places_and_each_is_in_the_map() -> None:
    assert len(DIFFERENCES) == 11
    assert {statement.differs for statement in STATEMENTS} == {None, *DIFFERENCES}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(
    "statement", [each for each in STATEMENTS if each.differs], ids=lambda statement: str(statement.number)
)
def test_where_the_notes_differ_the_page_or_the_step_says_so(
    page_at: PageAt, statement: Statement, language: str
) -> None:
    assert statement.differs is not None
    text = statement.differs.said_in(language)
    walk = WALK.fullmatch(statement.href)
    if walk is None:
        assert text in unescape(shown_at(statement.href, page_at, language))
        return
    told = re.search(r'id="story">(.*?)</script>', page_at(statement.href, language), re.DOTALL)
    assert told is not None
    assert text in json.loads(told[1])["differs"][walk["step"]]


@pytest.mark.parametrize("words", [*DIFFERENCES, *(statement.words for statement in STATEMENTS)])
def test_the_korean_is_korean_and_the_english_is_not(words: Words) -> None:
    assert HANGUL.search(words.ko)
    assert words.ko.endswith((".", ".)"))
    assert not HANGUL.search(words.en)
    assert words.en.endswith((".", ".)"))


def test_the_bytes_of_a_refresh_token_are_those_that_were_measured() -> None:
    assert "428 bytes" in RESULTS.read_text("utf-8")
    assert any("428바이트" in words.ko and "428 bytes" in words.en for words in DIFFERENCES)


def test_the_document_is_the_outline() -> None:
    """Run `python -m lab.pages.study_notes.document` to write it anew."""
    assert DOCUMENT.read_text("utf-8") == document()
    assert re.findall(r'data-statement="(\d+)"', document()) == NUMBERS
