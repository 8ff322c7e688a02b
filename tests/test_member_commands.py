"""`flask members …`: what it changes, and how it refuses."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

import accounts.commands
import accounts.demo
from tests.conftest import MakeApp, MakeVisitor
from tests.ports import free_port

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Type a command: `run("disable", "alice")`. A fault of ours is raised, and never taken for an exit code."""
    return lambda *arguments, of=app, **options: of.test_cli_runner().invoke(
        args=["members", *arguments], catch_exceptions=False, **options
    )


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that are hashed."""
    hashed: list[str] = []
    for module in (accounts.demo, accounts.commands):
        monkeypatch.setattr(module, "hash_password", lambda password: hashed.append(password) or "a hash")
    return hashed


def only_line(refused: Result) -> str:
    """Return the one line that a refusal ends with; a usage line may stand above it."""
    assert refused.exit_code != 0
    return refused.stderr.splitlines()[-1]


def test_a_member_is_added_and_can_log_in(run: Run, visitor: MakeVisitor) -> None:
    added = run("add", "dave", "--role", "admin", "--password", "correct horse")
    assert (added.exit_code, added.output) == (0, "added dave (admin)\n")
    assert visitor("session").login("dave", "correct horse").get("admin").status_code == 200


def test_the_password_is_asked_for_twice_and_not_shown(run: Run, visitor: MakeVisitor) -> None:
    added = run("add", "dave", input="correct horse\ncorrect horse\n")
    assert added.exit_code == 0
    assert "horse" not in added.output
    assert visitor("token").login("dave", "correct horse").who() == "dave"


def test_a_taken_name_is_refused(run: Run) -> None:
    assert only_line(run("add", "alice", "--password", "x")) == "Error: there is a member named alice already"


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\udcff", "x" * 65])
@pytest.mark.parametrize("command", [("add", "--password", "x"), ("disable",), ("set-password", "--password", "x")])
def test_what_is_no_name_is_refused(run: Run, command: tuple[str, ...], name: str) -> None:
    refused = run(command[0], name, *command[1:])
    assert refused.exit_code == 2
    assert only_line(refused).endswith("a name takes 1 to 64 printable characters")


@pytest.mark.parametrize("password", ["", "x" * 257, "a\0b", "\udcff"])
@pytest.mark.parametrize("command", ["add", "set-password"])
def test_a_password_that_no_form_takes_is_refused(run: Run, command: str, password: str) -> None:
    name = "dave" if command == "add" else "alice"
    assert only_line(run(command, name, f"--password={password}")).startswith("Error: ")


@pytest.mark.parametrize("command", [("add", "dave", "--password", "x", "--role"), ("set-role", "alice")])
def test_an_unknown_role_is_refused(run: Run, command: tuple[str, ...]) -> None:
    refused = run(*command, "root")
    assert refused.exit_code == 2
    assert "'root' is not one of 'user', 'admin'" in only_line(refused)


@pytest.mark.parametrize("command", [("disable",), ("set-role", "admin"), ("set-password", "--password=x")])
def test_an_unknown_member_is_refused(run: Run, command: tuple[str, ...]) -> None:
    arguments = [command[0], "nobody", *command[1:]]
    assert only_line(run(*arguments)) == "Error: there is no member named nobody"


def test_disabling_with_the_store_down_says_so_and_is_repeatable(
    run: Run, make_app: MakeApp, visitor: MakeVisitor
) -> None:
    alice = visitor("session").login("alice")
    cut_off = make_app(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    for _ in range(2):
        refused = run("disable", "alice", of=cut_off)
        assert only_line(refused).startswith("Error: not everything was reached, so run it again: ")
    assert visitor("token").try_login("alice").status_code == 401  # what could be done is done
    assert alice.who() == "alice"
    assert run("disable", "alice").exit_code == 0
    assert alice.who() is None
    assert run("disable", "alice").exit_code == 0


@pytest.mark.parametrize(
    "command", [("add", "dave", "--password", "x"), ("seed", "--count", "1001"), ("disable", "bob")]
)
def test_a_locked_database_is_said_in_one_line(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(tmp_path / "lab.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = run(*command)
    assert "The member database does not answer." in only_line(refused)


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_seeding_hashes_one_password_for_all(
    make_app: MakeApp, run: Run, hashes: list[str], tmp_path: Path, count: int
) -> None:
    empty = make_app(database_url=f"sqlite:///{tmp_path / 'empty.db'}", lab=False)
    seeded = run("seed", "--count", str(count), of=empty)
    assert (seeded.exit_code, seeded.output) == (0, f"added {count} load members\n")
    assert hashes == ["load"]
    assert run("seed", "--count", str(count), of=empty).output == "added 0 load members\n"
    assert hashes == ["load"]


def test_seeding_more_adds_only_the_missing(run: Run, visitor: MakeVisitor) -> None:
    assert run("seed", "--count", "1003").output == "added 3 load members\n"
    assert visitor("token").login("load-1003").who() == "load-1003"


@pytest.mark.parametrize("count", ["0", "-1", "1000001", "many"])
def test_a_senseless_count_is_refused(run: Run, count: str) -> None:
    assert run("seed", "--count", count).exit_code == 2
