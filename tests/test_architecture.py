"""The arrows between the parts and the two packages that are twins, held by reading the imports."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_auth.blueprint.credential import LabCredential
from session_auth.blueprint.guard import SessionGuard
from session_auth.blueprint.routes import SessionRoutes
from session_auth.credential import SessionCredential
from token_auth.blueprint.routes import TokenRoutes
from token_auth.credential import TokenCredential
from token_auth.guard import TokenGuard

ROOT = Path(__file__).parent.parent

BELOW_ALL = {"config", "session_auth"}  # the core of sessions: it imports nothing of the project
GROUND = BELOW_ALL | {"web", "measurement"}
FLOORS = {
    "session_auth": set(),
    "config": {"session_auth"},
    "web": BELOW_ALL,
    "measurement": BELOW_ALL,
    "store_needs": {"session_auth"},
    "cluster": BELOW_ALL | {"store_needs"},
    "errors": GROUND,
    "store_connection": GROUND | {"errors"},
    "accounts": GROUND | {"errors", "store_connection"},
    "approach": GROUND | {"errors", "accounts"},
    "session_auth.blueprint": GROUND | {"errors", "store_connection", "accounts", "approach"},
    "token_auth": GROUND | {"errors", "store_connection", "accounts", "approach", "token_auth.blueprint"},
    "token_auth.blueprint": GROUND | {"errors", "store_connection", "accounts", "approach", "token_auth"},
    "pages": GROUND | {"errors", "store_connection", "accounts"},
    "open_access": GROUND | {"errors", "accounts", "approach"},
    "lab_controls": GROUND | {"errors", "accounts", "store_connection", "cluster"},
    "walkthrough": GROUND | {"errors", "accounts", "store_connection", "approach", "lab_controls"},
    "exhibits": GROUND | {"errors", "token_auth", "lab_controls"},
    "folk_server": GROUND | {"errors", "accounts", "token_auth"},
    "planner": GROUND,
    "readiness": GROUND | {"errors", "store_connection", "store_needs", "accounts"},
    "home": GROUND | {"errors", "store_connection", "accounts", "approach", "readiness"},
    # Talks HTTP to the app like any client: it starts the app and never imports it. What it takes from here: processes
    # (cluster), the stores' own encoding for logins in bulk (the twins' stores), the pages for its untuned contender.
    "loadtests": GROUND
    | {"errors", "store_connection", "accounts", "home", "pages", "cluster", "token_auth", "planner"}
    | {"session_auth.blueprint"},
}
PARTS = {*FLOORS, "app", "bench", "install", "tests"}

# What tokens need and sessions do not: keys, and a list of those that ended (a session that has ended is deleted).
NO_TWIN = {"keys.py", "key_ring.py", "key_file.py", "private_file.py", "key_commands.py", "denylist.py"}
# The core's face, contract, errors and way to the store; the lab's adapter to Flask-Session and its second store.
SESSIONS_ONLY = {"sessions.py", "contract.py", "errors.py", "connection.py", "problems.py", "interface.py", "stores.py"}
# What is known of a login: carried in the token's claims, or kept in the session's record.
BY_THEIR_OWN_NAMES = {"claims.py": "record.py"}


def imports(file: Path) -> Iterator[str]:
    """Yield the lab's own parts that a file imports; a part within a part by its own name."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            names = [f"{above}.{node.module or ''}".strip(".")]
        yield from (part for name in names if (part := part_of(name)) in PARTS)


def part_of(module: str) -> str:
    return max((part for part in PARTS if f"{module}.".startswith(f"{part}.")), key=len, default="")


def files_of(part: str) -> list[Path]:
    """Return a part's files without those of the parts within it."""
    folder = ROOT.joinpath(*part.split("."))
    files = [*folder.rglob("*.py")] if folder.is_dir() else [folder.with_suffix(".py")]
    return [file for file in files if part_of(".".join(file.relative_to(ROOT).with_suffix("").parts)) == part]


@pytest.mark.parametrize("part", FLOORS)
def test_imports_point_one_way(part: str) -> None:
    files = files_of(part)
    assert files
    for file in files:
        upward = set(imports(file)) - FLOORS[part] - {part}
        assert not upward, f"{file.relative_to(ROOT)} imports {upward}"


def test_every_part_has_its_floor() -> None:
    """A new package takes its place among the arrows before it is used."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert packages | modules == {part for part in PARTS if "." not in part}


def test_the_twins_have_the_same_files() -> None:
    sessions, tokens = (
        {path.name for folder in (name, f"{name}/blueprint") for path in (ROOT / folder).glob("*.py")}
        for name in ("session_auth", "token_auth")
    )
    assert {BY_THEIR_OWN_NAMES.get(name, name) for name in tokens - NO_TWIN} == sessions - SESSIONS_ONLY
    assert tokens >= NO_TWIN | BY_THEIR_OWN_NAMES.keys()


def verbs(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_the_twins_have_the_same_verbs() -> None:
    assert verbs(SessionRoutes) - {"renew"} == verbs(TokenRoutes) - {"refresh"}
    assert verbs(SessionGuard) == verbs(TokenGuard) - {"identify_by_access"} == {"identify"}
    shared = {"issue", "verify", "renew", "revoke", "list_logins", "end_login", "end_all", "member_changed", "holdings"}
    assert shared <= verbs(LabCredential)
    assert shared - {"member_changed", "holdings"} | {"open", "write", "set_role", "login_of"} == verbs(
        SessionCredential
    )
    assert verbs(TokenCredential) == shared | {"read", "verify_refresh", "revoke_by"}


def test_the_pages_do_not_know_the_approaches() -> None:
    for file in files_of("pages"):
        assert "session_auth" not in file.read_text()
        assert "token_auth" not in file.read_text()
