"""A lab whose nodes mount a sixth approach: the pages' scripts take it in, without knowing of it."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_compare import complaints_of
from tests.support.lab_processes import Lab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.own_processes,
    pytest.mark.skipif(sys.platform != "linux", reason="nodes are not forked here: tests.support.sixth_lab"),
]

MODULE = ("-m", "tests.support.sixth_lab")


@pytest.fixture(scope="module")
def sixth_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of two nodes with one more approach."""
    with Lab(tmp_path_factory.mktemp("sixth"), nodes=2, program=MODULE) as lab:
        yield lab


@pytest.fixture
def page(browser: Browser, sixth_lab: Lab) -> Iterator[Page]:
    with browser.new_context(base_url=sixth_lab.url, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        wrong = complaints_of(page)
        yield page
        assert wrong == []


def verdict(page: Page, action: str) -> str:
    """Do an action of the page that compares; return what came of it behind the sixth approach."""
    rows = page.locator("[data-rows] tr[id]:not(.detail)")
    before = rows.count()
    page.locator(f"[data-action={action}]").click()
    expect(rows).to_have_count(before + 1)
    expect(page.locator("[data-controls]")).to_have_attribute("aria-busy", "false")
    said = page.locator("[data-rows] tr").first.locator("td[data-approach=ticket] .verdict")
    return str(said.get_attribute("data-verdict"))


def test_the_page_that_compares_sends_each_action_through_it_too(page: Page) -> None:
    page.goto("/compare")
    expect(page.locator("[data-copied=ticket]")).to_contain_text("until its node ends")
    assert verdict(page, "log-in") == "done"
    found = page.locator("[data-rows] tr").first.locator(".finding")
    expect(found).to_contain_text("Ticket")
    assert verdict(page, "open") == "let_in"  # by the sticky port: only one node has the login
    expect(found).to_contain_text("found the login in its own memory")
    assert verdict(page, "notes") == "let_in"
    assert verdict(page, "next-node") == "refused"
    assert verdict(page, "changed") == "refused"
    assert verdict(page, "renew") == "refused"  # it has no such route
    assert verdict(page, "elsewhere") == "let_in"
    assert verdict(page, "log-out") == "done"
    assert verdict(page, "replay") == "refused"
    expect(page.locator("[data-copied=ticket] [data-tried]")).to_contain_text("✕ 401 after the log-out")


def test_the_page_on_nodes_tells_that_only_one_of_them_has_the_login(page: Page) -> None:
    page.goto("/scale-out")
    button = page.locator('[data-send="ticket"]')
    button.click()
    expect(button).to_be_enabled()
    run = page.locator('[data-run="ticket"]')
    expect(run.locator("[data-verdict=known]").first).to_be_visible()
    expect(run.locator("[data-sentence]")).to_contain_text("only in the memory of")
    page.locator("[value=sticky]").check()
    button.click()
    expect(button).to_be_enabled()
    expect(run.locator("[data-verdict=known]")).to_have_count(20)
    page.locator("[data-watch]").click()
    expect(page.locator('[data-lane="ticket"] [data-lane-word]')).to_have_attribute("data-mood", "in")
