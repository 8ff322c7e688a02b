"""The pages' scripts and forms as text. A browser would find each fault on its own page only."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS, PAGES = ROOT / "static" / "js", ROOT / "templates"
IMPORT = re.compile(r'(?:import|export) \{([^}]*)\} from "([^"]+)"')
EXPORTED = re.compile(r"export (?:async )?(?:function\*?|const|let|class) (\w+)|export \{([^}]*)\}")


def exports_of(script: Path) -> set[str]:
    found = EXPORTED.findall(script.read_text())
    return {name for one, several in found for name in (one or several).replace(",", " ").split()}


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.js")), ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_what_a_script_imports_is_exported_there(script: Path) -> None:
    for names, path in IMPORT.findall(script.read_text()):
        wanted = {name.split(" as ")[0].strip() for name in names.split(",") if name.strip()}
        assert wanted - exports_of((script.parent / path).resolve()) == set(), f"{script.name} from {path}"


def test_a_form_that_only_a_script_answers_is_not_sent_before_the_script_has_come() -> None:
    """Without an address a form is sent to its own page: an early click would load that again, and lose its part."""
    tags = [tag for page in PAGES.rglob("*.html") for tag in re.findall(r"<form[^>]*>", page.read_text())]
    assert len(tags) > 15
    assert [tag for tag in tags if "action=" not in tag and 'method="dialog"' not in tag] == []
