"""A walk waits for its learner: reloads, restarts, expiries and clocks that are wrong."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from lab.pages.walkthrough.stories.parts import SHORT_S
from tests.browser.clocks import OFF_BY_S, page_off_by
from tests.browser.scenes import LOCALES, SLOW_MS
from tests.browser.walks import do, ending, go_to, quiet_page
from tests.support.hours import HOURS

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


def test_a_reload_goes_on_where_it_was_and_a_restart_begins_anew(page: Page) -> None:
    go_to(page, "session", "look-up")
    page.reload()
    expect(page.locator("[data-outcome]")).to_contain_text("let in as alice")
    page.go_back()
    page.goto("/walkthrough/session/any-node")
    do(page)
    expect(page.locator("[data-outcome]")).to_contain_text("let in as alice")
    page.locator("[data-restart]").click()
    expect(page).to_have_url(ending("/session/login"))
    expect(page.locator("[data-server] > .nothing")).to_have_count(1)


def test_nothing_expires_while_a_step_is_read(page: Page) -> None:
    """The time of what is waited for begins at the press."""
    page.goto("/walkthrough/fourteen-steps")
    expect(page.locator("[data-why]")).to_contain_text("happens in this step")
    go_to(page, "fourteen-steps", "4")
    page.wait_for_timeout(SHORT_S * 1000)
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    expect(page.locator("[data-outcome]")).not_to_contain_text("repeated all steps")


def test_a_token_that_has_expired_all_the_same_is_got_anew(page: Page) -> None:
    """After minutes of reading; here the log-in is changed on its way, so that seconds are enough."""
    page.route("**/token/login", shortened)
    go_to(page, "fourteen-steps", "4")
    page.unroute("**/token/login")
    page.wait_for_timeout(2000)  # the token lives one second, and the server tells the time in whole ones
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    expect(page.locator("[data-outcome]")).to_contain_text("from step 1 on")


def shortened(route: Route) -> None:
    route.continue_(post_data=json.dumps({**route.request.post_data_json, "access_ttl_s": 1}))


@pytest.mark.parametrize("off_by_s", OFF_BY_S)
def test_a_walk_goes_on_by_the_servers_clock_whatever_the_visitors_says(
    browser: Browser, lab: str, off_by_s: int
) -> None:
    walks = (("apart", "wait", "expired"), ("session-lifetimes", "idle", "too-late"))
    with ExitStack() as open_pages:
        # A browser each: the header of another tab asks who is logged in, and that is no idle time.
        pages = [(open_pages.enter_context(page_off_by(browser, lab, off_by_s)), walk) for walk in walks]
        for page, (slug, waits, _) in pages:
            page.goto(f"/walkthrough/{slug}/{waits}")
            page.locator("[data-do]").click()
        for page, _ in pages:
            expect(page.locator(".countdown").or_(page.locator("[data-outcome][data-verdict]"))).to_be_visible()
            counted = page.locator(".countdown").all_inner_texts()
            assert all(float(re.findall(r"[\d.]+", text)[0]) <= SHORT_S + 2 for text in counted), counted
        for page, (slug, _, after) in pages:
            expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in", timeout=2 * SLOW_MS)
            page.locator("[data-next]").click()
            expect(page).to_have_url(ending(f"/{slug}/{after}"))
            do(page)
            expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "refused")


def test_a_restart_leaves_a_wait_at_once(page: Page) -> None:
    page.goto("/walkthrough/apart/wait")
    page.locator("[data-do]").click()
    expect(page.locator(".countdown")).to_be_visible()
    page.locator("[data-restart]").click()
    expect(page).to_have_url(ending("/apart/login"))
    expect(page.locator("[data-server] > .nothing")).to_have_count(1)
    page.wait_for_timeout(SHORT_S * 1000)  # whatever was waited for does not come back
    expect(page.locator("[data-rail] [data-state=done]")).to_have_count(0)
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


@pytest.mark.nightly  # two hours of twelve seconds; each run counts the same in the process
@pytest.mark.parametrize("language", LOCALES)
def test_an_hour_without_a_refresh_token_counts_its_log_ins(browser: Browser, lab: str, language: str) -> None:
    """Counted in the page's words, and by what really came over the network."""
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        go_to(page, "without-refresh", "login-again")
        for step, count in HOURS.items():
            page.locator("[data-next]").click()
            expect(page).to_have_url(ending(f"/without-refresh/{step}"))
            seen: list[tuple[str, int]] = []
            note = lambda answer, seen=seen: seen.append((answer.url.removeprefix(lab), answer.status))  # noqa: E731
            page.on("response", note)
            page.locator("[data-do]").click()
            expect(page.locator(".countdown")).to_be_visible()
            expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
            page.remove_listener("response", note)
            really = [("/token/login", 200), ("/token/refresh", 200), ("/token/profile", 401)]
            assert tuple(seen.count(each) for each in really) == count
            said = page.locator("[data-outcome] p").filter(has_text="✓").last.inner_text()
            assert tuple(map(int, re.findall(r"\d+", said))) == count
        alike = page.locator("[data-server] .alike")  # of eleven used refresh tokens the first and the last are shown
        expect(alike.locator(".holder")).to_have_count(9)
        expect(alike.locator(".holder").first).to_be_hidden()
        alike.locator("summary").click()
        expect(alike.locator(".holder").first).to_be_visible()
