"""The walks, played from their first step to their last against a real lab of two nodes behind a balancer."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from re import Pattern
from re import compile as pattern
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.stories.parts import SHORT_S
from lab.pages.walkthrough.story import Expect, Look, Request, Step
from tests.browser.clocks import OFF_BY_S, page_off_by
from tests.browser.scenes import LOCALES, LOCALES_IN_TURN, SCENES, SLOW_MS, Scene, overflow, page_of
from tests.support.forge import claims_of
from tests.support.hours import HOURS

pytestmark = pytest.mark.browser

ANOTHER = "/walkthrough/as-another-client"
REFUSALS = ("status of 401", "status of 403")  # what a walk is there to show; the browser logs it
GRACE_S = 2
PANES = 6  # and one more at a step that compares what came with what is stored


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """A browser with nothing in it, which may complain of refusals and of nothing else."""
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        yield page
        assert without_refusals(wrong) == []


def without_refusals(complaints: list[str]) -> list[str]:
    return [text for text in complaints if not any(refusal in text for refusal in REFUSALS)]


def ending(path: str) -> Pattern[str]:
    return pattern(re.escape(path) + "$")


def do(page: Page) -> None:
    page.locator("[data-do]").click()
    expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()


def is_answer_to(response: Response, request: Request, who: str) -> bool:
    path = response.url.split("/", 3)[3]
    if who == "other":
        return f"/{path}" == ANOTHER
    return f"/{path}".startswith(request.path.split("{")[0]) and response.request.method == request.method


@dataclass(frozen=True)
class Answer:
    """What really came over the network."""

    status: int
    body: dict[str, Any]
    inside: list[dict[str, Any]]


def really_said(page: Page, step: Step) -> Answer:
    """Do the step; return what came over the network."""
    assert isinstance(step.does, Request)
    request = step.does
    with page.expect_response(lambda response: is_answer_to(response, request, step.who)) as caught:
        do(page)
    status, text, headers = caught.value.status, caught.value.text(), caught.value.all_headers()
    if step.who == "other":
        answer = json.loads(text)
        status, text = answer["status"], answer["body"]
        headers = {name.lower(): value for name, value in answer["headers"]}
    return Answer(status, json.loads(text) if text else {}, json.loads(headers["x-lab-trace"]))


def assert_the_claim_holds(claim: Expect, answer: Answer, member: str) -> None:
    assert answer.status == claim.status
    assert answer.body.get("code") == claim.code
    for name, claimed in (("username", claim.member), ("role", claim.role)):
        assert claimed is None or answer.body["member"][name] == claimed.format(member=member)
    for beginning in claim.inside:
        assert any(taken["what"].startswith(beginning) for taken in answer.inside), beginning
    assert not [taken for taken in answer.inside if taken["part"] in claim.not_inside]


# Each run plays a walk by session and one by token; the notes' fourteen steps are played from the keyboard below.
IN_EVERY_RUN = ("session", "token")
PLAYED = [slug if slug in IN_EVERY_RUN else pytest.param(slug, marks=pytest.mark.nightly) for slug in STORIES]


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
@pytest.mark.parametrize("slug", PLAYED)
def test_a_walk_shows_at_every_step_what_it_claims(browser: Browser, lab: str, slug: str, language: str) -> None:
    story, nodes, answer = STORIES[slug], set[str](), None
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"/walkthrough/{slug}")
        assert page.locator("html").get_attribute("lang") == language
        for number, step in enumerate(story.steps):
            expect(page).to_have_url(f"{lab}/walkthrough/{slug}/{step.id}")
            if isinstance(step.does, Request):
                answer = really_said(page, step)
                nodes.add(page.locator("[data-node]").inner_text())
            else:
                do(page)
            if step.expect is not None:
                assert answer is not None
                assert_the_claim_holds(step.expect, answer, borrowed_member(page))
                look_closely(page, step)
            expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", verdict(step))
            if number < len(story.steps) - 1:
                page.locator("[data-next]").click()
        expect(page.locator("[data-next]")).to_be_disabled()
        expect(page.locator("[data-rail] [data-state=done]")).to_have_count(len(story.steps))
        if "any-node" in {step.id for step in story.steps}:
            assert nodes == {"node-1", "node-2"}
        assert without_refusals(complaints) == []


def borrowed_member(page: Page) -> str:
    kept = page.evaluate("Object.values(sessionStorage)[0]")
    return str(json.loads(kept)["start"]["values"]["member"])


def verdict(step: Step) -> str:
    return "refused" if step.expect is not None and step.expect.status >= 400 else "let-in"


def look_closely(page: Page, step: Step) -> None:
    """Every telling line is there and marked, and no password is."""
    for side, place in (
        ("inside", "[data-inside]"),
        ("request", "[data-side=request]"),
        ("response", "[data-side=response]"),
    ):
        told = [line for line in step.look_at if line.startswith(side)]
        marked = page.locator(f"{place} .telling")
        assert marked.count() >= len(told), (step.id, told, marked.all_inner_texts())
    expect(page.locator("[data-wire] [data-side]")).to_have_count(2)
    expect(page.locator("[data-diagram] .row.new").first).to_be_attached()
    if isinstance(step.does, Look):
        expect(page.locator("[data-diagram] .row.told").first).to_be_attached()
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


def comparison(page: Page, kind: str) -> Locator:
    return page.locator(f"[data-kind={kind}]")


def whole(page: Page, kind: str, line: str) -> str:
    """Return a line of a comparison in full: a long value is shortened until it is clicked."""
    shown = comparison(page, kind).locator(f"[data-line={line}]")
    if shown.locator(".secret[aria-expanded=false]").count():
        shown.locator(".secret").click()
    return shown.inner_text()


def test_the_refresh_token_that_came_leads_to_its_row_and_a_used_or_forged_one_does_not(page: Page) -> None:
    go_to(page, "fourteen-steps", "13")
    expect(comparison(page, "sent")).to_contain_text("same ✓")
    for kind in ("again", "forged"):
        expect(comparison(page, kind)).to_contain_text("different ✕")
    jti, row = whole(page, "sent", "jti"), whole(page, "sent", "row_valid")
    assert claims_of(whole(page, "sent", "jwt"))["jti"] == jti
    assert hashlib.sha256(jti.encode()).hexdigest() == whole(page, "sent", "hash") == row
    rows = page.locator("[data-server] h3 code .secret")
    for secret in rows.all():
        secret.click()
    assert [row, whole(page, "again", "row_valid")] == [text for text in rows.all_inner_texts() if len(text) == 64]
    assert whole(page, "again", "row_used") == row
    expect(comparison(page, "again").locator("[data-grace]")).to_be_visible()
    comparison(page, "forged").locator("[data-send-forged]").click()
    expect(page.locator("[data-forged-answer]")).to_contain_text("refresh_invalid")
    expect(page.locator("[data-forged-answer]")).to_contain_text("key found, signature and claims. Rows read: 0.")


def test_a_used_token_and_one_of_an_ended_login_differ_from_the_valid_row(page: Page) -> None:
    for step, line in (("noticed", "row_used"), ("thief-too", "row_ended")):
        go_to(page, "rotation-and-theft", step)
        expect(comparison(page, "sent")).to_contain_text("different ✕")
        expect(comparison(page, "sent").locator(f"[data-line={line}]")).to_be_visible()


def test_a_log_in_compares_the_hash_of_the_password_with_the_members_row(page: Page) -> None:
    go_to(page, "fourteen-steps", "2")
    expect(comparison(page, "row")).to_contain_text("$argon2id$")
    expect(comparison(page, "right")).to_contain_text("same ✓")
    expect(comparison(page, "wrong")).to_contain_text("different ✕")
    assert "wonderland" not in page.locator("main").inner_text()
    page.locator("[data-next]").click()
    expect(page.locator("[data-compared-pane]")).to_be_hidden()


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_a_logout_of_hybrid_ends_both_tokens_and_its_entry_says_when_it_is_deleted(
    browser: Browser, lab: str, language: str
) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        go_to(page, "logout-of-both", "refresh-refused")
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "refused")
        denial = page.locator("[data-server] .holder").filter(has_text="held_against")
        expect(denial).to_contain_text({"en": "deleted in", "ko": "초 뒤 삭제"}[language])
        expect(comparison(page, "sent").locator("[data-line=row_ended]")).to_be_visible()
        expect(comparison(page, "again").locator("[data-grace]")).to_have_count(0)  # an ended login has no successor
        go_to(page, "logout-of-both", "token-still-in")
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
        expect(page.locator("[data-server]")).not_to_contain_text("held_against")


def test_the_refresh_token_lies_in_a_safe_place_of_its_own_from_step_five_on(page: Page) -> None:
    holders = page.locator("[data-clients] .holder")
    go_to(page, "fourteen-steps", "4")
    expect(holders).to_have_count(1)
    page.locator("[data-next]").click()
    do(page)
    expect(holders).to_have_count(2)
    expect(holders.first.locator("[data-change=same]")).to_contain_text("access_token")
    expect(holders.first.locator("[data-change=removed]")).to_contain_text("refresh_token")
    expect(holders.last.locator("[data-change=added]")).to_contain_text("refresh_token")
    expect(holders.last.locator("a")).to_have_attribute("href", "/storage")
    page.reload()
    expect(holders).to_have_count(2)


@pytest.mark.nightly
def test_a_new_refresh_token_takes_the_old_ones_safe_place(page: Page) -> None:
    go_to(page, "fourteen-steps", "12")
    safe = page.locator("[data-clients] .holder").last
    expect(safe.locator("[data-change=changed]")).to_contain_text("refresh_token")


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


def test_a_token_is_read_without_a_key(page: Page) -> None:
    go_to(page, "token", "read")
    expect(page.locator(".jwt-part.payload")).to_contain_text('"sub": "alice"')
    expect(page.locator(".jwt-part .telling")).to_contain_text('"role": "user"')


def test_a_secret_is_short_until_it_is_clicked(page: Page) -> None:
    go_to(page, "session", "look-up")
    secret = page.locator("[data-wire] .telling .secret").first
    expect(secret).to_contain_text("…")
    secret.click()
    sid = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sot_sid")
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


def test_going_back_leaves_the_walk_where_it_was_entered(page: Page) -> None:
    page.goto("/")
    page.goto("/walkthrough/session")
    do(page)
    page.locator("[data-next]").click()
    page.go_back()
    expect(page).to_have_url(ending("/session/login"))
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    page.go_back()
    expect(page.locator("[data-player]")).to_have_count(0)


def test_a_language_chosen_midway_stays_in_the_step(page: Page) -> None:
    go_to(page, "session", "renew")
    page.locator(".languages [value=ko]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page).to_have_url(ending("/session/renew"))
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_walk_is_played_with_the_keyboard_only(page: Page) -> None:
    page.goto("/walkthrough/fourteen-steps")
    for step in STORIES["fourteen-steps"].steps:
        expect(page).to_have_url(ending(f"/{step.id}"))
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(ending("/13"))


def test_another_walk_is_found_with_the_keyboard(page: Page) -> None:
    page.goto("/walkthrough/session")
    page.locator(".picker summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(ending("/walkthrough/session-lifetimes/plant"))


def test_a_walk_plays_by_itself(page: Page) -> None:
    page.goto("/walkthrough/client-reads-exp")
    page.locator("[data-play]").click()
    expect(page).to_have_url(ending("/ask-again"))
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "false")
    assert "401" not in page.locator("[data-diagram]").inner_text()


def test_two_tabs_at_once_are_given_the_very_same_successor(page: Page) -> None:
    page.goto("/walkthrough/rotation-and-theft/race")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/token/refresh") else None)
    do(page)
    rotated, one, other = (answer.json() for answer in answers)
    assert one["refresh_token"] == other["refresh_token"] != rotated["refresh_token"]
    expect(changes(page, "server", "added").filter(has_text="spent_at")).to_have_count(1)
    expect(page.locator("[data-inside] .totals")).to_have_count(2)


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


# -- clocks


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


# -- other tabs, which share this browser's cookies

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
    assert page.locator(".happens").evaluate("pane => pane.scrollHeight <= pane.clientHeight"), "it covers other panes"
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


def do_anew(page: Page) -> None:
    page.locator("[data-do]").click()
    expect(page.locator("[data-outcome]")).to_contain_text("This is the expected result")


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
    expect(page.locator("[data-outcome]")).to_contain_text("This is the expected result")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_restart_leaves_a_wait_at_once(page: Page) -> None:
    page.goto("/walkthrough/apart/wait")
    page.locator("[data-do]").click()
    expect(page.locator(".countdown")).to_be_visible()
    page.locator("[data-restart]").click()
    expect(page).to_have_url(ending("/apart/login"))
    expect(page.locator("[data-server] .nothing")).to_be_visible()
    page.wait_for_timeout(SHORT_S * 1000)  # whatever was waited for does not come back
    expect(page.locator("[data-rail] [data-state=done]")).to_have_count(0)
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")


def test_a_role_that_was_taken_away_is_marked_where_the_server_keeps_it(page: Page) -> None:
    go_to(page, "role-change", "demote")
    expect(changes(page, "server", "changed").filter(has_text="role")).to_contain_text("admin → user")
    expect(changes(page, "server", "added").filter(has_text="held_against")).to_be_visible()


def test_what_the_server_did_adds_up(page: Page) -> None:
    """The trace's steps are Server-Timing's parts, to the microsecond that each is rounded to."""
    go_to(page, "session", "look-up")
    expect(page.locator("[data-inside] li.telling")).to_contain_text("GETEX")
    figures = page.locator("[data-inside] .totals dd").all_inner_texts()
    *parts, total = (float(figure.replace(",", "")) for figure in figures)
    assert len(parts) == 4
    assert abs(sum(parts) - total) < 4
    stores = page.locator("[data-inside] li[data-part=store] .us").all_inner_texts()
    assert abs(sum(float(figure.replace(",", "")) for figure in stores) - parts[0]) < 2


def test_the_header_tells_which_node_has_answered(page: Page) -> None:
    page.goto("/walkthrough/session")
    for _ in range(2):
        do(page)
        node = page.locator("[data-node]").inner_text()
        expect(page.locator("[data-outcome]")).to_contain_text(node)
        page.locator("[data-next]").click()


COUNT_DOTS = """() => {
  window.dots = 0;
  const count = (changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
    window.dots += node.matches?.(".message-dot") ? 1 : 0;
  }));
  new MutationObserver(count).observe(document, { childList: true, subtree: true });
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_messages_travel_their_arrows_unless_less_motion_is_preferred(page: Page, motion: Any) -> None:
    page.emulate_media(reduced_motion=motion)
    page.goto("/walkthrough/session")
    page.evaluate(COUNT_DOTS)
    do(page)
    assert (page.evaluate("window.dots") >= 2) == (motion == "no-preference")
    if motion == "reduce":
        assert page.evaluate("document.getAnimations().length") == 0


