"""The arrows between the parts and the two packages that are twins, held by reading the imports."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_auth import Sessions
from session_auth import guard as session_guard
from session_auth.blueprint import credential as lab_sessions
from session_auth.blueprint.guard import SessionGuard
from session_auth.blueprint.routes import SessionRoutes
from session_auth.credential import SessionCredential
from token_auth import Tokens
from token_auth import guard as token_guard
from token_auth.blueprint import credential as lab_tokens
from token_auth.blueprint.guard import TokenGuard
from token_auth.blueprint.routes import TokenRoutes
from token_auth.credential import TokenCredential

ROOT = Path(__file__).parent.parent

BELOW_ALL = {"config", "session_auth"}  # the core of sessions: it imports nothing of the project
GROUND = BELOW_ALL | {"web", "measurement"}
FLOORS = {
    "session_auth": set(),
    "token_auth": set(),
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
    | {"session_auth.blueprint", "token_auth.blueprint"},
}
PARTS = {*FLOORS, "app", "bench", "install", "tests"}

# What tokens need and sessions do not: keys, and a list of those that ended (a session that has ended is deleted).
TOKENS_ONLY = {"keys.py", "key_ring.py", "key_file.py", "private_file.py", "denylist.py"}
TOKENS_ONLY |= {"blueprint/key_commands.py", "blueprint/key_ring.py"}
# What sessions need and tokens do not: a way to Redis (an engine is the application's), idle times that slide (a token
# ends when it says, however much it is used), and Flask-Session's interface.
SESSIONS_ONLY = {"connection.py", "sliding.py", "blueprint/interface.py"}
# The face; and what is known of a login: carried in the token's claims, or kept in the session's record.
BY_THEIR_OWN_NAMES = {"tokens.py": "sessions.py", "claims.py": "record.py"}


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
        {
            path.relative_to(ROOT / name).as_posix()
            for folder in (name, f"{name}/blueprint")
            for path in (ROOT / folder).glob("*.py")
        }
        for name in ("session_auth", "token_auth")
    )
    assert {BY_THEIR_OWN_NAMES.get(name, name) for name in tokens - TOKENS_ONLY} == sessions - SESSIONS_ONLY
    assert tokens >= TOKENS_ONLY | BY_THEIR_OWN_NAMES.keys()
    assert sessions >= SESSIONS_ONLY


def verbs(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_the_twins_have_the_same_verbs() -> None:
    assert verbs(Sessions) - {"renew"} == verbs(Tokens) - {"verify", "refresh"}
    assert verbs(SessionRoutes) - {"renew"} == verbs(TokenRoutes) - {"refresh", "carry"}  # any answer may bring tokens
    assert verbs(SessionGuard) == verbs(TokenGuard) == {"identify"}
    assert verbs(session_guard.SessionGuard) - {"session", "data", "visit"} == verbs(token_guard.TokenGuard)
    shared = {"issue", "verify", "renew", "revoke", "list_logins", "end_login", "end_all", "set_role"}
    assert verbs(SessionCredential) == shared | {"open", "write", "login_of"}
    assert verbs(TokenCredential) == shared | {"read", "verify_refresh", "exchange"}
    of_the_lab = {"issue_for", "live_logins", "member_changed", "holdings"}
    assert verbs(lab_sessions.LabCredential) - verbs(SessionCredential) == of_the_lab
    assert verbs(lab_tokens.LabCredential) - verbs(TokenCredential) == of_the_lab | {"admit"}


def test_the_pages_do_not_know_the_approaches() -> None:
    for file in files_of("pages"):
        assert "session_auth" not in file.read_text()
        assert "token_auth" not in file.read_text()
