"""The system's Chromium, headless, to draw charts and measure pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")


def where() -> str | None:
    """Return the browser's path, or None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def opened() -> Iterator["Browser"]:
    """Run it while the context is open."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # imported here, so that other commands start faster

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
