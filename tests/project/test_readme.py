"""The README says the same in both languages, and its answers are those that were measured."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH, KOREAN = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ko.md"))
MEASURED = [(ROOT / "docs" / name).read_text("utf-8") for name in ("results/README.md", "bench.md")]
ANSWERS = re.compile(r"<!-- answers -->(.*)<!-- /answers -->", re.DOTALL)
ONE_SCREEN = 70  # lines


def levels(text: str) -> list[str]:
    return re.findall(r"^(#+) ", text, re.MULTILINE)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text)


def blocks(text: str) -> list[str]:
    return re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)


def comments(text: str) -> list[str]:
    return re.findall(r"<!--.*?-->", text)


def figures(text: str) -> Counter[str]:
    """Count the numbers of a text, without those that number a list."""
    return Counter(re.findall(r"\d(?:[\d.,]*\d)?", re.sub(r"^\d+\. ", "", text, flags=re.MULTILINE)))


def test_both_languages_have_the_same_headings_code_and_figures() -> None:
    assert levels(ENGLISH) == levels(KOREAN)
    assert blocks(ENGLISH) == blocks(KOREAN)
    assert comments(ENGLISH) == comments(KOREAN)
    assert figures(ENGLISH) == figures(KOREAN)


def test_both_languages_have_the_same_links_and_lead_to_their_own_pages() -> None:
    assert Counter(link.replace(".ko.", ".") for link in links(KOREAN)) == Counter(
        link.replace(".ko.md", ".md") for link in links(ENGLISH)
    )
    in_korean = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.ko.md")}
    assert not {link.replace(".md", ".ko.md") for link in links(KOREAN)} & in_korean - set(links(KOREAN))


def test_both_fit_one_screen() -> None:
    assert max(text.count("\n") for text in (ENGLISH, KOREAN)) <= ONE_SCREEN


def test_each_figure_of_an_answer_was_measured() -> None:
    measured = sum(map(figures, MEASURED), Counter())
    for text in (ENGLISH, KOREAN):
        answers = ANSWERS.search(text)
        assert answers is not None
        assert set(figures(answers[1])) <= set(measured)


def test_the_home_page_shows_figures_of_the_answers() -> None:
    shown = (ROOT / "templates" / "home" / "_measured.html").read_text("utf-8")
    bold = " ".join(re.findall(r"<strong>(.*?)</strong>", shown))
    answers = ANSWERS.search(ENGLISH)
    assert answers is not None
    assert set(figures(bold)) - {"0"} <= set(figures(answers[1]))
    assert len(figures(bold)) > 6
