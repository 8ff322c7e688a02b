"""A visitor predicts what a telling step will do, and sees the lab's real answer beside it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.pages.walkthrough.stories import STORIES
from tests.browser.scenes import LOCALES
from tests.browser.walks import do, ending, go_to, quiet_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


def test_a_walk_is_played_with_the_keyboard_only_and_every_question_is_answered(page: Page) -> None:
    """Each first option is chosen: some are right."""
    page.goto("/walkthrough/fourteen-steps")
    said = []
    for step in STORIES["fourteen-steps"].steps:
        expect(page).to_have_url(ending(f"/{step.id}"))
        expect(page.locator("[data-predict]")).to_have_count(0 if step.predict is None else len(step.predict.options))
        expect(page.locator("[data-why]")).to_be_visible(visible=step.predict is None)  # it tells what will happen
        page.keyboard.press("ArrowRight" if step.predict is None else "1")
        expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
        said += page.locator("[data-said]").evaluate_all("all => all.map((each) => each.dataset.said)")
        expect(page.locator("[data-why]")).to_be_visible()
        page.keyboard.press("ArrowRight")
    assert said == ["otherwise", "otherwise", "so"]
    expect(page.locator("[data-ending]")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(ending("/13"))


@pytest.mark.parametrize(
    ("language", "chosen", "says"),
    [
        ("en", 0, "You said: “The server lets the client in as alice.” The lab answered: “The server refuses it.”"),
        pytest.param("ko", 1, "✓ 예상: “서버가 거부합니다.” 맞았습니다.", marks=pytest.mark.nightly),
    ],
)
def test_what_was_said_stands_beside_the_real_answer(
    browser: Browser, lab: str, language: str, chosen: int, says: str
) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        page.goto("/walkthrough/session/old-id")
        page.locator(f"[data-predict='{chosen}']").click()
        expect(page.locator("[data-said]")).to_contain_text(says)
        expect(page.locator("[data-predict]")).to_have_count(0)
        expect(page.locator("[data-outcome] .soft")).to_have_count(0)  # that it is as described says nothing more
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "refused")
        expect(page.locator("[data-outcome] .wanted")).to_contain_text("✕ 401")  # a success of the lesson
        page.reload()
        expect(page.locator("[data-said]")).to_contain_text(says)
        page.locator("[data-restart]").click()
        page.goto("/walkthrough/session/old-id")
        expect(page.locator("[data-predict]")).to_have_count(2)


def test_the_real_answer_decides_which_prediction_is_right(page: Page) -> None:
    """The very same step, but another tab has logged in meanwhile: no prediction is called right or wrong."""
    go_to(page, "session", "login")
    page.request.post("/session/logout")
    page.locator("[data-next]").click()
    page.locator("[data-predict='0']").click()
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "wrong")
    expect(page.locator("[data-outcome] .wanted")).to_have_count(0)
    expect(page.locator("[data-said]")).to_have_count(0)


RECORD_WORDS = """button => {
  window.words = [];
  new MutationObserver(() => window.words.push(button.textContent)).observe(button, { childList: true });
}"""


def test_the_button_says_which_of_the_earlier_steps_is_being_done(page: Page) -> None:
    page.goto("/walkthrough/session/old-id")
    page.locator("[data-do]").evaluate(RECORD_WORDS)
    page.locator("[data-predict='1']").click()
    expect(page.locator("[data-said=so]")).to_be_visible()
    words = page.evaluate("window.words")
    assert [word for word in words if word.startswith("Running")] == [f"Running: step {n} of 13" for n in range(1, 6)]
    assert words[-1] == "Do it again"


def test_a_visitor_who_does_not_predict_goes_straight_on(page: Page) -> None:
    go_to(page, "session", "login")
    page.locator("[data-next]").click()
    expect(page.locator("[data-predict]")).to_have_count(2)
    do(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    expect(page.locator("[data-said]")).to_have_count(0)
    page.locator("[data-next]").click()
    expect(page).to_have_url(ending("/any-node"))
