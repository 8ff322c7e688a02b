"""A walk is played from its first step to its last against a real lab: every step does what it claims."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.story import Expect, Look, Request, Step
from tests.browser.scenes import LOCALES, LOCALES_IN_TURN
from tests.browser.walks import (
    changes,
    complaints_of,
    do,
    ending,
    faults,
    quiet_page,
    text_of_all_panes,
    without_refusals,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


ANOTHER = "/walkthrough/as-another-client"


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


# Each run plays a walk here, one by a clicker on the stage (test_walk_stage.py) and one from the keyboard
# (test_walk_predictions.py). What all walks claim is compared with the app's answers in tests/lab/test_walkthrough.py.
IN_EVERY_RUN = ("session",)

PLAYED = [slug if slug in IN_EVERY_RUN else pytest.param(slug, marks=pytest.mark.nightly) for slug in STORIES]


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
@pytest.mark.parametrize("slug", PLAYED)
def test_a_walk_shows_at_every_step_what_it_claims(browser: Browser, lab: str, slug: str, language: str) -> None:
    story, nodes, answer = STORIES[slug], set[str](), None
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        complaints = complaints_of(page)
        page.goto(f"/walkthrough/{slug}")
        assert page.locator("html").get_attribute("lang") == language
        for number, step in enumerate(story.steps):
            expect(page).to_have_url(f"{lab}/walkthrough/{slug}/{step.id}")
            expect(page.locator("[data-primary]")).to_be_in_viewport(ratio=1)
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
            assert faults(page) == []
            if number < len(story.steps) - 1:
                page.locator("[data-next]").click()
        expect(page.locator("[data-next]")).to_be_disabled()
        expect(page.locator("[data-primary]")).to_have_attribute("data-next-walk", "")
        expect(page.locator("[data-primary]")).to_be_in_viewport(ratio=1)
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
    assert "wonderland" not in text_of_all_panes(page)


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


def test_another_walk_is_found_with_the_keyboard(page: Page) -> None:
    page.goto("/walkthrough/session")
    page.locator(".picker summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(ending("/walkthrough/session-lifetimes/plant"))


def test_a_walk_plays_by_itself(page: Page) -> None:
    """It waits at a question, until the button is pressed again or an answer is given."""
    page.goto("/walkthrough/client-reads-exp")
    page.locator("[data-play]").evaluate("button => (button.dataset.pace = '0')")
    page.locator("[data-play]").click()
    expect(page.locator("[data-play]")).to_have_text("▶▶ Play on without an answer")
    expect(page).to_have_url(ending("/refresh"))
    expect(page.locator("[data-outcome][data-verdict]")).to_have_count(0)
    page.locator("[data-play]").click()
    expect(page).to_have_url(ending("/ask-again"))
    expect(page.locator("[data-play]")).to_have_text("▶▶ Play on without an answer")
    page.locator("[data-predict='0']").click()
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


def test_the_header_tells_which_node_has_answered(page: Page) -> None:
    page.goto("/walkthrough/session")
    for _ in range(2):
        do(page)
        node = page.locator("[data-node]").inner_text()
        expect(page.locator("[data-outcome]")).to_contain_text(node)
        page.locator("[data-next]").click()