Box = dict[str, float]
EDGES = "panes => panes.map(pane => pane.getBoundingClientRect().toJSON())"


def boxes(page: Page) -> list[Box]:
    found: list[Box] = page.locator("[data-player] .pane:visible").evaluate_all(EDGES)
    return found


@pytest.mark.parametrize("language", LOCALES)
def test_all_panes_are_on_one_screen_and_stay_where_they_are(browser: Browser, lab: str, language: str) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        go_to(page, "role-change", "token-after")
        done = boxes_by_screen(page)
        page.locator("[data-next]").click()
        assert boxes_by_screen(page) == done
        do(page)
        assert boxes_by_screen(page) == done
        expect(page.locator("[data-scrolls][tabindex='0']:visible")).to_have_count(PANES)


def test_the_pane_that_compares_is_on_the_same_screen(page: Page) -> None:
    go_to(page, "rotation-and-theft", "noticed")
    boxes_by_screen(page, PANES + 1)


def boxes_by_screen(page: Page, panes: int = PANES) -> list[list[Box]]:
    """Return where the panes are on each screen; all of them are on it, whole."""
    found = []
    for width, height in ((1366, 768), (1440, 900), (1280, 720)):
        page.set_viewport_size({"width": width, "height": height})
        seen = boxes(page)
        assert len(seen) == panes
        for pane in seen:
            assert 0 <= pane["top"] <= pane["bottom"] <= height, pane
            assert 0 <= pane["left"] <= pane["right"] <= width, pane
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        found.append(seen)
    return found


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


DRAWN = (
    ("session", "renew"),
    ("session", "hijack"),
    ("token", "read"),
    ("fourteen-steps", "3"),
    ("together", "ask"),
    ("rotation-and-theft", "race"),
    ("role-change", "demote"),
)


@pytest.mark.parametrize("scene", SCENES)
def test_the_player_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        for slug, step in DRAWN:
            go_to(page, slug, step)
            page.screenshot(path=folder / f"walk-{slug}-{step}.png", full_page=True)
            assert overflow(page) <= 0
