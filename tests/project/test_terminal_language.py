"""What commands print follows the terminal's locale: Korean for a Korean one, else English."""

import ast
import os
import re
import subprocess
import sys
from argparse import __file__ as argparse_file
from io import BytesIO
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from service.terminal import LOCALE, _, columns, language, left, right
from tests.conftest import MakeApp

ROOT = Path(__file__).parents[2]
KOREAN = ROOT / "translations" / "ko" / "LC_MESSAGES"
HANGUL = re.compile("[가-힣]")
KO = "ko_KR.UTF-8"
MESSAGE = "there is no member named %(name)s"

# Prints every command and option that has no Korean help, of all commands there are.
WITHOUT_KOREAN = """
import re, click
from app import create_app
from lab.cluster.commands import cluster
from loadtests.__main__ import loadtests
from planner.commands import group

def walk(command, path):
    yield path, command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden and parameter.opts != ["--count"]:
            if parameter.opts != ["--role"]:
                yield f"{path} {parameter.opts[0]}", parameter.help
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{path} {name}")

shell = create_app().cli.commands
roots = {"cluster": cluster, "loadtests": loadtests, "planner": group()}
roots |= {name: shell[name] for name in ("keys", "members")}
found = [pair for name, command in roots.items() for pair in walk(command, name)]
assert len(found) > 80, len(found)
print([path for path, said in found if not re.search("[가-힣]", said or "")])
"""


@pytest.fixture
def locale(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a locale."""
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", LOCALE)
@pytest.mark.parametrize("value", ["ko", "ko_KR", KO, "ko_KR.eucKR", "ko_KR.UTF-8@hangul", "KO_kr.utf8"])
def test_each_of_the_three_variables_can_choose_korean(locale: pytest.MonkeyPatch, name: str, value: str) -> None:
    locale.setenv(name, value)
    assert language() == "ko"
    assert _(MESSAGE, name="dora") == "이름이 dora인 회원이 없습니다"


@pytest.mark.parametrize("value", ["", "C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "fr_FR.UTF-8", "kok_IN", "_", "."])
def test_any_other_locale_and_none_is_english(locale: pytest.MonkeyPatch, value: str) -> None:
    locale.setenv("LANG", value)
    assert language() == "en"
    assert _(MESSAGE, name="dora") == "there is no member named dora"


def test_the_first_variable_that_is_set_counts_and_an_empty_one_is_not_set(locale: pytest.MonkeyPatch) -> None:
    locale.setenv("LANG", KO)
    locale.setenv("LC_MESSAGES", "en_GB.UTF-8")
    assert language() == "en"
    locale.setenv("LC_ALL", KO)
    assert language() == "ko"
    locale.setenv("LC_ALL", "")
    assert language() == "en"


@pytest.mark.parametrize("value", [KO, "en_GB.UTF-8"])
def test_flask_commands_say_what_they_did_and_what_is_wrong(
    locale: pytest.MonkeyPatch, make_app: MakeApp, value: str
) -> None:
    locale.setenv("LC_ALL", value)
    runner = make_app().test_cli_runner()
    change, mistake = ["members", "set-role", "bob", "user"], ["members", "set-role", "eve", "user"]
    for arguments in (change, mistake, ["keys", "rotate"]):
        said = runner.invoke(args=arguments).output.splitlines()[-1]
        assert bool(HANGUL.search(said)) is (value == KO), said


def test_an_error_that_pages_tell_too_is_told_in_the_same_language(
    locale: pytest.MonkeyPatch, make_app: MakeApp
) -> None:
    locale.setenv("LC_ALL", KO)
    storeless = make_app(redis_url="redis://127.0.0.1:9/0").test_cli_runner()
    said = storeless.invoke(args=["members", "set-role", "bob", "user"]).output
    assert said.startswith("오류: 일부 로그인이 바뀌지 않았으니 다시 실행하십시오: ")
    assert not re.search("[a-z]+ [a-z]+ [a-z]+", said)


@pytest.mark.own_processes
def test_every_command_and_option_is_explained_in_korean(tmp_path: Path) -> None:
    assert _run(["-c", WITHOUT_KOREAN], tmp_path) == "[]"


@pytest.mark.own_processes
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["app.py", "--help"], "요청을 받을 포트 (기본값: 8000)"),
        (["app.py", "--port", "0"], "app.py: 오류: --port에는 1부터 65535까지의 수를 쓰십시오"),
        (["-m", "cluster", "state"], "오류: 여기서 실행 중인 실습실이 없습니다."),
        (["-m", "loadtests", "memory", "--users", "0"], "0: 범위 1<=x<=500 밖입니다."),
    ],
)
def test_a_mistake_is_told_in_korean(tmp_path: Path, command: list[str], said: str) -> None:
    assert said in _run(command, tmp_path)


@pytest.mark.own_processes
def test_a_bad_setting_is_told_in_korean(tmp_path: Path) -> None:
    said = _run(["app.py"], tmp_path, SESSION_IDLE_S="x")
    assert said == "app.py: SESSION_IDLE_S에 쓸 수 있는 값: 1부터 2592000까지의 정수"


def _run(command: list[str], folder: Path, **settings: str) -> str:
    environment = {**os.environ, "LC_ALL": KO, "PYTHONUTF8": "1", "INSTANCE_DIR": str(folder), **settings}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return f"{done.stdout}{done.stderr}".strip()


def test_hangul_takes_two_columns_in_a_table() -> None:
    assert columns("노드 1") == 6
    assert left("노드", 6) == "노드  "
    assert right("노드", 6) == "  노드"
    assert left("too long", 3) == "too long"


# -- the words of click and argparse


@pytest.fixture(scope="module")
def libraries() -> Catalog:
    with open(KOREAN / "terminal.po", "rb") as file:
        return read_po(file, locale="ko")


def test_what_is_translated_is_said_by_click_or_argparse(libraries: Catalog) -> None:
    files = [Path(argparse_file), *Path(click.__file__).parent.glob("*.py")]
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    said = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    ours = {text for message in libraries if message.id for text in _forms(message.id)}
    assert ours - said == set()


def _forms(id_: str | tuple[str, ...] | list[str]) -> list[str]:
    return [id_] if isinstance(id_, str) else list(id_)


def test_the_libraries_words_are_compiled(libraries: Catalog) -> None:
    again = BytesIO()
    write_mo(again, libraries)
    again.seek(0)
    with open(KOREAN / "terminal.mo", "rb") as file:
        assert _pairs(read_mo(file)) == _pairs(read_mo(again))


def _pairs(catalog: Catalog) -> dict[tuple[str, ...], list[str]]:
    return {tuple(_forms(message.id)): _forms(message.string) for message in catalog if message.id}
