"""A page of the lab has one name: its package's, its template's, its scripts' and its style's."""

import re
from pathlib import Path

import pytest

from tests.project.test_architecture import PAGES as PARTS

ROOT = Path(__file__).parents[2]
TEMPLATES, SCRIPTS, STYLES = ROOT / "templates", ROOT / "static" / "js", ROOT / "static" / "css"
PAGES = {part.removeprefix("lab.pages.") for part in PARTS} - {"lab.pages"}
# Of the service's pages, and of what all pages share.
SERVICE_TEMPLATES = {"auth", "base", "error", "home", "pages"}
SERVICE_SCRIPTS = {"home", "pages", "shared"}
SHARED_STYLES = {"tokens", "base", "parts", "shared", "home"}  # the first three are every page's
IMPORTED = re.compile(r'^(?:import|export) .* from "([^"]+)";$', re.MULTILINE)
LOADED = re.compile(r"filename='(?:css|js)/([^']+)'")
INCLUDED = re.compile(r'{% (?:include|from) "([^"]+)"')


def names_in(folder: Path) -> set[str]:
    """Return the names of what a folder holds, but for partials, which begin with `_`."""
    return {path.stem for path in folder.iterdir() if not path.name.startswith("_")}


def test_every_page_has_its_template_its_scripts_and_its_style_and_nothing_is_left_over() -> None:
    assert {path.parent.name for path in (ROOT / "lab" / "pages").glob("*/__init__.py")} == PAGES
    assert names_in(TEMPLATES) == PAGES | SERVICE_TEMPLATES
    assert names_in(SCRIPTS) == PAGES | SERVICE_SCRIPTS
    assert names_in(STYLES) == PAGES | SHARED_STYLES
    for page in PAGES:
        assert (TEMPLATES / f"{page}.html").exists()
        assert (SCRIPTS / page / "main.js").exists()
        assert (STYLES / f"{page}.css").exists()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_is_put_together_from_its_own_files_and_from_shared_ones(page: str) -> None:
    for template in (TEMPLATES / f"{page}.html", *(TEMPLATES / page).glob("*.html")):
        text = template.read_text("utf-8")
        loaded = {Path(name).with_suffix("").parts[0] for name in LOADED.findall(text)}
        included = {Path(name).parent.name for name in INCLUDED.findall(text)}
        assert loaded | included <= {page, "shared", ""}, template.name


@pytest.mark.parametrize("folder", sorted(PAGES | SERVICE_SCRIPTS))
def test_scripts_import_their_neighbours_and_shared_ones(folder: str) -> None:
    for script in (SCRIPTS / folder).glob("*.js"):
        for path in IMPORTED.findall(script.read_text("utf-8")):
            assert Path(path).parent.as_posix() in (".", "../shared"), f"{script.name} imports {path}"
