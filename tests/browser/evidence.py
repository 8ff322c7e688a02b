"""What a failed browser test leaves to be looked at: a picture of each page, and what the pages' consoles said."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error

FOLDER = Path(__file__).parents[2] / "test-results"
RUNNING = "PYTEST_CURRENT_TEST"  # pytest's own name of the test, and of its stage


class Evidence:
    """Watches every context that a browser opens; `begin` forgets what belongs to the test before."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._open: list[BrowserContext] = []
        self.pictures: list[Path] = []
        self.said: list[str] = []

    def watch(self, browser: Browser) -> None:
        """Hear of each context from now on."""
        open_context: Callable[..., BrowserContext] = browser.new_context

        def new_context(**how: Any) -> BrowserContext:
            context = open_context(**how)
            self._hear(context)
            return context

        browser.new_context = new_context  # type: ignore[method-assign]

    def photograph(self) -> None:
        """Take a picture of each page that is open."""
        for context in self._open:
            for page in context.pages:
                self._photograph(page)
        self._open = []

    def _photograph(self, page: Any) -> None:
        name = re.sub(r"\W+", "-", os.environ.get(RUNNING, "").rpartition(" ")[0])[-120:]
        picture = FOLDER / f"{name}-{len(self.pictures) + 1}.png"
        FOLDER.mkdir(exist_ok=True)
        try:
            page.screenshot(path=picture, timeout=5000)
            self.pictures.append(picture)
        except Error as error:  # a page that crashed has no picture, and that is what is said of it
            self.said.append(f"no picture of {page.url}: {error.message}")

    def _hear(self, context: BrowserContext) -> None:
        close = context.close

        def close_after_pictures(**how: Any) -> None:
            if sys.exc_info()[0] is not None:  # a `with` that a failure leaves
                self.photograph()
            if context in self._open:
                self._open.remove(context)
            close(**how)

        context.close = close_after_pictures  # type: ignore[method-assign]
        context.on("console", self._console)
        context.on("weberror", lambda failure: self.said.append(f"script: {failure.error}"))
        self._open.append(context)

    def _console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def sections(self) -> list[tuple[str, str]]:
        """Return what a report shows of it."""
        pictures = [str(picture.relative_to(FOLDER.parent)) for picture in self.pictures]
        found = {"Pictures of the pages": pictures, "What the consoles said": self.said}
        return [(title, "\n".join(lines)) for title, lines in found.items() if lines]


def add_to(report: pytest.TestReport, evidence: Evidence) -> None:
    """Let a failed test's report show it."""
    evidence.photograph()
    report.sections += evidence.sections()
