"""`flask keys …` from the terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from service.config import Config
from tests.conftest import MakeApp
from tests.support.visitor import Visitor
from token_auth.key_ring import read_ring


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["keys", *arguments])


@pytest.fixture
def kid(config: Config, app: Flask) -> str:
    return read_ring(config.key_ring_file).active.kid


def test_list_shows_every_key_and_no_secret(app: Flask, config: Config, kid: str) -> None:
    run(app, "rotate")
    listed = run(app, "list")
    assert listed.exit_code == 0
    lines = [line.split() for line in listed.output.splitlines()]
    assert [line[1:3] for line in lines] == [["HS256", "retired"], ["HS256", "active"]]
    assert lines[0][0] == kid
    assert [line[4] for line in lines] == [lines[1][3], "-"]  # the first signed until the second was made
    assert not [key.jwk["k"] for key in read_ring(config.key_ring_file).keys if key.jwk["k"] in listed.output]


@pytest.mark.parametrize(("command", "state", "who"), [("retire", "retired", "alice"), ("revoke", "revoked", None)])
def test_a_key_is_changed_and_its_tokens_follow(
    app: Flask, kid: str, command: str, state: str, who: str | None
) -> None:
    alice = Visitor(app, "token").login("alice")
    changed = run(app, command, kid)
    assert changed.exit_code == 0
    assert re.search(rf"^{kid} +HS256 +{state} ", changed.output)
    assert changed.output.count("active") == 1
    assert alice.who() == who
    assert Visitor(app, "token").login("alice").who() == "alice"


@pytest.mark.parametrize("command", [("rotate",), ("retire", "KID"), ("revoke", "KID")])
def test_a_change_ends_by_saying_which_nodes_follow(
    app: Flask, config: Config, kid: str, command: tuple[str, ...]
) -> None:
    """`revoked` and exit code 0 said nothing of nodes that could not read the new file."""
    file = config.key_ring_file
    said = run(app, *(word.replace("KID", kid) for word in command)).output.splitlines()
    assert said[-1] == f"Nodes that read {file} as {file.owner()} follow within a second."
    file.chmod(0o640)
    assert run(app, "rotate").output.splitlines()[-1].count(f"{file.owner()} or the group {file.group()} follow") == 1


def test_a_rotation_takes_an_algorithm(app: Flask, kid: str) -> None:
    assert re.search(r"EdDSA +active ", run(app, "rotate", "--algorithm", "EdDSA").output)
    assert re.search(r"HS256 +active ", run(app, "rotate").output)
    refused = run(app, "rotate", "--algorithm", "none")
    assert refused.exit_code == 2
    assert "HS256" in refused.output


def test_a_key_is_deleted_only_when_nothing_that_it_signed_is_valid(app: Flask, kid: str) -> None:
    for command in ("list", "rotate"):  # while it signs, and while it is retired
        run(app, command)
        refused = run(app, "delete", kid)
        assert (refused.exit_code, refused.output) == (
            1,
            f"Error: tokens of {kid} may still be valid; revoke it first\n",
        )
    run(app, "revoke", kid)
    deleted = run(app, "delete", kid)
    assert deleted.exit_code == 0
    assert kid not in deleted.output
    assert deleted.output.count("active") == 1


@pytest.mark.parametrize("command", ["retire", "revoke", "delete"])
@pytest.mark.parametrize("unknown", ["k-nowhere", "", "../keys.json", "K-1"])
def test_an_unknown_key_is_a_clear_error(app: Flask, config: Config, kid: str, command: str, unknown: str) -> None:
    before = config.key_ring_file.read_bytes()
    refused = run(app, command, unknown)
    assert refused.exit_code == 1
    assert refused.output == f"Error: there is no key {unknown!r}; `flask keys list` shows them\n"
    assert config.key_ring_file.read_bytes() == before


def test_a_forgotten_key_id_is_a_usage_error(app: Flask) -> None:
    for command in ("retire", "revoke", "delete"):
        assert run(app, command).exit_code == 2


@pytest.mark.own_processes
def test_a_ring_that_cannot_be_used_is_one_line_on_the_terminal(config: Config, tmp_path: Path) -> None:
    """Faults: key ring file torn."""
    config.key_ring_file.write_text("{")
    environment = {**os.environ, "KEY_RING_FILE": str(config.key_ring_file), "DATABASE_URL": config.database_url}
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "keys", "list"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"Error: KEY_RING_FILE: {config.key_ring_file} is not a key ring\n"


def test_a_command_with_another_algorithm_set_changes_no_key(make_app: MakeApp, config: Config) -> None:
    """`flask members …` in a shell without JWT_ALGORITHM retired the key of a lab that signs by EdDSA."""
    lab = make_app(jwt_algorithm="EdDSA")
    Visitor(lab, "token").login("alice")
    before = read_ring(config.key_ring_file)
    shell = make_app(jwt_algorithm="HS256")
    run(shell, "list")
    shell.test_cli_runner().invoke(args=["members", "set-role", "bob", "user"])
    assert read_ring(config.key_ring_file) == before
    assert before.active.alg == "EdDSA"
