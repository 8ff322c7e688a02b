"""The first minute on the home page: the same log-out behind a session and a token, before a real lab."""

import json
import re
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.scenes import (
    LOCALES,
    ONE_NODE,
    SCENES,
    SCREENS,
    SLOW_MS,
    Scene,
    log_in_everywhere,
    overflow,
    page_of,
)

pytestmark = pytest.mark.browser

PHONE_HEADER_PX = 120
PROJECTORS = ((1280, 720), (1920, 1080))
ACTS = {  # what each button's act is answered with, behind a session and behind a token
    "en": [("Log in as alice", 200, 200), ("Log out", 204, 204), ("Send the stolen copy again", 401, 200)],
    "ko": [("alice로 로그인", 200, 200), ("로그아웃", 204, 204), ("탈취한 사본 다시 보내기", 401, 200)],
}


# Where the parts of the header that can be seen stand, from top to bottom.
MIDDLES = """() => [...document.querySelectorAll(".header :is(.brand, nav a, .node, button)")]
  .filter((part) => part.checkVisibility())
  .map((part) => part.getBoundingClientRect())
  .map(({ top, bottom }) => (top + bottom) / 2)
  .sort((one, other) => one - other)"""
ROW_PX = 14  # parts of one row are centred; two rows are further apart


def header_rows(page: Page) -> int:
    middles = page.evaluate(MIDDLES)
    return 1 + sum(below - above > ROW_PX for above, below in pairwise(middles))


def lane(page: Page, approach: str) -> Locator:
    return page.locator(f"[data-lane={approach}]")


def act(page: Page) -> None:
    """Press the button, and wait until both lanes have been answered."""
    button = page.locator("[data-primary]")
    button.click()
    expect(button).to_have_attribute("aria-disabled", "false")


@pytest.mark.parametrize(("language", "screen"), [("en", "desk"), ("ko", "phone")])
def test_a_copied_session_ends_with_the_log_out_and_a_copied_token_with_its_time(
    browser: Browser, lab: str, language: str, screen: str
) -> None:
    width, height = SCREENS[screen]
    viewport = {"width": width, "height": height}
    with browser.new_context(base_url=lab, locale=LOCALES[language], viewport=viewport) as context:
        page = context.new_page()
        page.goto("/")
        button = page.locator("[data-primary]")
        for name, session, token in ACTS[language]:
            expect(button).to_have_text(name)
            expect(button).to_be_in_viewport(ratio=1)
            act(page)
            for approach, status in (("session", session), ("token", token)):
                sign = "✓" if status < 400 else "✕"
                expect(lane(page, approach).locator("[data-outcome]")).to_contain_text(f"{sign} {status}")
            if name == ACTS[language][0][0]:
                expect(page.locator(".header [data-approach=session] .who-here")).to_have_text("alice")
        expect(page.locator("[data-answer]")).to_be_visible()
        for approach, verdict in (("session", "refused"), ("token", "let-in")):
            expect(lane(page, approach).locator("[data-outcome]")).to_have_attribute("data-verdict", verdict)
        asked = [lane(page, approach).get_attribute("data-asked") for approach in ("session", "token")]
        assert asked == ["true", "false"]
        left = lane(page, "token").locator("[data-left]")
        expect(left).to_have_text(re.compile(r"◷ .*[0-4]:\d\d"))
        expect(left).not_to_have_text(left.inner_text())  # it counts
        assert overflow(page) <= 0

        act(page)  # again from the start
        expect(lane(page, "token").locator("[data-outcome]")).to_contain_text("✓ 200")
        expect(left).to_contain_text("60")  # how long this one lives
        chip = page.locator(".header [data-approach=token]").first
        expect(chip).to_have_attribute("title", re.compile("alice"))
        expect(chip).to_contain_text(re.compile("cookie|쿠키"))


def test_a_token_that_expires_while_one_reads_is_replaced_and_its_copy_is_seen_to_be_refused(
    page: Page, lab: str
) -> None:
    def shortened(route: Route) -> None:
        route.continue_(post_data=json.dumps({**route.request.post_data_json, "access_ttl_s": 8}))

    page.route("**/token/login", shortened)
    page.goto(lab)
    button, outcome = page.locator("[data-primary]"), lane(page, "token").locator("[data-outcome]")
    for name, _, token in ACTS["en"]:
        expect(button).to_have_text(name)
        act(page)
        expect(outcome).to_contain_text(str(token))
    expect(outcome).to_contain_text("✓ 200 The theft worked until", timeout=SLOW_MS)
    expect(button).to_have_text("Send the stolen copy again")
    act(page)
    expect(outcome).to_contain_text("✕ 401 The theft fails now")
    expect(button).to_have_text("Again from the start")


def test_an_act_that_the_lab_could_not_answer_is_repeated(page: Page, lab: str) -> None:
    page.goto(lab)
    page.route("**/session/login", lambda route: route.abort())
    act(page)
    expect(lane(page, "session").locator("[data-outcome]")).to_have_attribute("data-verdict", "refused")
    expect(page.locator("[data-primary]")).to_have_text("Log in as alice")
    page.unroute("**/session/login")
    act(page)
    expect(page.locator("[data-primary]")).to_have_text("Log out")


@pytest.mark.parametrize("language", LOCALES)
def test_on_a_phone_the_header_is_low_and_its_menu_opens_over_the_page(
    browser: Browser, lab: str, language: str
) -> None:
    viewport = {"width": 360, "height": 740}
    with browser.new_context(base_url=lab, locale=LOCALES[language], viewport=viewport) as context:
        page = context.new_page()
        page.goto("/")
        header = page.locator(".header").bounding_box()
        assert header is not None
        assert header["height"] <= PHONE_HEADER_PX
        expect(page.locator(".parts")).to_be_hidden()
        page.locator(".menu-button").click()
        expect(page.locator(".parts")).to_be_visible()
        assert page.locator(".header").bounding_box() == header, "the page under the menu stays where it is"
        page.locator(".parts a[href='/jwt']").click()
        expect(page).to_have_url(f"{lab}/jwt")


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("projector", [False, True], ids=["plain", "projector"])
def test_on_a_projector_the_header_has_two_rows_with_a_login_behind_every_approach(
    browser: Browser, lab: str, language: str, projector: bool
) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language], **ONE_NODE) as context:
        log_in_everywhere(context)
        if projector:
            context.add_cookies([{"name": "sot_projector", "value": "on", "url": lab}])
        page = context.new_page()
        page.goto("/")
        expect(page.locator("[data-whoami]:empty")).to_have_count(0)
        for width, height in PROJECTORS:
            page.set_viewport_size({"width": width, "height": height})
            assert header_rows(page) <= 2, (width, height)


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/")
        for number in range(len(ACTS["en"])):
            act(page)
            page.screenshot(path=folder / f"home-{number + 1}.png", full_page=True)
            assert overflow(page) <= 0
