"""A real lab in a process of its own, and the system's Chromium in front of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response

from cluster.embedded_store import free_port

ROOT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
STARTS_WITHIN_S = 60
# A browser that talks to nobody but the lab.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the system's Chromium: nothing is downloaded."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH; install the system's own, for example: apt-get install chromium")
    sandbox = ("--no-sandbox",) if os.getuid() == 0 else ()  # Chromium has no sandbox for root
    return {**browser_type_launch_args, "executable_path": found, "args": [*sandbox, *ARGUMENTS]}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Iterator[str]:
    """Run the lab with a member database and keys of its own; give its address, and end it with SIGTERM."""
    folder = tmp_path_factory.mktemp("lab")
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(free_port())],
        cwd=ROOT,
        env=_environment(folder, store_url),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _ready_address(process)
    finally:
        process.terminate()
        process.communicate(timeout=STARTS_WITHIN_S)


@pytest.fixture(scope="session")
def base_url(lab: str) -> str:
    """Make every path a path of the lab."""
    return lab


def _environment(folder: Path, store_url: str) -> dict[str, str]:
    own = {
        "LAB": "1",
        "REDIS_URL": store_url,
        "STORE_PREFIX": "browser-test:",
        "DATABASE_URL": f"sqlite:///{folder / 'lab.db'}",
        "KEY_RING_FILE": str(folder / "keys.json"),
    }
    return {**os.environ, **own}


def _ready_address(process: "subprocess.Popen[str]") -> str:
    """Return the address of the `Ready:` line, before which a lab may say other things."""
    assert process.stdout is not None
    too_late = Timer(STARTS_WITHIN_S, process.kill)
    too_late.start()
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ready: "):
                return line.removeprefix("Ready: ").strip()
    finally:
        too_late.cancel()
    raise AssertionError(f"the lab did not start: {''.join(said)}")


@dataclass
class Complaints:
    """Whatever a browser finds wrong with the pages it shows: console errors (a CSP violation is one), failures."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":
            return  # the page was left before all of it had come; what cannot be had fails in another way
        self.found.append(f"failed: {request.method} {request.url} ({request.failure})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status}: {response.request.method} {response.url}")


@pytest.fixture
def complaints(page: Page) -> Complaints:
    """Collect what the browser complains about from here on."""
    collected = Complaints()
    collected.watch(page)
    return collected
