"""Each core, copied or installed by itself, keeps its contract and loads nothing else of the project."""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import create_engine

from service import config
from session_auth import RedisSessions, Sessions
from tests.support.faulty_store import FaultyStore
from token_auth import KeyRing, RefreshTokens, Tokens, keys

ROOT = Path(__file__).parents[2]
PARTS = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
PACKAGES = {"redis", "msgspec", "jwt", "sqlalchemy"}
PACKAGES |= {"flask_session", "flask_babel", "argon2"}


@dataclass(frozen=True)
class Twin:
    """A core, and the packages that its `pyproject.toml` names."""

    name: str
    needed: frozenset[str]

    @property
    def refused(self) -> set[str]:
        """The rest of the project, and what only that needs."""
        return PARTS - {self.name} | PACKAGES - self.needed

    def __str__(self) -> str:
        return self.name


SESSIONS = Twin("session_auth", frozenset({"flask", "redis", "msgspec"}))
TOKENS = Twin("token_auth", frozenset({"flask", "jwt", "msgspec", "sqlalchemy"}))
each_twin = pytest.mark.parametrize("twin", [SESSIONS, TOKENS], ids=str)

# In an interpreter that has no path but the copy's and the packages': neither ours nor what only the lab needs.
ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r} or name.startswith("{package}.blueprint"):
            raise ModuleNotFoundError(f"{{name}} is not there", name=name)

sys.meta_path.insert(0, Nothing())
sys.path.insert(0, {copy!r})
"""
CONTRACT = """
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", {copy!r}, {contract!r}]))
"""
EVERY_FILE = """
import importlib, pkgutil, {package}
for module in pkgutil.iter_modules({package}.__path__):
    if module.name != "contract":
        importlib.import_module("{package}." + module.name)
print({package}.__file__, *sys.modules)
"""
ON_WINDOWS = """
import types, {needed}
sys.platform, sys.modules["fcntl"], sys.modules["msvcrt"] = "win32", None, types.ModuleType("msvcrt")
import {package}
"""


def copy_core(twin: Twin, folder: Path) -> Path:
    """Copy what the docs say: the Python files beside each other, and the folders but `blueprint`."""
    return shutil.copytree(
        ROOT / twin.name, folder / twin.name, ignore=shutil.ignore_patterns("__pycache__", "blueprint", "*.toml")
    )


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))
    }
    done = subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_alone(twin: Twin, folder: Path, program: str, **variables: str) -> str:
    copy = copy_core(twin, folder)
    names = {
        "refused": twin.refused,
        "needed": ", ".join(sorted(twin.needed)),
        "package": twin.name,
        "copy": str(folder),
        "contract": str(copy / "contract.py"),
    }
    return run(sys.executable, "-I", "-c", (ALONE + program).format(**names), folder=folder, **variables)


@each_twin
@pytest.mark.own_processes
def test_a_copy_of_the_core_keeps_its_contract_without_the_rest(twin: Twin, tmp_path: Path, store_url: str) -> None:
    assert "passed" in run_alone(twin, tmp_path, CONTRACT, REDIS_URL=store_url)


@each_twin
@pytest.mark.nightly
@pytest.mark.own_processes
def test_an_installed_core_keeps_its_contract_without_the_rest(twin: Twin, tmp_path: Path, store_url: str) -> None:
    """`pip install ./session_auth` into an environment with nothing in it; and so `./token_auth`."""
    source = shutil.copytree(ROOT / twin.name, tmp_path / "source", ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", f"{source}[contract]", folder=tmp_path)
    alone = f"import {twin.name}, importlib.util as u; assert u.find_spec('{twin.name}.blueprint') is None"
    run(python, "-I", "-c", alone, folder=tmp_path)
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", f"{twin.name}.contract")
    run(python, *command, folder=tmp_path, REDIS_URL=store_url)


@each_twin
@pytest.mark.own_processes
def test_the_core_needs_its_packages_and_no_more(twin: Twin, tmp_path: Path) -> None:
    """What its files load, also those that the face imports only when it needs them; without `contract`, a test."""
    file, *modules = run_alone(twin, tmp_path, EVERY_FILE).split()
    assert file == str(tmp_path / twin.name / "__init__.py")
    loaded = {name.split(".")[0] for name in modules}
    assert loaded >= twin.needed
    assert not loaded & (twin.refused | {"pytest"})


@each_twin
@pytest.mark.own_processes
def test_a_system_without_fcntl_can_import_it(twin: Twin, tmp_path: Path) -> None:
    """Windows has none."""
    run_alone(twin, tmp_path, ON_WINDOWS)


def test_the_core_and_the_settings_name_the_same_algorithms_and_bounds() -> None:
    """Each has a definition of its own: the core imports nothing of the project."""
    assert (keys.Algorithm, keys.DAY_S, keys.YEAR_S) == (config.Algorithm, config.DAY_S, config.YEAR_S)


def test_both_guard_pages_of_one_app(tmp_path: Path, store_url: str) -> None:
    app = Flask("app")
    sessions = Sessions(RedisSessions(store_url, f"test-{uuid4().hex[:12]}:"))
    store = RefreshTokens(create_engine(f"sqlite:///{tmp_path / 'app.db'}"))
    store.create_tables()
    tokens = Tokens(KeyRing(tmp_path / "keys.json"), store, issuer="https://example.org", role_of=lambda _id: "user")
    sessions.init_app(app)
    tokens.init_app(app)
    app.add_url_rule("/in", view_func=lambda: {**tokens.log_in(7).view(), "by": sessions.log_in(8, "user").login_id})
    app.add_url_rule("/page", view_func=sessions.required()(lambda: sessions.current().user_id), endpoint="page")
    app.add_url_rule("/api", view_func=tokens.required()(lambda: tokens.current().user_id), endpoint="api")
    browser, program = app.test_client(), app.test_client()
    access = browser.get("/in").get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {access}"}
    assert (browser.get("/page").text, program.get("/api", headers=bearer).text) == ("8", "7")
    refused = browser.get("/api"), program.get("/page", headers=bearer)
    assert [(answer.status_code, answer.get_json()["code"]) for answer in refused] == [(401, "no_credentials")] * 2
    assert ["WWW-Authenticate" in answer.headers for answer in refused] == [True, False]
    sessions.end_all(8)


def test_data_that_the_store_does_not_take_is_a_503_and_the_login_stays(
    faulty: FaultyStore, redis: Redis, store_url: str
) -> None:
    """Saving comes after the view, where Flask hands no error to a handler."""
    app, prefix = Flask("app"), f"test-{uuid4().hex[:12]}:"
    sessions = Sessions(RedisSessions(faulty.url, prefix))
    sessions.init_app(app)
    app.add_url_rule("/login", view_func=lambda: sessions.log_in("alice", "user").user_id)

    @app.post("/cut")
    @sessions.required()
    def cut() -> str:
        sessions.data["colour"] = "red"
        faulty.refuse()
        return "done"

    client = app.test_client()
    client.get("/login")
    answer = client.post("/cut")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert client.get_cookie("sid") is not None
    Sessions(RedisSessions(store_url, prefix)).end_all("alice")
    assert [*redis.scan_iter(match=f"{prefix}*")] == []


def wiring(twin: Twin, file: str = "take-it-with-you.md") -> str:
    """Return the Python of the half that is about this twin."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / file).read_text(), re.DOTALL)
    [block] = [block for block in blocks if f"from {twin.name}" in block]
    return str(block)


