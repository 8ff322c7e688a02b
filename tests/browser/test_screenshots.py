"""Every page, in both languages and themes, on a phone and on a desk: drawn, kept to be looked at, and measured."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.scenes import ONE_NODE, SCENES, SCREENSHOTS, Scene, overflow, page_of
from tests.support.visitor import APPROACHES, PASSWORDS

pytestmark = pytest.mark.browser

PUBLIC = {"home": "/", "not-found": "/nowhere", "not-logged-in": "/session/profile"}
TWINS = ("session", "token")
LONG_NOTE = "A line.\n" + "a-word-that-never-ends-" * 12

Draw = Callable[[str], None]


@pytest.fixture(params=SCENES)
def scene(request: pytest.FixtureRequest) -> Scene:
    """A language, a colour scheme and a screen."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def language(scene: Scene) -> str:
    return scene[0]


@pytest.fixture
def page_and_folder(browser: Browser, lab: str, scene: Scene) -> Iterator[tuple[Page, Path]]:
    with page_of(browser, lab, scene, **ONE_NODE) as opened:
        yield opened


@pytest.fixture
def page(page_and_folder: tuple[Page, Path]) -> Page:
    """A browser that prefers this language and scheme, with a screen of this size."""
    return page_and_folder[0]


@pytest.fixture
def draw(page_and_folder: tuple[Page, Path], language: str) -> Draw:
    """Keep a picture of the page as `name`, and refuse one that is wider than its screen."""
    page, folder = page_and_folder

    def keep(name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        assert page.locator("html").get_attribute("lang") == language
        assert overflow(page) <= 0, f"{name} is wider than its screen"

    return keep


def test_a_page_for_everybody_fits_its_screen(page: Page, draw: Draw) -> None:
    for name, path in PUBLIC.items():
        page.goto(path)
        draw(name)


@pytest.mark.parametrize(
    "approach", [*TWINS, *(pytest.param(name, marks=pytest.mark.nightly) for name in APPROACHES if name not in TWINS)]
)
def test_the_pages_behind_an_approach_fit_their_screen(page: Page, draw: Draw, approach: str) -> None:
    page.goto(f"/{approach}/login")
    draw(f"{approach}-login")
    _log_in(page, "carol")
    draw(f"{approach}-profile")
    page.goto(f"/{approach}/logins")
    draw(f"{approach}-logins")
    if approach in TWINS:
        _draw_pages(page, draw, approach)


@pytest.mark.nightly
def test_the_home_page_fills_a_large_screen_and_does_not_overflow_the_smallest(browser: Browser, lab: str) -> None:
    for width, height in ((320, 480), (1920, 1080), (3840, 2160)):
        with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
            page = context.new_page()
            page.goto("/")
            page.screenshot(path=SCREENSHOTS / f"home-{width}.png")
            assert overflow(page) <= 0


def _draw_pages(page: Page, draw: Draw, approach: str) -> None:
    page.goto(f"/{approach}/notes")
    page.locator("#text").fill(LONG_NOTE)
    _press(page, "main form button")
    draw(f"{approach}-notes")
    page.goto(f"/{approach}/admin")
    draw(f"{approach}-admin")
    page.goto(f"/{approach}/logins")
    _press(page, ".ending")


def _log_in(page: Page, username: str) -> None:
    page.locator("#username").fill(username)
    page.locator("#password").fill(PASSWORDS[username])
    _press(page, "main form button")


def _press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).click()
