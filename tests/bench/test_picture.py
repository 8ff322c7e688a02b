"""The README's picture shows what a running lab answered."""

from xml.etree import ElementTree

import pytest

from bench.picture import WORDS, Answer, draw, tell
from tests.support.lab_processes import Lab

STORY = {
    "session": [Answer(-1.0, 200), Answer(0.0, 401), Answer(1.0, 401)],
    "token": [Answer(-1.0, 200), Answer(0.0, 200), Answer(1.0, 401)],
}


@pytest.mark.own_processes
def test_a_copied_session_ends_at_the_log_out_and_a_copied_token_when_it_expires(lab: Lab) -> None:
    story = tell(lab.url, lifetime_s=3)
    assert {answer.status for answer in story["session"] if answer.second >= 0} == {401}
    statuses = [answer.status for answer in story["token"]]
    assert statuses == sorted(statuses)  # let in, and then refused
    assert statuses[-1] == 401


@pytest.mark.parametrize("language", WORDS)
def test_the_picture_has_a_mark_for_each_answer(language: str) -> None:
    texts = [
        text.text for text in ElementTree.fromstring(draw(STORY, language)).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert (texts.count("✓"), texts.count("✕")) == (3, 3)
    assert WORDS[language]["at_once"].format(status=401) in texts
    assert WORDS[language]["later"].format(status=401, after=1) in texts
