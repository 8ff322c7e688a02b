"""Members, keys and sockets are in files that their owner alone can open, whatever made them and with what umask.

SECURITY 35.
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from app import create_app
from loadtests.__main__ import loadtests
from planner.commands import group as planner
from service.config import make_folder
from tests.conftest import config_in
from tests.support.visitor import Visitor, add_member


@pytest.fixture(params=[0o000, 0o022], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The umask that a shell or another application server starts us with."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def umask_now() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("lab", [True, False])
def test_an_app_makes_its_files_private_whatever_server_it_runs_in(tmp_path: Path, store_url: str, lab: bool) -> None:
    folder = tmp_path / "instance"
    app = create_app(config_in(folder, store_url, lab=lab))
    if not lab:
        add_member(app, "alice", "a password of her own")
    alice = Visitor(app, "session").login("alice", None if lab else "a password of her own")
    assert alice.post("notes", json={"text": "mine"}).status_code == 201
    made = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in [folder, *folder.rglob("*")]}
    app.extensions["database"].engine.dispose()
    assert made.pop("instance") == "0o700"
    assert {"lab.db", "lab.db-wal", "keys.json", "keys.json.lock"} <= made.keys()
    assert set(made.values()) == {"0o600"}


def test_the_instance_folder_is_its_owners_alone(tmp_path: Path) -> None:
    make_folder("INSTANCE_DIR", tmp_path / "instance")
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


ENTRANCES: dict[str, Callable[[Flask], click.Command | None]] = {
    "flask members": lambda app: app.cli.commands.get("members"),
    "flask keys": lambda app: app.cli.commands.get("keys"),
    "python -m loadtests": lambda _app: loadtests,
    "python -m planner": lambda _app: planner(),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_what_a_command_makes_is_its_owners_alone(
    app: Flask, umask: int, monkeypatch: pytest.MonkeyPatch, entrance: str
) -> None:
    group = ENTRANCES[entrance](app)
    assert isinstance(group, click.Group)
    seen: list[int] = []
    monkeypatch.setitem(group.commands, "look", click.Command("look", callback=lambda: seen.append(umask_now())))
    assert CliRunner().invoke(group, ["look"]).exit_code == 0
    assert seen == [0o077]
    assert umask_now() == umask  # and what called it in one process goes on as before
