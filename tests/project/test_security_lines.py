"""Every line of docs/security.md is held by a test that names it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [int(number) for number in re.findall(r"^(\d+)\. ", (ROOT / "docs/security.md").read_text(), re.MULTILINE)]
MENTION = re.compile(r"SECURITY (\d+(?:(?:, | and )\d+)*)")


def named() -> set[int]:
    """Return the lines that some test's docstring names."""
    texts = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {int(number) for text in texts for found in MENTION.findall(text) for number in re.findall(r"\d+", found)}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_named_by_a_test(line: int) -> None:
    assert line in named()


def test_the_lines_are_numbered_without_a_gap() -> None:
    assert list(range(1, len(LINES) + 1)) == LINES
