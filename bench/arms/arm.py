"""What an arm is: an application, how to log in to it, and which page it guards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Literal

ALICE = {"id": "alice", "username": "alice", "role": "user"}
GUEST = {"id": "guest", "username": "guest", "role": "user"}

# Where an application finds what is made for one run of the benchmark: in its environment.
STORE_URL = "BENCH_STORE_URL"
FOLDER = "BENCH_FOLDER"  # databases, key rings


@dataclass(frozen=True)
class PythonApp:
    """A function without arguments that returns an application; `needs` are the packages that it imports."""

    factory: str  # "module:function"
    needs: tuple[str, ...] = ()
    interface: Literal["wsgi", "asgi"] = "wsgi"

    def missing(self) -> str | None:
        """Return the package that is not installed, or None."""
        return next((name for name in self.needs if find_spec(name) is None), None)


@dataclass(frozen=True)
class LabApp(PythonApp):
    """Ours: under Granian it runs as `python app.py --direct`, with these settings."""

    settings: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class NodeApp:
    """A script of `bench/node/`."""

    script: str


@dataclass(frozen=True)
class Arm:
    """One contender. `leaves_out` says what it does not do that `/session` or `/token` does, by keys of `left_out`."""

    name: str
    approach: Literal["open", "memory", "session", "token", "hybrid"]  # gives it its colour
    app: PythonApp | NodeApp
    leaves_out: tuple[str, ...] = ()
    documentation: str = ""
    page: str = "/profile"
    log_in: str = "/login"
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"username": "alice", "password": "wonderland"}, hash=False
    )
    member: Mapping[str, str] = field(default_factory=lambda: ALICE, hash=False)

    @cached_property
    def is_ours(self) -> bool:
        """Whether it is a path of this lab."""
        return isinstance(self.app, LabApp)

    @cached_property
    def is_guarded(self) -> bool:
        """Whether it refuses anybody."""
        return self.approach != "open"


def profile(approach: str, member: Mapping[str, str] = ALICE) -> dict[str, Any]:
    """Return the page that every arm answers with."""
    return {"member": dict(member), "approach": approach, "node": "node-1"}
