"""The stage: a walk on a projector, gone through with a clicker, readable from ten metres."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.story import Story
from tests.browser.scenes import LOCALES, SCENES, Scene, overflow, page_of
from tests.browser.walks import ending, faults, go_to, quiet_page

pytestmark = pytest.mark.browser

STAGES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
KEYS = {"wire": "w", "inside": "i", "clients": "c", "server": "s", "compared": "v"}


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


def measured(page: Page, where: str) -> list[str]:
    """Return what is wrong with the stage, and with each pane on it."""
    wrong = faults(page, is_staged=True)
    for name, key in KEYS.items():
        if page.locator(f"[data-opens={name}]").is_visible():
            page.keyboard.press(key)
            expect(page.locator(f"[data-pane={name}]")).to_be_visible()
            wrong += [f"{name}: {fault}" for fault in faults(page, is_staged=True)]
            page.keyboard.press(key)
    return [f"{where}: {fault}" for fault in wrong]


def play(page: Page, story: Story, stages: list[str]) -> list[str]:
    """Play a walk with the clicker's one key. Return what is wrong at any step, before and after it, at each size."""
    wrong: list[str] = []
    page.set_viewport_size(size(stages[0]))
    page.goto(f"/walkthrough/{story.slug}?stage")
    for step in story.steps:
        expect(page).to_have_url(ending(f"/{step.id}?stage"))
        for stage in stages:
            page.set_viewport_size(size(stage))
            wrong += [f"{step.id} {stage} asked: {fault}" for fault in faults(page, is_staged=True)]
        page.keyboard.press("PageDown")
        expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
        expect(page.locator("[data-outcome]")).not_to_have_attribute("data-verdict", "wrong")
        for stage in stages:
            page.set_viewport_size(size(stage))
            wrong += measured(page, f"{step.id} {stage}")
        page.keyboard.press("PageDown")
    expect(page.locator("[data-ending]")).to_be_visible()
    expect(page.locator("[data-primary]")).to_have_attribute("data-next-walk", "")
    for stage in stages:
        page.set_viewport_size(size(stage))
        wrong += [f"ending {stage}: {fault}" for fault in faults(page, is_staged=True)]
    return wrong


def size(stage: str) -> dict[str, int]:
    return dict(zip(("width", "height"), STAGES[stage], strict=True))


def test_a_clicker_plays_a_whole_walk_on_the_stage_and_all_of_it_can_be_read(page: Page) -> None:
    assert play(page, STORIES["token"], ["720p"]) == []
    page.keyboard.press("PageDown")  # one press too many
    expect(page.locator("[data-ending]")).to_be_visible()
    page.keyboard.press("PageUp")
    expect(page.locator("[data-ending]")).to_be_hidden()


@pytest.mark.nightly
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("slug", STORIES)
def test_every_walk_can_be_read_on_every_stage(browser: Browser, lab: str, slug: str, language: str) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        assert play(context.new_page(), STORIES[slug], [*STAGES]) == []


@pytest.mark.nightly
def test_the_keyboard_alone_plays_a_walk_on_the_stage_and_leads_to_the_next(page: Page) -> None:
    page.goto("/walkthrough/session?stage")
    for step in STORIES["session"].steps:
        expect(page).to_have_url(ending(f"/{step.id}?stage"))
        page.keyboard.press("Space" if step.predict is None else "1")
        expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
        expect(page.locator("[data-said]")).to_have_count(0 if step.predict is None else 1)
        for key in ("s", "w"):  # the second one takes the place of the first
            page.keyboard.press(key)
        expect(page.locator("[data-pane=wire]")).to_be_visible()
        expect(page.locator("[data-pane=server]")).to_be_hidden()
        expect(page.locator("[data-primary]")).to_have_attribute("data-next", "")
        page.keyboard.press("Space")
    expect(page.locator("[data-next-walk]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(ending("/walkthrough/session-lifetimes/plant?stage"))


def test_the_stage_is_entered_and_left_and_keeps_the_step(page: Page) -> None:
    go_to(page, "session", "look-up")
    page.locator("[data-stage]").click()
    expect(page).to_have_url(ending("/session/look-up?stage"))
    expect(page.locator(".header")).to_be_hidden()
    page.reload()
    expect(page.locator("[data-diagram] .row.new").first).to_be_visible()
    assert faults(page, is_staged=True) == []
    page.keyboard.press("Escape")
    expect(page).to_have_url(ending("/session/look-up"))
    expect(page.locator(".header")).to_be_visible()
    page.get_by_role("button", name="Projector").click()  # on a walk it leads to the stage
    expect(page).to_have_url(ending("/session/look-up?stage"))
    page.locator("[data-leave]").click()
    expect(page).to_have_url(ending("/session/look-up"))


@pytest.mark.parametrize(
    ("on", "back"),
    [
        ("Space", "ArrowLeft"),
        pytest.param("ArrowDown", "ArrowUp", marks=pytest.mark.nightly),
        pytest.param("ArrowRight", "PageUp", marks=pytest.mark.nightly),
    ],
)
def test_the_stage_goes_on_and_back_by_every_usual_key(page: Page, on: str, back: str) -> None:
    page.goto("/walkthrough/session?stage")
    page.keyboard.press(on)
    expect(page.locator("[data-outcome][data-verdict]")).to_be_visible()
    page.keyboard.press(on)
    expect(page).to_have_url(ending("/look-up?stage"))
    page.keyboard.press(back)
    expect(page).to_have_url(ending("/login?stage"))


def test_a_prediction_is_made_on_the_stage_by_its_number(page: Page) -> None:
    page.goto("/walkthrough/session/old-id?stage")
    expect(page.locator("[data-predict]").first).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("[data-said=so]")).to_be_visible()


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
            assert faults(page) == []
            page.goto(f"/walkthrough/{slug}/{step}?stage")
            page.screenshot(path=folder / f"stage-{slug}-{step}.png")
