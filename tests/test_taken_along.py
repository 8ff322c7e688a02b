"""The core of sessions, copied or installed by itself, keeps its contract and loads nothing else of the project."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis

from session_auth import RedisSessions, Sessions
from tests.faulty_store import FaultyStore

ROOT = Path(__file__).parents[1]
CORE = ROOT / "session_auth"
NEEDED = {"flask", "redis", "msgspec"}  # by name, as `pyproject.toml` says
OF_THE_LAB = {"flask_session", "flask_babel", "pydantic", "pydantic_settings", "sqlalchemy", "argon2", "limits", "jwt"}

# In an interpreter that has no path but the copy's and the packages': neither ours nor what only the lab needs.
RUN = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r} or name.startswith("session_auth.blueprint"):
            raise ModuleNotFoundError(f"{{name}} is not there", name=name)

sys.meta_path.insert(0, Nothing())
sys.path.insert(0, {copy!r})
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", {copy!r}, {contract!r}]))
"""


def copy_core(folder: Path) -> Path:
    """Copy what the docs say: the Python files beside each other, and the store's client."""
    copy = folder / "session_auth"
    copy.mkdir()
    for file in CORE.glob("*.py"):
        shutil.copy(file, copy)
    shutil.copytree(CORE / "store_client", copy / "store_client", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(*command: str | Path, folder: Path, **variables: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))
    }
    done = subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.own_processes
def test_a_copy_of_the_core_keeps_its_contract_without_the_rest(tmp_path: Path, store_url: str) -> None:
    copy = copy_core(tmp_path)
    ours = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    refused = ours - {"session_auth"} | OF_THE_LAB
    program = RUN.format(refused=refused, copy=str(tmp_path), contract=str(copy / "contract.py"))
    run(sys.executable, "-I", "-c", program, folder=tmp_path, REDIS_URL=store_url)


@pytest.mark.nightly
@pytest.mark.own_processes
def test_an_installed_core_keeps_its_contract_without_the_rest(tmp_path: Path, store_url: str) -> None:
    """`pip install ./session_auth` into an environment with nothing in it."""
    source = shutil.copytree(CORE, tmp_path / "source", ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", f"{source}[contract]", folder=tmp_path)
    alone = "import session_auth, importlib.util as u; assert u.find_spec('session_auth.blueprint') is None"
    run(python, "-I", "-c", alone, folder=tmp_path)
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "session_auth.contract")
    run(python, *command, folder=tmp_path, REDIS_URL=store_url)


def test_the_core_needs_its_three_packages_and_no_more(tmp_path: Path) -> None:
    """What an import of the face loads: its own files, and what Flask, redis and msgspec bring."""
    copy_core(tmp_path)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import session_auth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded >= NEEDED
    assert not loaded & (OF_THE_LAB | {"pytest"})


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


def wiring(file: str) -> str:
    """Return the Python of the half that is about sessions."""
    [block] = [
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / file).read_text(), re.DOTALL)
        if "from session_auth" in block
    ]
    return str(block)


def test_the_wiring_in_the_docs_works_as_it_stands(monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    monkeypatch.setenv("REDIS_URL", store_url)
    users = {"alice": SimpleNamespace(id=uuid4(), role="user"), "carol": SimpleNamespace(id=uuid4(), role="admin")}
    names: dict[str, Any] = {"__name__": "app", "check_password": lambda name, _password: users.get(name)}
    exec(wiring("take-it-with-you.md"), names)
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


def test_both_languages_show_the_same_wiring() -> None:
    assert wiring("take-it-with-you.md") == wiring("take-it-with-you.ko.md")
