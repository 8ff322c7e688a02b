"""A lab of this machine, a lab on a network, and a supervisor that writes its commands down."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask

from lab.cluster.control import control_api
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.supervisor import Supervisor
from lab.controls.guard import SHARED_FILE
from tests.conftest import MakeApp, app_in
from tests.lab.controls.presses import CODE


class Recorded:
    """A supervisor that writes its commands down instead of carrying them out."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.commands: list[tuple[object, ...]] = []
        self.nodes = {"node-1": "running", "node-2": "running"}
        self.refusal: RefusedCommand | None = None

    def state(self) -> dict[str, Any]:
        return {"nodes": [{"name": name, "state": state} for name, state in self.nodes.items()]}

    def __getattr__(self, verb: str) -> Callable[..., None]:
        def carry_out(*what: object) -> None:
            if self.refusal:
                raise self.refusal
            self.commands.append((verb, *what))

        return carry_out


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture(scope="module")
def socket(recorded: Recorded) -> Iterator[Path]:
    """The real control API on a socket file whose path is short enough for every system."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        control_api(cast(Supervisor, recorded), Path(folder, "s")),
    ):
        yield Path(folder, "s")


@pytest.fixture
def supervisor(recorded: Recorded) -> Recorded:
    recorded.begin()
    return recorded


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, store_url: str, socket: Path) -> Iterator[Flask]:
    with app_in(tmp_path_factory.mktemp("lab"), store_url, control_socket=socket) as app:
        yield app


@pytest.fixture
def app(lab: Flask, supervisor: Recorded) -> Flask:
    """A lab on this machine only."""
    return lab


@pytest.fixture
def start_lan(make_app: MakeApp, socket: Path) -> Callable[[], Flask]:
    """Start a lab that a classroom reaches, as `--lan` does; what is started again is another lab."""

    def start() -> Flask:
        socket.with_name(SHARED_FILE).unlink(missing_ok=True)
        return make_app(control_socket=socket, instructor_code=CODE)

    return start


@pytest.fixture
def lan(start_lan: Callable[[], Flask]) -> Flask:
    return start_lan()
