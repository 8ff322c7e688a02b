"""A mission solved by hand in a real browser: the mark stays, a prepared page of another site counts, screens fit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.pages.missions.each import MISSIONS
from tests.browser.conftest import Complaints
from tests.browser.scenes import LOCALES, SCREENS, overflow
from tests.support.forge import claims_of

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with browser.new_context(base_url=lab, locale="en-GB", viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


def begin(page: Page, slug: str) -> dict[str, str]:
    """Begin a try as a visitor does, and return what is given."""
    page.goto(f"/missions/{slug}")
    primary = page.locator("[data-primary]")
    expect(primary).to_have_text("Begin")
    expect(primary).to_be_in_viewport(ratio=1)
    primary.click()
    expect(primary).to_have_text("Check")
    lines = page.locator("[data-values]").inner_text().splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


def check(page: Page) -> None:
    with page.expect_response("**/check"):
        page.locator("[data-check]").click()


def test_a_mission_is_solved_by_hand_and_its_mark_stays_until_it_is_removed(page: Page, complaints: Complaints) -> None:
    token = begin(page, "read-a-token")["TOKEN"]
    verdict, login_id = page.locator("[data-verdict]"), page.locator("#login_id")
    login_id.fill(claims_of(token)["jti"])
    check(page)
    expect(verdict).to_contain_text("◷ Not yet. This is not the login id.")
    page.reload()  # the try goes on
    expect(page.locator("[data-values]")).to_contain_text(token)
    login_id.fill(claims_of(token)["login_id"])
    check(page)
    expect(verdict).to_contain_text("✓ Solved.")
    expect(page.locator("[data-mark]")).to_have_text("✓ solved")
    expect(page.locator("[data-after]")).to_be_visible()

    page.goto("/missions")
    mark, first = page.locator("[data-mission=read-a-token] [data-mark]"), page.locator("[data-primary]")
    expect(mark).to_have_text("✓ solved")
    expect(page.locator("[data-progress]")).to_have_text("1 of 10 solved")
    expect(first).to_have_text("Go on with the next one")
    page.locator("[data-clear]").click()
    expect(mark).to_be_empty()
    expect(first).to_have_text("Begin with the first one")
    expect(page.locator("[data-clear]")).to_be_disabled()
    assert complaints.found == []


def test_a_file_on_the_disk_is_another_site_and_its_link_carries_the_cookie(page: Page, tmp_path: Path) -> None:
    given = begin(page, "other-site")
    page.context.new_page().goto(given["LOG_IN"])
    visit = page.context.new_page()
    visit.goto(given["TRANSFER"])  # typed
    check(page)
    expect(page.locator("[data-verdict]")).to_contain_text("Sec-Fetch-Site: none")
    gift = tmp_path / "gift.html"
    form = f'<form method="post" action="{given["TRANSFER"]}"><button>A gift</button></form>'
    gift.write_text(f'<a href="{given["TRANSFER"]}">A gift</a>{form}')
    for what, says in (("button", "as POST, but without alice’s cookie"), ("a", "✓ Solved.")):
        visit.goto(gift.as_uri())
        with visit.expect_navigation():
            visit.locator(what).click()
        check(page)
        expect(page.locator("[data-verdict]")).to_contain_text(says)


def test_hints_open_one_by_one_and_the_last_one_opens_the_way_to_the_solution(page: Page) -> None:
    page.goto("/missions/alg-none")
    solution = page.locator("[data-solution] > summary")
    for number in (1, 2, 3):
        expect(solution).to_be_hidden()
        page.locator(f"[data-hint='{number}'] > summary").click()
    solution.click()
    expect(page.locator("[data-solution] .go")).to_be_visible()


def test_what_another_program_left_in_the_browser_breaks_nothing(page: Page, complaints: Complaints) -> None:
    page.goto("/missions/which-node")
    for left in ("{", "null", '{"solved": 3, "tries": {"which-node": {"trial": 4}}}'):
        page.evaluate("left => localStorage.setItem('missions', left)", left)
        page.reload()
        expect(page.locator("[data-begin]")).to_be_enabled()
    page.goto("/missions")
    expect(page.locator("[data-progress]")).to_have_text("0 of 10 solved")
    assert complaints.found == []


def test_a_try_that_is_gone_says_so(page: Page) -> None:
    begin(page, "noticed-theft")
    page.evaluate("document.querySelector('[data-play]').dataset.trial = 'gone'")
    check(page)
    expect(page.locator("[data-verdict]")).to_contain_text("Begin again")


@pytest.mark.nightly  # the pages differ in their words only; one of them is in tests/browser/test_every_page.py
@pytest.mark.parametrize("language", LOCALES)
def test_every_mission_fits_a_phone_with_everything_open(browser: Browser, lab: str, language: str) -> None:
    width, height = SCREENS["phone"]
    viewport = {"width": width, "height": height}
    with browser.new_context(base_url=lab, locale=LOCALES[language], viewport=viewport) as context:
        page = context.new_page()
        for slug in MISSIONS:
            page.goto(f"/missions/{slug}")
            expect(page.locator("[data-primary]")).to_be_in_viewport(ratio=1)
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            assert overflow(page) <= 0, slug
            assert page.locator("[data-primary]").count() == 1
