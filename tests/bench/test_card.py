"""The card beside a link is drawn from words and colours of ours."""

from xml.etree import ElementTree

import pytest

from bench.card import WORDS, draw


@pytest.mark.parametrize("language", WORDS)
def test_a_card_says_what_each_approach_does_at_the_same_log_out(language: str) -> None:
    card = ElementTree.fromstring(draw(language))
    said = ["".join(element.itertext()) for element in card.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(said) == sorted(WORDS[language].values())
