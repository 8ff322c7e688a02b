"""Every word that a reader meets is there in Korean, and what is compiled is what was written."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
KOREAN = ROOT / "translations" / "ko" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")


@pytest.fixture(scope="module")
def written() -> Catalog:
    """The translations as they were written."""
    with open(KOREAN / "messages.po", "rb") as file:
        return read_po(file, locale="ko")


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Every message in the lab's Python and templates."""
    with open(ROOT / "babel.cfg") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, **dict.fromkeys(["lazy_gettext", "BadKeyRing", "RingBusy"]), "RefusedCommand": (3,)}
    found = extract_from_dir(ROOT, methods, options, keywords=keywords)
    return {message for _file, _line, message, _comments, _context in found}


def translations(catalog: Catalog) -> dict[str, str]:
    return {message.id: message.string for message in catalog if message.id}


def test_messages_are_found_in_python_and_in_templates(said: set[str]) -> None:
    assert {"Not logged in", "%(name)s is missing.", "Who are you?"} <= said


def test_every_message_is_translated(said: set[str], written: Catalog) -> None:
    in_korean = {message for message, korean in translations(written).items() if korean}
    assert said - in_korean == set()


def test_no_translation_is_of_a_message_that_is_no_longer_said(said: set[str], written: Catalog) -> None:
    assert set(translations(written)) - said == set()
    assert list(written.obsolete) == []


def test_no_translation_is_a_guess(written: Catalog) -> None:
    assert [message.id for message in written if message.id and message.fuzzy] == []


def test_a_translation_has_the_placeholders_of_its_message(written: Catalog) -> None:
    for message, korean in translations(written).items():
        assert sorted(PLACEHOLDER.findall(message)) == sorted(PLACEHOLDER.findall(korean)), message


def test_no_words_raise_their_voice(said: set[str], written: Catalog) -> None:
    loud = [words for words in said | set(translations(written).values()) if "!" in words]
    assert loud == []


def test_what_is_compiled_is_what_was_written(written: Catalog) -> None:
    with open(KOREAN / "messages.mo", "rb") as file:
        compiled = translations(read_mo(file))
    assert compiled == translations(recompiled(written))


def recompiled(catalog: Catalog) -> Catalog:
    file = BytesIO()
    write_mo(file, catalog)
    file.seek(0)
    return read_mo(file)


GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition("\n## One word for one thing in Korean")[2]
NOT_SAID = ", ".join(re.findall(r"^\| ([^|]*[가-힣][^|]*) \|", GLOSSARY, re.MULTILINE)).split(", ")
WRITTEN_IN_KOREAN = [
    ROOT / "README.ko.md",
    ROOT / "docs" / "study-notes.md",
    *sorted((ROOT / "docs").glob("*.ko.*")),
    *(path for folder in ("bench", "lab", "loadtests", "service") for path in sorted((ROOT / folder).rglob("*.py"))),
]


def korean_texts(written: Catalog) -> list[str]:
    """Every Korean text: messages, what terminals print, documents, pictures and the words in the code."""
    with open(KOREAN / "terminal.po", "rb") as file:
        terminal = [str(message.string) for message in read_po(file, locale="ko")]
    return [*translations(written).values(), *terminal, *(path.read_text("utf-8") for path in WRITTEN_IN_KOREAN)]


def test_korean_has_one_word_for_one_thing(written: Catalog) -> None:
    assert len(NOT_SAID) > 40
    assert {word for word in NOT_SAID for text in korean_texts(written) if word in text} == set()


# A particle follows from the sound before it, and the sound of a value is not known. These values end in % or in µs.
SHARES_AND_DURATIONS = {"%(share)s", "%(session)s", "%(token)s", "%(out)s", "{us}"}
AFTER_A_VALUE = re.compile(r"(%\(\w+\)[a-z]|\{\w+\})(?:은|는|이|가|을|를|과|와|으로|로|이라고|라고)(?![가-힣])")


def test_no_particle_follows_a_value(written: Catalog) -> None:
    values = {value for text in translations(written).values() for value in AFTER_A_VALUE.findall(text)}
    assert values - SHARES_AND_DURATIONS == set()
