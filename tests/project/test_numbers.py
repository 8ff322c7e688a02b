"""Where a text says how many there are, there are so many."""

import re
from pathlib import Path

import pytest

from lab.cluster.loadtest import EXPERIMENTS
from lab.pages.missions.each import MISSIONS
from lab.pages.study_notes.differences import DIFFERENCES
from lab.pages.study_notes.outline import STATEMENTS
from lab.pages.walkthrough.stories import STORIES
from service.approaches import APPROACHES

ROOT = Path(__file__).parents[2]
UP_TO_SEVEN = ("zero", "one", "two", "three", "four", "five", "six", "seven")
WORDS = (*UP_TO_SEVEN, "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen")
NUMBERS = {word: number for number, word in enumerate(WORDS)} | {"twenty": 20}
MINUTES = [mission.minutes for mission in MISSIONS.values()]


def text_of(path: str) -> str:
    return " ".join((ROOT / path).read_text("utf-8").split())


def places() -> int:
    """Count where the storage page keeps a login."""
    script = text_of("static/js/storage/places.js")
    sent, scripted = re.findall(r"const (?:SENT_TO|scripted) = \{(.*?)\};", script)
    return len(re.findall(r"\b\w+: (?:inStorage|\{ get|\")", sent + scripted))


def presses() -> int:
    return len(re.findall(r'\("[a-z-]+", _\(', text_of("templates/compare/_story.html")))


SAID = {
    ("README.md", r"their (\w+) statements"): len(STATEMENTS),
    ("README.ko.md", r"그 (\d+)개 문장"): len(STATEMENTS),
    ("docs/study-notes.md", r"학습 노트의 문장 (\d+)개"): len(STATEMENTS),
    ("docs/reference/pages.md", r"study notes' (\w+) statements"): len(STATEMENTS),
    ("docs/reference/pages.md", r"(\w+) missions from"): len(MISSIONS),
    ("docs/reference/pages.md", r"missions from (\w+) minutes"): min(MINUTES),
    ("docs/reference/pages.md", r"missions from \w+ minutes to (\w+)"): max(MINUTES),
    ("docs/reference/pages.md", r"the notes' (\w+) steps"): len(STORIES["fourteen-steps"].steps),
    ("docs/reference/pages.md", r"a story of (\w+) presses"): presses(),
    ("docs/reference/pages.md", r"keep a login: (\w+) places"): places(),
    ("lab/pages/study_notes/differences.py", r"The (\w+) places"): len(DIFFERENCES),
    ("lab/pages/storage/__init__.py", r"one login in (\w+) places"): places(),
    ("CHANGELOG.md", r"(\w+) approaches behind one set of pages"): len(APPROACHES),
    ("CHANGELOG.md", r"(\w+) load experiments"): len(EXPERIMENTS),
    ("CHANGELOG.md", r"`/missions`: (\w+) tasks"): len(MISSIONS),
    ("CHANGELOG.md", r"(\w+) places say where the notes differ"): len(DIFFERENCES),
}


@pytest.mark.parametrize(("path", "says"), SAID, ids=[f"{path}: {says}" for path, says in SAID])
def test_a_text_says_how_many_there_are(path: str, says: str) -> None:
    found = re.search(says, text_of(path))
    assert found is not None
    word = found[1].lower()
    assert (int(word) if word.isdigit() else NUMBERS[word]) == SAID[path, says]


def test_the_walk_of_the_steps_is_named_after_their_number() -> None:
    story = STORIES["fourteen-steps"]
    assert f" {len(story.steps)} steps" in str(story.title)
    assert WORDS[len(story.steps)] in story.slug


def test_the_storage_page_has_words_for_each_place() -> None:
    words = text_of("templates/storage/_words.html")
    named = re.search(r'"place": \{(.*?)\}', words)
    assert named is not None
    assert named[1].count("_(") == places()
