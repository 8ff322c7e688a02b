"""The tables of docs/peers.md are what the tests beside this file expect: each cell is one test.

A row is a question, its test is written once, and runs for each contender: a column, or what is offered against it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH, KOREAN = ((DOCS / name).read_text() for name in ("peers.md", "peers.ko.md"))
ONE_A_ROW = ["with", "then"]  # the columns of the table that names the contender in each row
SLOW = {"`Redis(host=…, port=…)`": pytest.mark.nightly}  # its client tries for seconds

Grid = list[list[str]]


@dataclass(frozen=True)
class Cell:
    """One answer of the tables."""

    question: str
    contender: str
    says: str


def tables(text: str) -> list[Grid]:
    """Return the cells of each table, its header first and without the line under it."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    grids = [[line.strip("|").split("|") for line in table.splitlines()] for table in found]
    return [[[cell.strip() for cell in line] for line in [grid[0], *grid[2:]]] for grid in grids]


def cells() -> Iterator[Cell]:
    """Yield every answer of the English page; its table of versions has none."""
    for header, *rows in (table for table in tables(ENGLISH) if len(table[0]) == len(ONE_A_ROW) + 1):
        for question, *answers in rows:
            if header[1:] == ONE_A_ROW:
                yield Cell(question, *answers)
            else:
                yield from (Cell(question, *pair) for pair in zip(header[1:], answers, strict=True))


def row(question: str) -> pytest.MarkDecorator:
    """Run a test for each contender of a row; it is given the `contender` and what the cell `says`."""
    asked = [cell for cell in cells() if cell.question == question]
    assert asked, f"docs/peers.md has no row '{question}'"
    return pytest.mark.parametrize(("contender", "says"), [_param(cell) for cell in asked])


def _param(cell: Cell) -> Any:
    return pytest.param(cell.contender, cell.says, id=cell.contender, marks=SLOW.get(cell.contender, ()))
