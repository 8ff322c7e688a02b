"""Description of the machine of a run, and the versions of the measured packages."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bench.node_peers import LOCK
from loadtests import machine

PEERS = (
    *("flask-jwt-extended", "flask-login", "django", "djangorestframework", "djangorestframework-simplejwt"),
    *("starlette", "fastapi", "gunicorn"),
)


def describe() -> dict[str, Any]:
    """Return the machine, with the versions of installed peers."""
    said = machine.describe()
    return {**said, "packages": {**said["packages"], **_python()}, "node": _node()}


def typed(module: str, arguments: Sequence[str] | None) -> str:
    """Return the command line, without the output folder, which readers do not need."""
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    if "--out" in given:
        place = given.index("--out")
        del given[place : place + 2]
    return shlex.join(["python", "-m", module, *given])


def _python() -> dict[str, str]:
    there = {}
    for name in PEERS:
        try:
            there[name] = version(name)
        except PackageNotFoundError:
            continue
    return there


def _node() -> dict[str, str]:
    """Return the versions of Node.js and its packages; nothing without Node.js."""
    node = shutil.which("node")
    if node is None:
        return {}
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    locked = json.loads(LOCK.read_text())["packages"]
    return {"node": said, **{name: locked[f"node_modules/{name}"]["version"] for name in locked[""]["dependencies"]}}
