"""An arm: an application, how to log in to it, and its guarded page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Literal

from service.approaches import OPEN

ALICE = {"id": "alice", "username": "alice", "role": "user"}
GUEST = {"id": "guest", "username": "guest", "role": "user"}

# Environment variables with the resources of one run.
STORE_URL = "BENCH_STORE_URL"
FOLDER = "BENCH_FOLDER"  # databases, key rings


@dataclass(frozen=True)
class PythonApp:
    """A function without arguments that returns an application. `needs`: the packages that it imports."""

    factory: str  # "module:function"
    needs: tuple[str, ...] = ()
    interface: Literal["wsgi", "asgi"] = "wsgi"

    def missing(self) -> str | None:
        """Return a package that is not installed, or None."""
        return next((name for name in self.needs if find_spec(name) is None), None)


@dataclass(frozen=True)
class LabApp(PythonApp):
    """Our application. Under Granian it runs as `python app.py --direct`, with these settings."""

    settings: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class NodeApp:
    """A script of `bench/node/`."""

    script: str


@dataclass(frozen=True)
class Arm:
    """One measured application. `leaves_out`: features of `/session` or `/token` that it lacks, keys of `left_out`.

    `instructions`: those of a request above bare Flask, as a multiple of bare Flask's (see `bench.instructions`).
    """

    name: str
    approach: str  # the approach of the lab that it is or resembles: decides its colour
    app: PythonApp | NodeApp
    leaves_out: tuple[str, ...] = ()
    documentation: str = ""
    instructions: float | None = None
    page: str = "/profile"
    log_in: str = "/login"
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"username": "alice", "password": "wonderland"}, hash=False
    )
    member: Mapping[str, str] = field(default_factory=lambda: ALICE, hash=False)

    @cached_property
    def is_ours(self) -> bool:
        """Whether it is an approach of this lab."""
        return isinstance(self.app, LabApp)

    @cached_property
    def is_guarded(self) -> bool:
        """Whether it refuses any request."""
        return self.approach != OPEN.name


def profile(approach: str, member: Mapping[str, str] = ALICE) -> dict[str, Any]:
    """Return the page with which every arm answers."""
    return {"member": dict(member), "approach": approach, "node": "node-1"}
