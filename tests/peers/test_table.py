"""docs/peers.md and the tests beside this file agree, and so do its two languages."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from service.config import Config
from tests.peers.jwt_implicit_app import RENEWED_WITHIN
from tests.peers.table import ENGLISH, KOREAN, cells, tables

FACTS = re.compile(r"`[^`]*`|\d+")  # what no language changes
NAMED = re.findall(r"^\| ([\w-]+) \| (\d[\w.]+) \|", ENGLISH, re.MULTILINE)


def test_each_row_has_a_test_and_each_test_a_row() -> None:
    files = [file.read_text() for file in Path(__file__).parent.glob("test_*.py")]
    asked = [question for text in files for question in re.findall(r'^@row\("(.+)"\)$', text, re.MULTILINE)]
    assert sorted(asked) == sorted({cell.question for cell in cells()})


def test_no_question_is_answered_twice_for_a_contender() -> None:
    asked = [(cell.question, cell.contender) for cell in cells()]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(("name", "number"), NAMED)
def test_the_versions_are_those_that_are_asked(name: str, number: str) -> None:
    """After an update the page is right as long as the other tests pass: write the new version into it."""
    assert version(name) == number


def test_both_languages_have_the_same_tables() -> None:
    """With the same numbers and code in the same cells, and one Korean answer for one English answer."""
    words: set[tuple[str, str]] = set()
    for english, korean in zip(tables(ENGLISH), tables(KOREAN), strict=True):
        for ours, theirs in zip(english, korean, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                assert sorted(FACTS.findall(one)) == sorted(FACTS.findall(other)), (one, other)
                words |= set(zip(one.split(" · "), other.split(" · "), strict=True))
    for column in zip(*words, strict=True):
        assert len(column) == len(set(column)), sorted(words)


def test_the_versions_are_named_in_both_languages() -> None:
    assert NAMED
    assert all(f"| {name} | {number} |" in KOREAN for name, number in NAMED)


def test_the_minutes_are_those_that_are_set() -> None:
    access = Config.access_ttl_s // 60
    renewed_within = RENEWED_WITHIN.seconds // 60
    assert all(f"{number} minutes" in ENGLISH.replace("\n  ", " ") for number in (access, renewed_within))
    assert all(f"{number}분" in KOREAN for number in (access, renewed_within))
