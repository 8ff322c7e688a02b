"""The four cases, tampering and the hole, run from the page against a real lab of two nodes behind a balancer."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from tests.browser.scenes import LOCALES, LOCALES_IN_TURN, SCENES, Scene, overflow, page_of, want_store
from tests.browser.test_lab import log_in_as
from tests.support.forge import claims_of
from tests.support.lab_processes import Lab

pytestmark = pytest.mark.browser

THEFT_MS = 90_000
REFUSALS = ("status of 401", "status of 503")  # what the page is there to show; the browser logs each
CARRIERS = {"headers": "/token/profile", "cookies": "/walkthrough/as-another-client"}
# By state: the status, which tokens come back, and whether the database is asked.
CASES = {
    "valid-valid": (200, set(), False),
    "valid-expired": (200, {"access", "refresh"}, True),
    "expired-valid": (200, {"access", "refresh"}, True),
    "expired-expired": (401, set(), False),
}
SAID = {"en": {200: "let in as alice", 401: "refused by"}, "ko": {200: "들여보냈습니다", 401: "거부했습니다"}}


@pytest.fixture
def language() -> str:
    return "en"


@pytest.fixture
def page(browser: Browser, lab: str, language: str) -> Iterator[Page]:
    """The page in a browser with nothing in it, which may complain of refusals and of nothing else."""
    screen = {"width": 1280, "height": 800}
    with browser.new_context(base_url=lab, locale=LOCALES[language], viewport=screen) as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.goto("/walkthrough/cases")
        yield page
        assert [text for text in wrong if not any(refusal in text for refusal in REFUSALS)] == []


@dataclass(frozen=True)
class Answer:
    """What really came over the network: the status, the ids of the tokens sent and attached, and the trace."""

    status: int
    sent: dict[str, str]
    attached: dict[str, str]
    cleared: set[str]
    trace: list[dict[str, Any]]


def ids(tokens: dict[str, str | None]) -> dict[str, str]:
    return {kind: claims_of(token)["jti"] for kind, token in tokens.items() if token}


def by_headers(response: Response) -> Answer:
    sent, came = response.request.all_headers(), response.all_headers()
    bearer = sent.get("authorization", "").removeprefix("Bearer ")
    return Answer(
        response.status,
        ids({"access": bearer, "refresh": sent.get("x-refresh-token")}),
        ids({kind: came.get(f"x-{kind}-token") for kind in ("access", "refresh")}),
        set(),
        json.loads(came["x-lab-trace"]),
    )


def by_cookies(response: Response) -> Answer:
    answer, asked = response.json(), response.request.post_data_json
    headers = [(name.lower(), value) for name, value in answer["headers"]]
    jar = _cookies(asked["headers"]["Cookie"].split("; "))
    back = _cookies([value.split(";")[0] for name, value in headers if name == "set-cookie"])
    cleared = {name for name, value in back.items() if not value}
    return Answer(answer["status"], ids(jar), ids(back), cleared, json.loads(dict(headers)["x-lab-trace"]))


def _cookies(pairs: list[str]) -> dict[str, str]:
    """Return values by names without the prefix."""
    return dict(pair.removeprefix("sot_").split("=", 1) for pair in pairs)


def run(page: Page, state: str, carrier: str) -> tuple[Locator, Answer]:
    """Run one cell; return it and the real answer to it."""
    cell = page.locator(f'[data-state="{state}"]')
    with page.expect_response(lambda response: response.url.endswith(CARRIERS[carrier])) as caught:
        cell.locator("[data-run]").click()
        if "expired" in state:
            expect(cell.locator("[data-countdown]")).to_contain_text("◷")
    expect(cell).to_have_attribute("data-verdict", "refused" if state == "expired-expired" else "let-in")
    return cell, by_headers(caught.value) if carrier == "headers" else by_cookies(caught.value)


def shown(cell: Locator, column: str) -> dict[str, str]:
    places = {kind: cell.locator(f"[data-kind={kind}] [data-{column}]") for kind in ("access", "refresh")}
    return {kind: found for kind, place in places.items() if (found := place.get_attribute("data-id"))}


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_case_shows_what_its_answer_really_carried(
    page: Page, language: str, carrier: str, subtests: pytest.Subtests
) -> None:
    logins: list[Response] = []
    page.on("response", lambda answer: logins.append(answer) if answer.url.endswith("/token/login") else None)
    page.locator(f"[value={carrier}]").check()
    for state, (status, reissued, asks_database) in CASES.items():
        with subtests.test(state):
            cell, answer = run(page, state, carrier)
            assert answer.status == status
            assert set(answer.attached) == reissued
            assert shown(cell, "sent") == answer.sent
            assert shown(cell, "back") == answer.attached
            assert answer.cleared == ({"access", "refresh"} if carrier == "cookies" and status == 401 else set())
            touched = {part: sum(step["part"] == part for step in answer.trace) for part in ("db", "store")}
            assert (touched["db"] > 0, touched["store"]) == (asks_database, 0)
            for part, count in touched.items():
                expect(cell.locator(f"[data-place={part}]")).to_have_attribute("data-count", str(count))
            expect(cell.locator("[data-outcome]")).to_contain_text(SAID[language][status])
    with subtests.test("after a refusal"):
        assert_a_log_in_follows(cell, *logins[-2:])


def assert_a_log_in_follows(cell: Locator, first: Response, anew: Response) -> None:
    """After a refusal the cell goes on to a log-in, and shows both new tokens beside those that were refused."""
    expect(cell.locator("[data-outcome] .headline")).to_have_count(2)
    expect(cell.locator("[data-outcome] .let-in")).to_contain_text("alice")
    for column, login in (("sent", first), ("anew", anew)):
        tokens = login.json()
        assert shown(cell, column) == ids({kind: tokens[f"{kind}_token"] for kind in ("access", "refresh")})
    expect(cell).to_have_attribute("data-verdict", "refused")


def test_run_all_runs_all_and_says_that_cookies_were_cleared(page: Page) -> None:
    page.locator("[value=cookies]").check()
    page.locator("[data-run-all]").click()
    expect(page.locator("[data-state][data-verdict]")).to_have_count(4)
    expect(page.locator("[data-state][data-verdict=let-in]")).to_have_count(3)
    expect(page.locator("[data-state=expired-expired] [data-back]")).to_have_text(["cookie cleared"] * 2)


def test_the_visitors_own_login_stays_as_it_is(page: Page) -> None:
    page.goto("/token/login")
    log_in_as(page, "bob")
    page.goto("/walkthrough/cases")
    for carrier in CARRIERS:
        page.locator(f"[value={carrier}]").check()
        run(page, "expired-expired", carrier)
    page.goto("/token/profile")
    expect(page.locator("main")).to_contain_text("bob")


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_tampered_token_is_refused_whatever_the_other_says(page: Page, language: str, carrier: str) -> None:
    answers: list[Response] = []
    page.on("response", lambda response: answers.append(response) if response.url.endswith(CARRIERS[carrier]) else None)
    page.locator(f"[value={carrier}]").check()
    page.locator("[data-try-all]").click()
    expect(page.locator("[data-tampering-said]")).to_contain_text("401")
    read = [(by_headers if carrier == "headers" else by_cookies)(answer) for answer in answers]
    assert [(answer.status, answer.attached) for answer in read] == [(401, {})] * 8
    for which, code in (("access", "invalid_token"), ("refresh", "refresh_invalid")):
        expect(page.locator(f"[data-tampered={which}]")).to_have_text([f"✕ 401 {code}"] * 4)


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_a_stolen_access_token_lives_for_ever_at_the_naive_server_and_nowhere_else(page: Page, language: str) -> None:
    answers: list[Response] = []
    profiles = ("/folk/profile", "/token/profile")
    page.on("response", lambda response: answers.append(response) if response.url.endswith(profiles) else None)
    page.locator("[data-steal]").click()
    expect(page.locator("[data-theft-renewed]")).to_have_attribute("data-rounds", "2", timeout=THEFT_MS)
    page.locator("[data-steal]").click()
    expect(page.locator("[data-theft-said]")).to_contain_text("/token")
    assert statuses(page, "folk") == [200, 200, 200, 204, 200, 200]
    assert statuses(page, "token") == [200, 200, 401, 204, 401, 401]
    for at in ("folk", "token"):
        really = [by_headers(answer) for answer in answers if f"/{at}/" in answer.url]
        brought = [answer.attached for answer in really[:5]]
        assert brought == [
            gained(page, at, move) for move in ("alone", "beside", "expired", "after_logout", "outlived")
        ]
        assert any(brought) == (at == "folk")
    *_, last = (by_headers(answer) for answer in answers if "/folk/" in answer.url)
    assert last.status == 200


def statuses(page: Page, at: str) -> list[int]:
    cells = page.locator(f"[data-theft-log] [data-at={at}][data-status]").all()
    return [int(cell.get_attribute("data-status") or 0) for cell in cells]


def gained(page: Page, at: str, move: str) -> dict[str, str]:
    lines = page.locator(f"[data-move={move}] [data-at={at}] [data-gained]").all()
    return {line.get_attribute("data-gained") or "": line.get_attribute("data-id") or "" for line in lines}


def test_a_thief_who_is_stopped_stops(page: Page) -> None:
    page.locator("[data-steal]").click()
    expect(page.locator("[data-move=copy]")).to_be_visible()
    page.locator("[data-steal]").click()
    expect(page.locator("[data-theft-said]")).to_have_text("Stopped before the end.")
    expect(page.locator("[data-steal]")).to_have_text("Steal alice’s access token")


def test_everything_works_from_the_keyboard_and_keeps_the_focus(page: Page) -> None:
    page.locator("[value=headers]").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[value=cookies]")).to_be_checked()
    for button, done in (
        ("[data-run-all]", page.locator("[data-state][data-verdict]").nth(3)),
        ("[data-try-all]", page.locator("[data-code]").nth(7)),
        ("[data-steal]", page.locator("[data-move=alone]")),
    ):
        tab_to(page, button)
        page.keyboard.press("Enter")
        expect(done).to_be_visible()
        expect(page.locator(button)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-steal]")).to_have_attribute("aria-pressed", "false")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no way to {selector} from the keyboard")


def test_without_the_store_every_case_is_the_same(page: Page) -> None:
    """`/token` never needs it."""
    want_store(page, "stopped")
    try:
        for state in CASES:
            run(page, state, "headers")
        page.locator("[data-try-all]").click()
        expect(page.locator("[data-code]")).to_have_count(8)
    finally:
        want_store(page, "running")


def test_a_database_that_does_not_answer_is_said_in_place(page: Page, shared_lab: Lab) -> None:
    cell = page.locator("[data-state=valid-valid]")
    with closing(sqlite3.connect(shared_lab.instance / "lab.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else writes now
        cell.locator("[data-run]").click()
        expect(cell.locator("[data-outcome]")).to_contain_text("The member database does not answer")
        page.locator("[data-steal]").click()
        expect(page.locator("[data-theft-said]")).to_contain_text("The member database does not answer")
        other.execute("ROLLBACK")
    run(page, "valid-valid", "headers")


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/walkthrough/cases")
        page.locator("[data-steal]").click()
        page.locator("[data-run-all]").click()
        page.locator("[data-try-all]").click()
        expect(page.locator("[data-state][data-verdict]")).to_have_count(4)
        expect(page.locator("[data-code]")).to_have_count(8)
        expect(page.locator("[data-move=outlived]")).to_be_visible(timeout=THEFT_MS)
        page.screenshot(path=folder / "cases.png", full_page=True)
        assert overflow(page) <= 0
