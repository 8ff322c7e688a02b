"""`flask members …`: what it changes, and how it refuses."""

import os
import pty
import re
import select
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from lab import demo
from service.accounts import commands
from service.accounts.password_rules import MAX_PASSWORD, MIN_PASSWORD
from service.config import Config
from tests.conftest import MakeApp, MakeVisitor
from tests.support.aftermath import aftermath
from tests.support.lab_processes import ROOT
from tests.support.ports import free_port
from tests.support.stopwatch import GIVE_UP_S

Run = Callable[..., Result]
HORSE = "correct horse battery"


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
    for module in (demo, commands):
        monkeypatch.setattr(module, "hash_password", lambda password: hashed.append(password) or "a hash")
    return hashed


def only_line(refused: Result) -> str:
    """Return the one line that a refusal ends with; a usage line may stand above it."""
    assert refused.exit_code != 0
    return refused.stderr.splitlines()[-1]


@pytest.mark.parametrize("line", [HORSE, f"{HORSE}\n", f"{HORSE}\r\n", f"{HORSE}\nand more\n"])
def test_a_member_is_added_with_the_password_that_is_the_first_line_of_standard_input(
    run: Run, visitor: MakeVisitor, line: str
) -> None:
    added = run("add", "dave", "--role", "admin", input=line)
    assert (added.exit_code, added.output) == (0, "added dave (admin)\n")
    assert visitor("session").login("dave", HORSE).get("admin").status_code == 200


@pytest.mark.own_processes
def test_at_a_terminal_the_password_is_asked_for_until_it_is_typed_twice_and_never_shown(
    config: Config, app: Flask, visitor: MakeVisitor
) -> None:
    ours, theirs = pty.openpty()
    settings = {"DATABASE_URL": config.database_url, "KEY_RING_FILE": str(config.key_ring_file), "LAB": "0"}
    adding = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "members", "add", "dave"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # without a terminal of its own, it asks the one that it is given
    )
    aftermath().ends(adding.pid)
    assert adding.stdout is not None
    said = b""
    for asked, typed in enumerate((HORSE, f"not {HORSE}", HORSE, HORSE)):
        while len(re.findall(b"(?:Password|confirmation): ", said)) <= asked:
            more = os.read(adding.stdout.fileno(), 1000)
            assert more, said
            said += more
        os.write(ours, f"{typed}\n".encode())
    said += adding.communicate(timeout=GIVE_UP_S)[0]
    aftermath().forgets(adding.pid)
    echoed = select.select([ours], [], [], 0)[0]
    os.close(ours)
    os.close(theirs)
    assert (adding.returncode, said.decode().splitlines()[-1]) == (0, "added dave (user)"), said
    assert b"horse" not in said
    assert not echoed
    assert visitor("token").login("dave", HORSE).who() == "dave"


@pytest.mark.parametrize("command", ["add", "set-password"])
@pytest.mark.parametrize("option", [["--password", HORSE], [f"--password={HORSE}"], ["--password="]])
def test_a_password_on_the_command_line_is_refused_with_what_to_do_instead(
    run: Run, visitor: MakeVisitor, command: str, option: list[str]
) -> None:
    """Every user of the machine could read it in the list of processes, and the shell keeps it."""
    refused = run(command, "dave", *option, input=f"{HORSE}\n")
    assert refused.exit_code == 2
    assert "the command prompts for the password, or reads it from standard input" in only_line(refused)
    assert "horse" not in refused.output
    assert visitor("token").try_login("dave", HORSE).status_code == 401
    assert "--password" not in run(command, "--help").output


def test_a_taken_name_is_refused(run: Run) -> None:
    assert only_line(run("add", "alice", input=HORSE)) == "Error: there is a member named alice already"


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\udcff", "x" * 65, "\u202ea"])
@pytest.mark.parametrize("command", ["add", "disable", "set-password"])
def test_what_is_no_name_is_refused(run: Run, command: str, name: str) -> None:
    refused = run(command, name, input=HORSE)
    assert refused.exit_code == 2
    assert only_line(refused).endswith("a name must have 1 to 64 printable characters")


