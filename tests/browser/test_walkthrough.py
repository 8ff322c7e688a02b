"""The walks, played from their first step to their last against a real lab of two nodes behind a balancer."""

import json
import re
from collections.abc import Iterator
from re import Pattern
from re import compile as pattern
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from tests.browser.scenes import LOCALES, SCENES, Scene, overflow, page_of
from tests.live_lab import LiveLab
from walkthrough.stories import STORIES
from walkthrough.story import Request, Step

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SLOW_MS = 15_000
ANOTHER = "/walkthrough/as-another-client"
EXPIRED = "status of 401"  # what a walk is there to show; the browser logs it


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A lab of two nodes, with an embedded store of its own."""
    with LiveLab(tmp_path_factory.mktemp("two-nodes"), "--nodes", "2", REDIS_URL="") as lab:
        yield lab.url


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """A browser with nothing in it, which may complain of refusals and of nothing else."""
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        yield page
        assert [text for text in wrong if EXPIRED not in text] == []


def ending(path: str) -> Pattern[str]:
    return pattern(re.escape(path) + "$")


def do(page: Page) -> None:
    page.locator("[data-do]").click()
    expect(page.locator("[data-outcome][data-verdict]")).to_be_visible(timeout=SLOW_MS)


def is_answer_to(response: Response, request: Request, who: str) -> bool:
    path = response.url.split("/", 3)[3]
    if who == "other":
        return f"/{path}" == ANOTHER
    return f"/{path}".startswith(request.path.split("{")[0]) and response.request.method == request.method


def really_said(page: Page, step: Step) -> tuple[int, dict[str, Any]]:
    """Do the step; return the status and the body of what came over the network."""
    assert isinstance(step.does, Request)
    request = step.does
    with page.expect_response(lambda response: is_answer_to(response, request, step.who)) as caught:
        do(page)
    status, text = caught.value.status, caught.value.text()
    if step.who == "other":
        answer = json.loads(text)
        status, text = answer["status"], answer["body"]
    return status, json.loads(text) if text else {}


def assert_the_claim_holds(step: Step, status: int, body: dict[str, Any]) -> None:
    assert step.expect is not None
    assert status == step.expect.status
    if step.expect.member:
        assert body["member"]["username"] == step.expect.member
    assert body.get("code") == step.expect.code


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("slug", STORIES)
def test_a_walk_shows_at_every_step_what_it_claims(browser: Browser, lab: str, slug: str, language: str) -> None:
    story, nodes = STORIES[slug], set[str]()
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" and "401" not in said.text else 0,
        )
        page.goto(f"/walkthrough/{slug}")
        assert page.locator("html").get_attribute("lang") == language
        for number, step in enumerate(story.steps):
            expect(page).to_have_url(f"{lab}/walkthrough/{slug}/{step.id}")
            if isinstance(step.does, Request):
                assert_the_claim_holds(step, *really_said(page, step))
                look_closely(page, step)
                nodes.add(page.locator("[data-outcome] p").first.inner_text())
            else:
                do(page)
            expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", verdict(step))
            if number < len(story.steps) - 1:
                page.locator("[data-next]").click()
        expect(page.locator("[data-next]")).to_be_disabled()
        assert {name for name in ("node-1", "node-2") if any(name in said for said in nodes)} == {"node-1", "node-2"}
        assert complaints == []


def verdict(step: Step) -> str:
    return "refused" if step.expect is not None and step.expect.status >= 400 else "let-in"


def look_closely(page: Page, step: Step) -> None:
    """Every telling line is there and marked, and no password is."""
    marked = page.locator("[data-wire] .telling")
    lines = {line.split()[-1] for line in step.look_at}
    assert marked.count() >= len(lines), (step.id, marked.all_inner_texts())
    expect(page.locator("[data-wire] [data-side]")).to_have_count(2)
    expect(page.locator("[data-diagram] .row.new").first).to_be_attached()
    assert "wonderland" not in page.locator("main").inner_text()


# -- what stands beside a step


def changes(page: Page, side: str, change: str) -> Locator:
    return page.locator(f"[data-{side}] [data-change={change}]")


def go_to(page: Page, slug: str, step: str) -> None:
    """Open a step at its own address and do all that comes before it."""
    page.goto(f"/walkthrough/{slug}/{step}")
    do(page)


def test_a_session_appears_moves_and_goes_on_the_server_side(page: Page) -> None:
    page.goto("/walkthrough/session")
    expect(page.locator("[data-server] .nothing")).to_be_visible()
    do(page)
    expect(changes(page, "server", "added").filter(has_text="member_id")).to_contain_text("alice")
    expect(changes(page, "clients", "added")).to_contain_text("HttpOnly")
    expect(page.locator("[data-server]")).to_contain_text("bytes")
    go_to(page, "session", "renew")
    expect(changes(page, "clients", "changed")).to_have_count(1)
    expect(changes(page, "server", "removed").first).to_be_visible()
    expect(changes(page, "server", "added").filter(has_text="member_id")).to_be_visible()
    go_to(page, "session", "replay")
    expect(page.locator("[data-server] > .nothing")).to_be_visible()


def test_a_logout_of_a_token_is_written_down_and_the_token_lives_on(page: Page) -> None:
    go_to(page, "token", "logout")
    expect(changes(page, "server", "added").filter(has_text="revoked_at")).to_be_visible()
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_contain_text("let in as alice")


def test_a_token_is_read_without_a_key(page: Page) -> None:
    go_to(page, "token", "read")
    expect(page.locator(".jwt-part.payload")).to_contain_text('"sub": "alice"')


def test_a_secret_is_short_until_it_is_clicked(page: Page) -> None:
    go_to(page, "session", "look-up")
    secret = page.locator("[data-wire] .telling .secret").first
    expect(secret).to_contain_text("…")
    secret.click()
    sid = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sid")
    expect(secret).to_have_text(sid)


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
    expect(page.locator("[data-server] .nothing")).to_be_visible()


def test_a_language_chosen_midway_stays_in_the_step(page: Page) -> None:
    go_to(page, "session", "renew")
    page.locator(".languages [value=ko]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page).to_have_url(ending("/session/renew"))
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_walk_is_played_with_the_keyboard_only(page: Page) -> None:
    page.goto("/walkthrough/session")
    for step in STORIES["session"].steps:
        expect(page).to_have_url(ending(step.id))
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-outcome][data-verdict]")).to_be_visible(timeout=SLOW_MS)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(ending("/logout"))


def test_a_walk_plays_by_itself(page: Page) -> None:
    page.goto("/walkthrough/session")
    page.locator("[data-play]").click()
    expect(page).to_have_url(ending("/replay"), timeout=90_000)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "refused", timeout=SLOW_MS)
    expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "false")


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


@pytest.mark.parametrize("scene", SCENES)
def test_the_player_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        for slug, step in (("session", "renew"), ("session", "hijack"), ("token", "read"), ("token", "still-in")):
            go_to(page, slug, step)
            page.screenshot(path=folder / f"walk-{slug}-{step}.png", full_page=True)
            assert overflow(page) <= 0
