"""Documents for contributors agree with the code: the drawing with the imports, paths and links with the files."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.project.test_architecture import PARTS, files_of, imports

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "loadtests").glob("*.md")})
NAMING_PATHS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/reference/map.md")
KINDS = (".py", ".md", ".json", ".toml", ".html", ".css", ".js", ".po", ".txt")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
OUTSIDE_THE_DRAWING = {"install", "tests"}
Arrows = set[tuple[str, str]]


def paths_in(page: str) -> list[str]:
    quoted = re.findall(r"`([\w-][\w.-]*(?:/[\w.-]+)*/?)`", (ROOT / page).read_text("utf-8"))
    return sorted({path for path in quoted if "/" in path or path.endswith(KINDS)})


@pytest.mark.parametrize(("page", "path"), [(page, path) for page in NAMING_PATHS for path in paths_in(page)])
def test_a_path_that_is_named_exists(page: str, path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    text = CODE.sub("", page.read_text("utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Return the names by which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_drawing_shows_the_imports_and_leaves_out_only_what_follows() -> None:
    """An arrow is an import, and each import is an arrow or follows from several."""
    parts = {part for part in PARTS if part not in OUTSIDE_THE_DRAWING}
    found = {(floor_of(part), floor_of(other)) for part in parts for file in files_of(part) for other in imports(file)}
    real = {(above, below) for above, below in found if above != below}
    drawn = arrows_drawn()
    assert drawn <= real
    assert real <= all_that_follow(drawn)


def floor_of(part: str) -> str:
    """Return what a part belongs to in the drawing: a core and what wraps it are two."""
    top, _, inner = part.partition(".")
    return part if inner == "blueprint" else top


def arrows_drawn() -> Arrows:
    drawing = re.search(r"^```mermaid\n(.*?)^```$", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.M | re.S)
    assert drawing is not None
    shown = dict(re.findall(r'^\s*(\w+)\["([\w./]+)"\]$', drawing[1], re.MULTILINE))
    names = {box: path.rstrip("/").removesuffix(".py").replace("/", ".") for box, path in shown.items()}
    arrows = re.findall(r"^\s*(\w+) (?:-->|-\..*\.->) (\w+)$", drawing[1], re.MULTILINE)
    return {(names[above], names[below]) for above, below in arrows}


def all_that_follow(arrows: Arrows) -> Arrows:
    """Return the arrows, and those from the beginning of one to the end of another that continues it."""
    further = {(above, end) for above, below in arrows for begin, end in arrows if below == begin}
    return arrows if further <= arrows else all_that_follow(arrows | further)


def test_every_package_is_in_the_drawing() -> None:
    boxes = set(chain.from_iterable(arrows_drawn()))
    assert boxes == {floor_of(part) for part in PARTS} - OUTSIDE_THE_DRAWING