@pytest.mark.parametrize("name", [" dave", "dave ", "Dave  Hill", "😀", "שdave"])
def test_a_name_that_looks_like_another_or_like_nothing_is_not_added(run: Run, name: str) -> None:
    refused = run("add", name, input=HORSE)
    assert refused.exit_code == 2
    assert "a name may contain letters, digits and ASCII signs, with one space between words" in only_line(refused)


LENGTH = f"Error: a password must have {MIN_PASSWORD} to {MAX_PASSWORD} characters; several words are fine"
NO_TEXT = "Error: the password contains a character that is not text"
EASY = "Error: the password consists only of the member's name and words that this lab publishes"
BAD_PASSWORDS = {
    "no line": (b"", LENGTH),
    "an empty line": (b"\n", LENGTH),
    "a short one": (b"x" * 14, LENGTH),
    "short, and long decomposed": (("e\u0301" * 14).encode(), LENGTH),
    "a long one": (b"x" * 257, LENGTH),
    "a very long one": (b"x" * 1_000_000, LENGTH),
    "a NUL": (b"a long password\0", NO_TEXT),
    "a tab": (b"a long\tpassword", NO_TEXT),
    "nothing that is seen": ("a long password\u200b".encode(), NO_TEXT),
    "not UTF-8": (b"a long password\xff", "Error: the password is not UTF-8"),
    "the name, again and again": (b"alicealicealicealice", EASY),
    "the name in capitals": (b"AliceALICEaliceAlice", EASY),
    "the name and a password of the lab": (b"alicewonderland", EASY),
    "passwords of the lab": (b"builderclassroomload", EASY),
    "the word for it": (b"passwordPassword", EASY),
    "spaces between": (b"  wonderland  password", EASY),
}


@pytest.mark.parametrize(("line", "said"), BAD_PASSWORDS.values(), ids=BAD_PASSWORDS)
def test_a_password_that_is_easy_to_guess_or_that_no_form_takes_is_refused(
    run: Run, visitor: MakeVisitor, line: bytes, said: str
) -> None:
    """NIST SP 800-63B-4 §3.1.1.2."""
    assert only_line(run("set-password", "alice", input=line)) == said
    assert visitor("token").login("alice").who() == "alice"  # by the old one, which is shorter than a new one may be


@pytest.mark.parametrize(
    "password", ["x" * 15, "힣" * 15, "1" * 256, "😀" * 15, "alice likes wonderland", " " * 14 + "x"]
)
def test_there_is_no_rule_on_what_characters_a_password_holds(run: Run, visitor: MakeVisitor, password: str) -> None:
    """NIST SP 800-63B-4 §3.1.1.2."""
    assert run("set-password", "alice", input=f"{password}\n").exit_code == 0
    assert visitor("token").login("alice", password).who() == "alice"


@pytest.mark.parametrize("command", [("add", "dave", "--role"), ("set-role", "alice")])
def test_an_unknown_role_is_refused(run: Run, command: tuple[str, ...]) -> None:
    refused = run(*command, "root")
    assert refused.exit_code == 2
    assert "'root' is not one of 'user', 'admin'" in only_line(refused)


@pytest.mark.parametrize("command", [("disable",), ("set-role", "admin"), ("set-password",)])
def test_an_unknown_member_is_refused(run: Run, command: tuple[str, ...]) -> None:
    arguments = [command[0], "nobody", *command[1:]]
    assert only_line(run(*arguments, input=HORSE)) == "Error: there is no member named nobody"


def test_disabling_with_the_store_down_says_so_and_is_repeatable(
    run: Run, make_app: MakeApp, visitor: MakeVisitor
) -> None:
    alice = visitor("session").login("alice")
    cut_off = make_app(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    for _ in range(2):
        refused = run("disable", "alice", of=cut_off)
        assert only_line(refused).startswith("Error: not all logins were changed, so run it again: ")
    assert visitor("token").try_login("alice").status_code == 401  # what could be done is done
    assert alice.who() == "alice"
    assert run("disable", "alice").exit_code == 0
    assert alice.who() is None
    assert run("disable", "alice").exit_code == 0


@pytest.mark.parametrize(
    "command", [("add", "dave"), ("set-password", "bob"), ("seed", "--count", "1001"), ("disable", "bob")]
)
def test_a_locked_database_is_said_in_one_line(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(tmp_path / "lab.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = run(*command, input=HORSE)
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
