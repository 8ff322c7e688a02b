"""Playing a walk in a browser, and measuring what stands on its screen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from re import Pattern

from playwright.sync_api import Browser, Locator, Page, expect

REFUSALS = ("status of 401", "status of 403")  # what a walk is there to show; the browser logs it

# Returns what is wrong with the screen: cut off, outside, too small, one over the other.
FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")


@contextmanager
def quiet_page(browser: Browser, lab: str) -> Iterator[Page]:
    """A page in a browser with nothing in it. At the end it has complained of refusals and of nothing else."""
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        wrong = complaints_of(page)
        yield page
        assert without_refusals(wrong) == []


def complaints_of(page: Page) -> list[str]:
    """Return what the page's scripts and the browser complain of from here on."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    return wrong


def without_refusals(complaints: list[str]) -> list[str]:
    return [text for text in complaints if not any(refusal in text for refusal in REFUSALS)]


def ending(path: str) -> Pattern[str]:
    return re.compile(re.escape(path) + "$")


def do(page: Page) -> None:
    page.locator("[data-do]").click()
    expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()


def go_to(page: Page, slug: str, step: str) -> None:
    """Open a step at its own address and do all that comes before it."""
    page.goto(f"/walkthrough/{slug}/{step}")
    do(page)


def do_anew(page: Page) -> None:
    page.locator("[data-do]").click()
    expect(page.locator("[data-outcome]")).to_contain_text("The result is as described")


def changes(page: Page, side: str, change: str) -> Locator:
    return page.locator(f"[data-{side}] [data-change={change}]")


def open_pane(page: Page, name: str) -> None:
    """Open a pane if it is closed."""
    pane = page.locator(f"[data-pane={name}]")
    if pane.get_attribute("open") is None:
        pane.locator("> summary").click()


def text_of_all_panes(page: Page) -> str:
    """Return all that can be read on the page, with every pane open."""
    page.locator("[data-pane]").evaluate_all("panes => panes.forEach((pane) => (pane.open = true))")
    return page.locator("main").inner_text()


def faults(page: Page, is_staged: bool = False) -> list[str]:
    found: list[str] = page.evaluate(FAULTS, is_staged)
    return found
