"""The map of the study notes in a real browser: its ticks stay, and its links open at the very step."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lab.pages.study_notes.differences import HASH_STORED
from lab.pages.study_notes.outline import STATEMENTS
from tests.browser.conftest import Complaints
from tests.browser.held import hold, let_go
from tests.browser.scenes import LOCALES, SCENES, Scene, overflow, page_of

pytestmark = pytest.mark.browser


@pytest.fixture(params=LOCALES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with browser.new_context(base_url=lab, locale="en-GB", viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


def entry(page: Page, number: int) -> Locator:
    return page.locator(f"[data-statement='{number}']")


def follow(page: Page, number: int) -> None:
    page.goto("/study-notes")
    with page.expect_navigation():  # until its scripts have run too
        entry(page, number).locator("a").click()


def test_ticks_stay_in_the_browser_until_they_are_removed(page: Page, complaints: Complaints) -> None:
    page.goto("/study-notes")
    progress = page.locator("[data-progress]")
    expect(progress).to_have_text("0 of 115 ticked")
    for number in (1, 115):
        entry(page, number).locator("input").press("Space")
    expect(progress).to_have_text("2 of 115 ticked")
    page.reload()
    expect(progress).to_have_text("2 of 115 ticked")
    expect(page.locator("[data-statement] input:checked")).to_have_count(2)
    expect(page.locator("[data-count=session]")).to_have_text("1 / 12")

    another = page.context.new_page()
    another.goto("/study-notes")
    another.locator("[data-clear]").click()
    expect(progress).to_have_text("0 of 115 ticked")
    expect(page.locator("[data-clear]")).to_be_disabled()
    assert complaints.found == []


def test_what_another_program_left_in_the_browser_breaks_nothing(page: Page, complaints: Complaints) -> None:
    page.goto("/study-notes")
    for left in ("{", "7", "null", '["1", 200]'):
        page.evaluate("left => localStorage.setItem('study-notes', left)", left)
        page.reload()
        expect(page.locator("[data-progress]")).to_have_text("0 of 115 ticked")
    assert complaints.found == []


def test_every_link_opens_in_the_running_lab(page: Page) -> None:
    answers = {href: page.request.get(href) for href in {statement.href for statement in STATEMENTS}}
    assert [href for href, answer in answers.items() if answer.status != 200] == []


def test_a_link_opens_the_walk_at_its_step_which_says_where_the_notes_differ(
    browser: Browser, lab: str, language: str
) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        follow(page, 100)
        expect(page.locator("[data-player]")).to_have_attribute("data-step", "3")
        expect(page.locator("[data-differs]")).to_contain_text(HASH_STORED.said_in(language))
        page.locator("[data-rail] a").nth(5).click()
        expect(page.locator("[data-differs]")).to_be_hidden()


def test_a_link_opens_a_page_at_its_part(page: Page) -> None:
    for number in (93, 94, 25, 19, 63, 80):
        follow(page, number)
        expect(page.locator(":target")).to_be_in_viewport()


def test_a_part_that_is_not_displayed_yet_is_scrolled_to_when_it_is(page: Page) -> None:
    held = hold(page, "/token/login")  # the part is displayed when the page has its token
    follow(page, 38)
    expect(page.locator(":target")).to_be_hidden()
    let_go(page, held)
    expect(page.locator(":target")).to_be_in_viewport()
    expect(page.locator("#payload-text")).to_be_in_viewport()


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/study-notes")
        page.screenshot(path=folder / "study-notes.png", full_page=True)
        assert overflow(page) <= 0
