"""The arrows between the parts and the two packages that are twins, held by reading the imports."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from service.approach import Approach
from service.approaches import BY_NAME, SESSION
from session_auth import Sessions
from session_auth import guard as session_guard
from session_auth.blueprint import SessionApproach
from session_auth.blueprint import credential as lab_sessions
from session_auth.blueprint.guard import SessionBlueprintGuard
from session_auth.blueprint.routes import SessionRoutes
from session_auth.credential import SessionCredential
from token_auth import Tokens
from token_auth import guard as token_guard
from token_auth.blueprint import TokenApproach
from token_auth.blueprint import credential as lab_tokens
from token_auth.blueprint.guard import TokenBlueprintGuard
from token_auth.blueprint.routes import TokenRoutes
from token_auth.credential import TokenCredential

ROOT = Path(__file__).parents[2]

# The core of sessions imports nothing of the project.
BELOW_ALL = {"service.config", "service.terminal", "session_auth"}
GROUND = BELOW_ALL | {"service.web", "service.measurement", "service.approaches"}
STORE = {"service.errors", "service.store.connection"}
# The service: what both twins stand on, and all that runs without a lab.
SERVICE = {
    "service": set(),
    "service.approaches": set(),  # data only
    "service.terminal": set(),
    "service.config": {"session_auth", "service.terminal"},
    "service.web": BELOW_ALL,
    "service.measurement": BELOW_ALL,
    "service.errors": GROUND,
    "service.store": set(),
    "service.store.check": {"session_auth"},
    "service.store.connection": GROUND | {"service.errors"},
    "service.accounts": GROUND | STORE,
    "service.approach": GROUND | {"service.errors", "service.accounts"},
    "service.mounting": {"service.errors", "service.approach"},
    "service.pages": GROUND | STORE | {"service.accounts"},
    "service.readiness": GROUND | STORE | {"service.store.check", "service.accounts"},
    "service.home": GROUND | {"service.accounts", "service.approach"},
}
# The twins: their cores import nothing, and what wraps them stands on the service.
TWINS = {
    "session_auth": set(),
    "token_auth": set(),
    "session_auth.blueprint": GROUND | STORE | {"service.accounts", "service.approach"},
    "token_auth.blueprint": GROUND | STORE | {"service.accounts", "service.approach", "token_auth"},
}
# The lab: on top of both. A page knows the service, the controls and what it shows.
PAGE = GROUND | {"service.errors", "service.accounts", "service.approach", "lab.controls"}
PAGES = {
    "lab.pages": set(),
    "lab.pages.cases": PAGE,
    "lab.pages.compare": PAGE,
    "lab.pages.jwt": PAGE | {"token_auth"},
    "lab.pages.keys": PAGE | {"lab.errors", "token_auth"},
    "lab.pages.loadtests": PAGE,
    # It looks at logins of all approaches, and at the servers that are there to be attacked.
    "lab.pages.missions": PAGE
    | {"lab.trials", "lab.unsafe_server", "lab.sacrificial_ring", "lab.pages.study_notes"}
    | {"session_auth.blueprint", "token_auth.blueprint"},
    "lab.pages.planner": PAGE | {"planner"},
    "lab.pages.scale_out": PAGE | {"lab.cluster"},
    "lab.pages.storage": PAGE
    | {"service.pages", "session_auth", "session_auth.blueprint", "token_auth", "token_auth.blueprint"},
    "lab.pages.study_notes": PAGE | {"lab.pages.walkthrough"},
    "lab.pages.tcp": PAGE | {"lab.cluster"},
    "lab.pages.walkthrough": PAGE,
}
LAB = {
    "lab": set(),
    "lab.cluster": BELOW_ALL | {"service.store.check"},
    "lab.errors": {"service.errors"},
    "lab.controls": GROUND | {"service.errors", "lab.errors", "lab.cluster"},
    "lab.approaches": GROUND | {"lab.controls"},
    "lab.demo": {"service.errors", "service.accounts"},
    "lab.wire": set(),
    "lab.trace": {"service.measurement", "lab.wire"},
    "lab.open_access": GROUND | {"service.accounts", "service.approach"},
    "lab.naive_server": GROUND | {"service.errors", "service.accounts", "token_auth"},
    "lab.sacrificial_ring": GROUND | {"service.errors", "service.accounts", "lab.controls", "lab.errors", "token_auth"},
    "lab.trials": {"service.errors", "service.accounts"},
    "lab.unsafe_server": GROUND | {"service.errors", "lab.trials", "token_auth"},
    **PAGES,
    "lab.composition": PAGE
    | (PAGES.keys() - {"lab.pages"})
    | {"lab.approaches", "lab.demo", "lab.trace", "lab.open_access", "lab.naive_server", "lab.sacrificial_ring"}
    | {"lab.trials", "lab.unsafe_server"}
    | {"planner", "service.pages", "service.store.connection"}
    | {"session_auth.blueprint", "token_auth", "token_auth.blueprint"},
}
FLOORS = {
    **SERVICE,
    **TWINS,
    **LAB,
    "cluster": {"lab.cluster"},  # the command's name
    "planner": {"service.config", "service.terminal", "service.approaches"},
    # Talks HTTP to the app like any client: it starts the app and never imports it. What it takes from here: processes
    # (lab.cluster), the stores' own encoding for logins in bulk (the twins' stores), and the pages and the trace for
    # its contender, Flask-Session as it comes.
    "loadtests": GROUND
    | STORE
    | {"service.accounts", "service.home", "service.pages", "lab.cluster", "lab.trace", "planner"}
    | {"token_auth", "session_auth.blueprint", "token_auth.blueprint"},
}
PARTS = {*FLOORS, "app", "bench", "install", "tests"}

# The service's cookies; the one cookie of the core of sessions, which travels alone; and the balancer's own, by nginx.
WRITE_COOKIES = {"service/web/cookies.py", "session_auth/sessions.py", "lab/cluster/nginx_conf.py"}
WRITING_A_COOKIE = re.compile(
    r"""\b(set|delete|dump)_cookie\b
    | \bsamesite["']?\s*[=:]
    | ["']set-cookie["']\s*\]\s*=[^=]
    | \b(add|set|setdefault|extend|append)\([({[\s]*["']set-cookie["']""",
    re.IGNORECASE | re.VERBOSE,
)
FLASKS_SESSION = ("flask.session.", "flask.sessions.", "flask_session.")

# What tokens need and sessions do not: keys, and a list of those that ended (a session that has ended is deleted).
TOKENS_ONLY = {"keys.py", "public_keys.py", "key_ring.py", "key_file.py", "private_file.py", "denylist.py", "tables.py"}
TOKENS_ONLY |= {"blueprint/key_commands.py", "blueprint/key_ring.py"}
# What sessions need and tokens do not: a way to Redis (an engine is the application's), idle times that slide (a token
# ends when it says, however much it is used), and Flask-Session's interface.
SESSIONS_ONLY = {"connection.py", "sliding.py", "blueprint/interface.py"}
# The face; and what is known of a login: carried in the token's claims, or kept in the session's record.
BY_THEIR_OWN_NAMES = {"tokens.py": "sessions.py", "claims.py": "record.py"}


@cache
def names_imported(file: Path) -> list[str]:
    """Return the full name of everything that a file imports."""
    package = file.relative_to(ROOT).parent.parts
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = f"{above}.{node.module or ''}".strip(".")
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


def imports(file: Path) -> Iterator[str]:
    """Yield the lab's own parts that a file imports; a part within a part by its own name."""
    yield from (part for name in names_imported(file) if (part := part_of(name)) in PARTS)


def part_of(module: str) -> str:
    return max((part for part in PARTS if f"{module}.".startswith(f"{part}.")), key=len, default="")


def files_of(part: str) -> list[Path]:
    """Return a part's files without those of the parts within it."""
    folder = ROOT.joinpath(*part.split("."))
    files = [*folder.rglob("*.py")] if folder.is_dir() else [folder.with_suffix(".py")]
    return [file for file in files if part_of(".".join(file.relative_to(ROOT).with_suffix("").parts)) == part]


def parts_below(*parts: str) -> set[str]:
    return set().union(*(FLOORS[part] for part in parts))


@pytest.mark.parametrize("part", FLOORS)
def test_imports_point_one_way(part: str) -> None:
    files = files_of(part)
    assert files
    for file in files:
        upward = set(imports(file)) - FLOORS[part] - {part}
        assert not upward, f"{file.relative_to(ROOT)} imports {upward}"


def test_no_two_files_import_each_other() -> None:
    """Also by way of others, and also where an import stands in a function."""
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for top in {part.split(".")[0] for part in PARTS}
        for file in (*(ROOT / top).rglob("*.py"), *ROOT.glob(f"{top}.py"))
    }

    def module_of(name: str) -> str:
        while name and name not in modules:
            name = name.rpartition(".")[0]
        return name

    arrows = {
        module: set(map(module_of, names_imported(file))) - {""}
        for module, file in modules.items()
        if file.name != "__init__.py"  # a face hands on what its files define
    }
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the files


def test_every_part_has_its_floor() -> None:
    """A new package takes its place among the arrows before it is used."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert packages | modules == {part for part in PARTS if "." not in part}


def test_the_service_and_the_twins_stand_below_the_lab_and_the_measuring() -> None:
    above = {*LAB, "cluster", "planner", "loadtests"}
    assert not parts_below(*SERVICE, *TWINS) & above
    assert parts_below("session_auth", "token_auth") == set()
    assert not parts_below("session_auth.blueprint") & {"token_auth", "token_auth.blueprint"}
    assert not parts_below("token_auth.blueprint") & {"session_auth.blueprint"}


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
    assert verbs(SessionBlueprintGuard) == verbs(TokenBlueprintGuard) == {"identify"}
    assert verbs(session_guard.SessionGuard) - {"session", "data", "visit"} == verbs(token_guard.TokenGuard)
    shared = {"issue", "verify", "renew", "revoke", "list_logins", "end_login", "end_all", "set_role"}
    assert verbs(SessionCredential) == shared | {"open", "write", "login_of"}
    assert verbs(TokenCredential) == shared | {"read", "verify_refresh", "exchange"}
    of_the_lab = {"issue_for", "live_logins", "member_changed", "stored_records"}
    assert verbs(lab_sessions.MemberCredential) - verbs(SessionCredential) == of_the_lab
    assert verbs(lab_tokens.MemberCredential) - verbs(TokenCredential) == of_the_lab | {"admit"}


def files_where(is_so: Callable[[Path], object], *parts: str) -> set[str]:
    """Return the names of such files of these parts. The tests that travel with a core are left out."""
    files = {file for part in parts for file in files_of(part) if file.name != "contract.py"}
    return {file.relative_to(ROOT).as_posix() for file in files if is_so(file)}


def test_cookies_are_written_in_one_place() -> None:
    """There `SameSite`, `Secure`, `HttpOnly` and the prefix of every cookie are decided."""
    found = files_where(lambda file: WRITING_A_COOKIE.search(file.read_text()), *FLOORS, "app", "bench")
    assert found == WRITE_COOKIES


def test_only_the_lab_has_a_cookie_that_scripts_can_read() -> None:
    """SECURITY 16: `/storage/readable` lacks HttpOnly, as a lesson."""
    found = files_where(lambda file: "http_only=" in file.read_text(), *FLOORS, "app", "bench")
    assert found == {"lab/pages/storage/readable.py"}


@pytest.mark.parametrize(
    "line",
    [
        "response.set_cookie(name, value)",
        "after_this_request(partial(delete_cookie, name))",
        'response.headers["Set-Cookie"] = line',
        'response.headers.add("Set-Cookie", line)',
        'headers.append(("set-cookie", line))',
        'attributes = {"samesite": "Lax"}',
    ],
)
def test_a_cookie_written_in_another_way_is_found_too(line: str) -> None:
    assert WRITING_A_COOKIE.search(line)
    assert not WRITING_A_COOKIE.search('carried = answer.headers.get("Set-Cookie")')


def test_an_approach_is_data_and_is_mounted_in_one_place() -> None:
    assert not {"flask.Flask", "flask.Blueprint"} & set(names_imported(ROOT / "service/approach.py"))
    for kind in (Approach, SessionApproach, TokenApproach):
        with pytest.raises(FrozenInstanceError):
            kind.__new__(kind).facts = SESSION  # type: ignore[misc]


def test_flasks_session_is_adapted_in_one_file() -> None:
    """Routes and guard work with the credential."""
    found = files_where(
        lambda file: any(f"{name}.".startswith(FLASKS_SESSION) for name in names_imported(file)),
        *SERVICE,
        *TWINS,
        *LAB,
        "app",
    )
    assert found == {"session_auth/blueprint/interface.py"}


def test_the_pages_do_not_know_the_approaches() -> None:
    for file in files_of("service.pages"):
        assert "session_auth" not in file.read_text()
        assert "token_auth" not in file.read_text()


# Data and documents name what was measured; tests and stories are about particular approaches.
CODE = [
    path
    for kind in ("py", "js", "html", "css")
    for path in ROOT.rglob(f"*.{kind}")
    if not {"tests", "stories", "docs", "instance", "results", ".venv", "node_modules"}
    & set(path.relative_to(ROOT).parts)
]


def names_written_out(text: str) -> set[str]:
    """Return the approaches that a text names: in quotes, as a path, a colour or a key, but not in a reader's words."""
    return {
        name
        for name in BY_NAME
        if re.search(rf"""(?<!_\()(["'`])/?{name}(/|( \w+)?\1)|--{name}\b|^\W*{name}: ["'`{{[]""", text, re.MULTILINE)
    }


def test_an_approach_is_described_once() -> None:
    """Everything else is derived from the table, so that one more approach needs one more row."""
    naming = {path.relative_to(ROOT).as_posix() for path in CODE if len(names_written_out(path.read_text("utf-8"))) > 2}
    assert {"service/approaches.py", "static/css/tokens.css"} <= naming
    assert len(naming) <= 6, sorted(naming)
