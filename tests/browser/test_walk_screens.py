"""Every step of every walk on a laptop and on a phone: nothing is cut off, and nothing lies over anything else."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.pages.walkthrough.stories import STORIES
from tests.browser.scenes import LOCALES
from tests.browser.walks import do, faults

pytestmark = [pytest.mark.browser, pytest.mark.nightly]

READERS = {"laptop": (1280, 800), "phone": (390, 844)}


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("slug", STORIES)
def test_every_walk_can_be_read_on_a_laptop_and_on_a_phone(
    browser: Browser, lab: str, slug: str, language: str
) -> None:
    """With all panes open, before and after every step."""
    wrong: list[str] = []
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        page.goto(f"/walkthrough/{slug}")
        for step in STORIES[slug].steps:
            expect(page).to_have_url(re.compile(rf"/{slug}(/{step.id})?$"))
            wrong += [f"{step.id} before: {fault}" for fault in faults_on_each(page)]
            do(page)
            expect(page.locator("[data-outcome]")).not_to_have_attribute("data-verdict", "wrong")
            wrong += [f"{step.id}: {fault}" for fault in faults_on_each(page)]
            page.keyboard.press("ArrowRight")
    assert wrong == []


def faults_on_each(page: Page) -> list[str]:
    page.locator("[data-pane]").evaluate_all("panes => panes.forEach((pane) => (pane.open = true))")
    found = []
    for reader, (width, height) in READERS.items():
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{reader}: {fault}" for fault in faults(page)]
    return found
