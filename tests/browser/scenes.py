"""The languages, themes and screens in which every page is drawn, kept to be looked at, and measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.visitor import APPROACHES, PASSWORDS

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
LOCALES = {"en": "en-GB", "ko": "ko-KR"}
SCREENS = {"phone": (360, 740), "desk": (1280, 800)}

# What contexts and expectations wait at most (conftest.py), on however slow a machine: nothing is promised of when.
SLOW_MS = 90_000

Scene = tuple[str, str, str]  # language, theme, screen

ONE_NODE: dict[str, Any] = {"extra_http_headers": {"X-Lab-Door": "sticky"}}  # /memory knows a login on one node only

# For what takes long: in each run in one language, nightly in both. Every page is drawn in both in each run.
LOCALES_IN_TURN = ["en", pytest.param("ko", marks=pytest.mark.nightly)]

# Every night. How each page looks when it is opened is measured in each run: tests/browser/test_every_page.py.
SCENES = [
    pytest.param(scene, id="-".join(scene), marks=pytest.mark.nightly)
    for scene in product(LOCALES, ("light", "dark"), SCREENS)
]


@contextmanager
def page_of(browser: Browser, lab: str, scene: Scene, **how: Any) -> Iterator[tuple[Page, Path]]:
    """Give a page of a browser that prefers this scene, and the folder for its pictures."""
    language, theme, screen = scene
    width, height = SCREENS[screen]
    folder = SCREENSHOTS / language / f"{screen}-{theme}"
    folder.mkdir(parents=True, exist_ok=True)
    with browser.new_context(
        base_url=lab,
        locale=LOCALES[language],
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": height},
        **how,
    ) as context:
        yield context.new_page(), folder


def want_store(page: Page, state: str) -> None:
    """Have the store ended or started, and wait until it is: an order is answered before it is carried out."""
    assert page.request.put("/lab/store", data={"state": state}).ok
    for _ in range(150):
        if page.request.get("/lab/state").json()["store"]["state"] == state:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"the store is not {state}")


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def log_in_everywhere(context: BrowserContext) -> None:
    """Become carol behind every approach, as its form does."""
    for approach in APPROACHES:
        form = {"username": "carol", "password": PASSWORDS["carol"]}
        headers = {"Accept": "text/html"}
        response = context.request.post(f"/{approach}/login", form=form, headers=headers, max_redirects=0)
        assert response.status == 303, response.text()
