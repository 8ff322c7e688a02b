"""The pages' scripts as text: what one imports, the other exports. A browser would find out on that page only."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
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
