"""The glossary points to what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
TERMS = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+\. \| (`.*`) \|$", GLOSSARY, re.MULTILINE)
PLACE = re.compile(r"`([\w/.]+)`(?:: `(\w+)`)?")


@pytest.mark.parametrize(("term", "places"), TERMS, ids=[term for term, _ in TERMS])
def test_a_term_stands_where_the_glossary_says(term: str, places: str) -> None:
    for path, name in PLACE.findall(places):
        assert (ROOT / path).exists(), term
        assert not name or re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8")), f"{term}: no {name} in {path}"


def test_every_term_is_read() -> None:
    rows = [line for line in GLOSSARY.partition("\n## Older words")[0].splitlines() if line.startswith("| ")]
    assert len(TERMS) == len(rows) - GLOSSARY.count("| term | Korean |")