def test_the_wiring_of_sessions_works_as_it_stands(monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    monkeypatch.setenv("REDIS_URL", store_url)
    users = {"alice": SimpleNamespace(id=uuid4(), role="user"), "carol": SimpleNamespace(id=uuid4(), role="admin")}
    names: dict[str, Any] = {"__name__": "app", "check_password": lambda name, _password: users.get(name)}
    exec(wiring(SESSIONS), names)
    alice, carol, nobody = (names["app"].test_client() for _ in range(3))
    assert nobody.post("/login", data={"name": "mallory", "password": "guess"}).status_code == 401
    for name, client in (("alice", alice), ("carol", carol)):
        assert client.post("/login", data={"name": name, "password": "right"}).status_code == 200
    alice.post("/cart/apple")
    assert alice.post("/cart/pear").get_json() == ["apple", "pear"]
    assert [client.get("/admin").status_code for client in (alice, carol, nobody)] == [403, 200, 401]
    assert alice.post("/logout").status_code == 204
    assert alice.post("/cart/apple").get_json() == {"error": "Not logged in."}
    names["sessions"].end_all(users["carol"].id)
    assert carol.get("/admin").get_json() == {"error": "This session is not known, or has ended."}


def test_the_wiring_of_tokens_works_as_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    users = {"alice": SimpleNamespace(id=uuid4(), role="user"), "carol": SimpleNamespace(id=7, role="admin")}
    roles = {str(user.id): user.role for user in users.values()}
    names: dict[str, Any] = {"__name__": "app", "role_of": roles.get}
    names["check_password"] = lambda name, _password: users.get(name)
    exec(wiring(TOKENS), names)
    client = names["app"].test_client()
    assert client.post("/login", data={"name": "mallory", "password": "guess"}).status_code == 401
    pairs = [client.post("/login", data={"name": name, "password": "right"}).get_json() for name in users]
    bearers = [{"Authorization": f"Bearer {pair['access_token']}"} for pair in pairs]
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=bearers[1]).get_json() == {"user_id": "7"}
    assert [client.get("/admin", headers=bearer).status_code for bearer in bearers] == [403, 200]
    sent = [{"refresh_token": pair["refresh_token"]} for pair in pairs]
    asked = [client.post(path, data=sent[0]).status_code for path in ("/refresh", "/logout", "/refresh")]
    assert asked == [200, 204, 401]
    names["tokens"].end_all(users["carol"].id)
    assert client.post("/refresh", data=sent[1]).get_json()["code"] == "refresh_invalid"


@each_twin
def test_both_languages_show_the_same_wiring(twin: Twin) -> None:
    assert wiring(twin) == wiring(twin, "take-it-with-you.ko.md")
