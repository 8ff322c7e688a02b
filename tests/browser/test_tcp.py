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


def test_a_captured_login_is_readable_over_http_and_not_over_tls(page: Page, complaints: Complaints) -> None:
    page.goto("/tcp")
    page.get_by_role("button", name="Capture a log-in").press("Enter")
    http, tls = page.locator("[data-over=http]"), page.locator("[data-over=tls]")
    expect(page.locator("[data-capture-status]")).to_have_text("Captured. Both logins have ended.")
    expect(http.locator("[data-found]")).to_have_text("✕ Readable: the cookie’s value (2 ×) and the password (1 ×).")
    expect(http.locator("[data-copied]")).to_contain_text("was let in as alice (200)")
    expect(http.locator("[data-copied]")).to_contain_text("was refused (401)")
    expect(http.locator("mark")).to_have_count(3)
    cookie = http.locator("mark").nth(1).inner_text()
    assert f"Cookie: sot_sid={cookie}" in http.inner_text()
    expect(tls.locator("[data-found]")).to_contain_text("the cookie’s value (0 ×) and the password (0 ×)")
    expect(tls.locator("[data-records] tr").first).to_contain_text("16 03 01")
    assert cookie not in tls.inner_text()
    assert complaints.found == []
