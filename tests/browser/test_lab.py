"""Somebody uses the lab with a browser: logs in, writes a note, looks around, logs out, and finds the door shut."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.support.visitor import PASSWORDS

pytestmark = pytest.mark.browser

LANGUAGES = {
    "en": ("Who are you?", "Who sent this request?", "Where am I logged in?", "Not logged in"),
    "ko": ("로그인", "이 요청은 누가 보냈습니까?", "어디에 로그인되어 있습니까?", "로그인되어 있지 않습니다"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("approach", ["session", "token"])
def test_a_member_logs_in_writes_a_note_looks_around_and_logs_out(
    page: Page, complaints: Complaints, approach: str, language: str
) -> None:
    who, profile, logins, refused = LANGUAGES[language]
    heading, bar = page.get_by_role("heading", level=1), page.locator(".bar")
    page.goto(f"/{approach}/login")
    page.locator(f".languages [value={language}]").click()
    expect(heading).to_have_text(who)

    log_in_as(page, "alice")
    expect(heading).to_have_text(profile)
    expect(bar).to_contain_text("alice")
    expect(page.locator("main .chip")).to_be_visible()

    text = f"a note <b>by</b> {approach}, in {language}"
    page.goto(f"/{approach}/notes")
    page.locator("#text").fill(text)
    page.locator("main form button").click()
    expect(page.locator(".notes li p").first).to_have_text(text)

    page.goto(f"/{approach}/logins")
    expect(heading).to_have_text(logins)
    expect(page.locator("tbody .let-in")).to_have_count(1)

    bar.get_by_role("button").click()
    expect(heading).to_have_text(who)
    assert complaints.found == []

    shut = page.goto(f"/{approach}/profile")
    assert shut is not None
    assert shut.status == 401
    expect(heading).to_have_text(refused)


@pytest.mark.parametrize("approach", ["session", "token"])
def test_the_profile_shows_what_this_very_request_cost(page: Page, complaints: Complaints, approach: str) -> None:
    page.goto(f"/{approach}/login")
    log_in_as(page, "alice")
    expect(page.locator("[data-cost]")).to_be_visible()
    asked = {part: microseconds(page, part) > 0 for part in ("store", "verify", "db", "app", "total")}
    assert asked == {"store": approach == "session", "verify": True, "db": False, "app": True, "total": True}
    assert complaints.found == []


@pytest.mark.parametrize("approach", ["session", "token"])
def test_a_login_goes_on_under_a_new_credential(page: Page, complaints: Complaints, approach: str) -> None:
    page.goto(f"/{approach}/login")
    log_in_as(page, "alice")
    name = {"session": "sot_sid", "token": "sot_refresh"}[approach]
    before = cookie(page, name)
    page.goto(f"/{approach}/logins")
    with page.expect_navigation():
        page.locator("main .primary").click()
    assert cookie(page, name) != before
    page.goto(f"/{approach}/profile")
    expect(page.locator(".bar")).to_contain_text("alice")
    assert complaints.found == []


def test_the_lab_works_from_the_keyboard(page: Page, complaints: Complaints) -> None:
    page.goto("/session/login")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORDS["alice"])
    page.keyboard.press("Enter")
    expect(page.locator(".bar")).to_contain_text("alice")
    assert complaints.found == []


def log_in_as(page: Page, username: str) -> None:
    page.locator("#username").fill(username)
    page.locator("#password").fill(PASSWORDS[username])
    with page.expect_navigation():
        page.locator("main form button").click()


def microseconds(page: Page, part: str) -> float:
    shown = page.locator(f"[data-part={part}] [data-us]").inner_text()
    return float(shown.replace(",", ""))


def cookie(page: Page, name: str) -> str:
    return next(found["value"] for found in page.context.cookies() if found["name"] == name)
