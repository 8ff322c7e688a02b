"""A walk whose login is changed elsewhere, or whose lab is broken, says so and goes on."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.walks import do, do_anew, ending, faults, go_to, quiet_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


LOG_IN_AS_BOB = """async ([approach, more]) => (await fetch(`/${approach}/login`, {
  method: "POST", headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ username: "bob", password: "builder", ...more }),
})).status"""

LOG_OUT = """async ([approach]) => (await fetch(`/${approach}/logout`, { method: "POST" })).status"""

IN_COOKIES = {"transport": "cookie"}


@pytest.mark.parametrize(
    ("slug", "step", "script", "arguments", "says"),
    [
        ("session", "login", LOG_IN_AS_BOB, ["session", {}], "This browser is now logged in as bob"),
        ("session", "any-node", LOG_OUT, ["session"], "no login at /session any more"),
        ("together", "login", LOG_IN_AS_BOB, ["token", IN_COOKIES], "This browser is now logged in as bob"),
        ("together", "login", LOG_OUT, ["token"], "no login at /token any more"),
        # bob is refused as the step claims, and yet it is not what the step is about
        ("role-change", "demote", LOG_IN_AS_BOB, ["session", {}], "This browser is now logged in as bob"),
    ],
)
def test_what_another_tab_did_to_the_login_is_said_and_the_walk_goes_on(
    page: Page, slug: str, step: str, script: str, arguments: list[Any], says: str
) -> None:
    go_to(page, slug, step)
    other_tab = page.context.new_page()
    other_tab.goto("/")
    assert other_tab.evaluate(script, arguments) in (200, 204)
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "wrong")
    expect(page.locator("[data-outcome]")).to_contain_text(says)
    assert faults(page) == []
    expect(page.locator("[data-do]")).to_have_text("Repeat from step 1")
    do_anew(page)
    expect(page.locator("[data-whoami*=session]")).not_to_have_text("bob")


def test_a_walk_that_plays_in_another_tab_takes_the_login_over_and_gives_it_back(page: Page) -> None:
    go_to(page, "session", "look-up")
    other_tab = page.context.new_page()
    go_to(other_tab, "session", "look-up")
    for tab in (page, other_tab):
        tab.locator("[data-next]").click()
        do(tab)
        if tab is page:
            expect(tab.locator("[data-outcome]")).to_contain_text("another tab has changed its login")
            do_anew(tab)
    expect(other_tab.locator("[data-outcome]")).to_contain_text("another tab has changed its login")
    do_anew(other_tab)


@pytest.mark.parametrize(
    ("slug", "step", "approach", "begins"),
    [("session", "look-up", "session", 1), ("client-reads-exp", "wait", "token", 4)],
)
def test_a_login_that_was_ended_among_my_logins_is_said_and_made_anew(
    browser: Browser, lab: str, page: Page, slug: str, step: str, approach: str, begins: int
) -> None:
    go_to(page, slug, step)
    with browser.new_context(base_url=lab) as elsewhere:
        alice = elsewhere.request.post(f"/{approach}/login", data={"username": "alice", "password": "wonderland"})
        bearer = {"Authorization": f"Bearer {alice.json()['access_token']}"} if approach == "token" else {}
        elsewhere.request.delete(f"/{approach}/logins", headers=bearer)
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "wrong")
    expect(page.locator("[data-outcome]")).to_contain_text("The login of this walk has ended")
    expect(page.locator("[data-do]")).to_have_text(f"Repeat from step {begins}")
    do_anew(page)


def test_the_language_of_another_tab_leaves_the_walk_as_it_is(page: Page) -> None:
    go_to(page, "session", "look-up")
    other_tab = page.context.new_page()
    other_tab.goto("/")
    other_tab.locator(".languages [value=ko]").click()
    expect(other_tab.locator("html")).to_have_attribute("lang", "ko")
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_contain_text("The result is as described")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_language_chosen_midway_stays_in_the_step(page: Page) -> None:
    go_to(page, "session", "renew")
    page.locator(".languages [value=ko]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page).to_have_url(ending("/session/renew"))
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_login_that_ended_meanwhile_is_said_and_can_be_made_anew(page: Page, lab: str) -> None:
    go_to(page, "session", "any-node")
    page.request.post(f"{lab}/session/logout")
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "wrong")
    expect(page.locator("[data-outcome]")).to_contain_text("Restart the walk")
    page.locator("[data-restart]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def order(page: Page, what: str) -> None:
    """Have the store ended or started, as the page with the nodes does."""
    page.goto("/scale-out")
    page.locator("[data-more]").click()
    page.get_by_role("button", name=f"Store: {what}", exact=True).click()
    state = {"Kill": "killed", "Start": "running"}[what]
    expect(page.locator("[data-part=store] [data-state]")).to_have_attribute("data-state", state)


def test_a_store_that_is_gone_is_said_in_place_and_the_walk_goes_on_when_it_is_back(browser: Browser, lab: str) -> None:
    with browser.new_context(base_url=lab) as context:
        page = context.new_page()
        go_to(page, "session", "look-up")
        order(page, "Kill")
        page.goto("/walkthrough/session/any-node")
        do(page)
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "wrong")
        expect(page.locator("[data-outcome]")).to_contain_text("503")
        expect(page.locator("[data-outcome]")).to_contain_text("Start it again")
        expect(page.locator("[data-rail] [data-state=wrong]")).to_have_count(1)
        order(page, "Start")
        page.goto("/walkthrough/session")
        page.locator("[data-restart]").click()
        do(page)
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
