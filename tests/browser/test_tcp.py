"""The simulation of a takeover, stepped through in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints
from tests.browser.scenes import SCENES, Scene, overflow, page_of

pytestmark = pytest.mark.browser

OUTCOMES = {"blind": (7, "✓ Both sides agree"), "sniffed": (10, "✕ Out of step"), "tls": (6, "✕ Out of step")}


def step(page: Page, button: str = "on") -> None:
    page.locator(f"[data-{button}]").press("Enter")


@pytest.mark.parametrize("move", OUTCOMES)
def test_a_move_is_played_to_its_end_and_back_from_the_keyboard(page: Page, complaints: Complaints, move: str) -> None:
    steps, outcome = OUTCOMES[move]
    page.goto("/tcp")
    page.locator(f"[value={move}]").check()
    for _ in range(steps - 1):
        step(page)
    expect(page.locator("[data-place]")).to_have_text(f"step {steps} of {steps}")
    expect(page.locator("[data-on]")).to_be_disabled()
    expect(page.locator("[data-in-step]")).to_contain_text(outcome)
    expect(page.locator(".arrow")).to_have_count(steps)
    expect(page.locator(".arrow.attacker")).to_have_count(1)
    step(page, "back")
    expect(page.locator(".arrow")).to_have_count(steps - 1)
    assert complaints.found == []


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/tcp")
        page.locator("[value=sniffed]").check()
        for _ in range(9):
            step(page)
        page.screenshot(path=folder / "tcp.png", full_page=True)
        assert overflow(page) <= 0
