"""A real Chromium in front of a running lab. What a failed test saw is in its report: see `tests.browser.evidence`."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect

from tests.browser.evidence import Evidence, add_to
from tests.browser.scenes import SLOW_MS
from tests.support.lab_processes import Lab

# The headless shell is the same engine without a desktop's browser around it, for a third of the processor time.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A browser that talks to nobody but the lab.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Or each tab and each context starts a process of its own, for a fifth of the processor time of these tests.
    "--renderer-process-limit=1",
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
def evidence() -> Evidence:
    """What the browser of this test process sees."""
    return Evidence()


@pytest.fixture(scope="session")
def browser(browser: Browser, evidence: Evidence) -> Browser:
    """The browser of this test process, one for all tests; each opens a context of its own in it.

    Nothing moves in it but where a test asks for motion: drawing that takes a fifth of a walk's processor time.
    """
    open_context: Callable[..., BrowserContext] = partial(browser.new_context, reduced_motion="reduce")

    def new_context(**how: Any) -> BrowserContext:
        context = open_context(**how)
        context.set_default_timeout(SLOW_MS)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    expect.set_options(timeout=SLOW_MS)
    evidence.watch(browser)
    return browser


@pytest.fixture(autouse=True)
def seen_from_here_on(evidence: Evidence) -> None:
    evidence.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed test's report show what it saw."""
    report = yield
    if report.failed and "evidence" in getattr(item, "funcargs", {}):
        add_to(report, item.funcargs["evidence"])  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def base_url(shared_lab: Lab) -> str:
    """Make every path a path of the lab."""
    return shared_lab.url


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[str]:
    """The address of the running lab; what a test has ended is started again after it."""
    yield shared_lab.url
    shared_lab.make_whole()


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
