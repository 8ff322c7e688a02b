"""The page `/jwt` as its tests use it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Request, expect


@contextmanager
def jwt_page(browser: Browser, lab: str) -> Iterator[Page]:
    """Open the page in a browser of its own; nothing in it may fail but what the server refuses."""
    wrong: list[str] = []
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.goto("/jwt")
        yield page
    assert [text for text in wrong if "status of 401" not in text] == []


def arrive(page: Page) -> None:
    """Wait until the token that the page gets by itself has been judged."""
    expect(verdict(page)).to_have_attribute("data-verdict", "let-in")


def log_in(page: Page, member: str) -> None:
    page.get_by_label("Log in as").select_option(member)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("[data-source]")).to_have_text(f"The access token of {member}.")


def paste(page: Page, text: str) -> None:
    encoded(page).fill(text)


def encoded(page: Page) -> Locator:
    return page.locator("#token")


def verdict(page: Page) -> Locator:
    return page.locator("[data-verdict]")


def judged(page: Page) -> tuple[str, str, str]:
    """Wait for the server's answer to the present token; return the status, the code and the sentence.

    A change takes the old verdict away at once, so what is waited for is the answer to this token.
    """
    expect(verdict(page)).not_to_have_attribute("data-verdict", "waiting")
    status, why = (page.locator(f"[data-verdict-{name}]").inner_text() for name in ("status", "why"))
    return status, page.locator("[data-answer-code]").inner_text(), why


def requests(page: Page) -> list[str]:
    """Return what the page will have sent from here on; the icon, which comes when it comes, aside."""
    sent: list[str] = []

    def note(request: Request) -> None:
        path = "/" + request.url.split("/", 3)[3]
        if path != "/static/img/mark.svg":
            sent.append(f"{request.method} {path} {request.post_data or ''}".rstrip())

    page.on("request", note)
    return sent


def decoded(page: Page, part: str) -> dict[str, Any]:
    """Return what the decoded text of this part says."""
    said: dict[str, Any] = json.loads(page.locator(f"#{part}-text").input_value())
    return said


def claim(page: Page, part: str, name: str) -> Locator:
    return page.locator(f"#{part} .claim[data-name='{name}']")


def meaning(page: Page, part: str) -> Locator:
    """The one explanation of this part that is shown."""
    return page.locator(f"#{part} .meanings > p").filter(visible=True)
