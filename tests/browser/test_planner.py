"""The planner in a real browser: with its script, without it, and on every screen."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints
from tests.browser.scenes import SCENES, SCREENS, Scene, overflow, page_of

pytestmark = pytest.mark.browser

BIG = "/planner?members=10000000&nodes=1000"


@pytest.fixture
def more(page: Page) -> Page:
    """The planner with all of its inputs."""
    page.goto("/planner")
    page.get_by_text("More inputs").click()
    return page


def figure(page: Page, name: str) -> str:
    return page.locator(f"[data-figure='{name}']").inner_text()


def test_the_finding_and_the_form_are_in_sight_at_once(page: Page) -> None:
    width, height = SCREENS["desk"]
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/planner")
    seen = [*page.locator("#breaks, [data-breaks], .dial:visible, [data-primary], [data-more] > summary").all()]
    assert len(seen) == 1 + 4 + 4 + 1 + 1
    for each in seen:
        expect(each).to_be_in_viewport(ratio=1)
    width, height = SCREENS["phone"]
    page.set_viewport_size({"width": width, "height": height})
    tops = [page.locator(f"{part} >> nth=0").bounding_box() for part in ("#breaks", "[data-plan]", ".capacity")]
    assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)


def test_results_follow_the_inputs_and_the_address_follows_too(page: Page, complaints: Complaints) -> None:
    page.goto("/planner")
    page.get_by_label("Members at the same time", exact=True).fill("36000")
    page.get_by_label("Requests of each", exact=True).fill("10")
    expect(page.locator("[data-figure='session.requests_s']")).to_have_text("6,000/s")
    expect(page.locator("[data-said]")).to_contain_text("Session: ")
    expect(page).to_have_url(re.compile("members=36000"))
    page.reload()
    expect(page.get_by_label("Members at the same time", exact=True)).to_have_value("36000")
    assert complaints.found == []


def test_what_stands_below_the_results_follows_too(more: Page) -> None:
    """The link led to the plan of before, and the constants were not those that the formulas had used."""
    page = more
    page.get_by_label("Members at the same time", exact=True).fill("36000")
    expect(page.get_by_role("link", name="Does the model agree")).to_have_attribute(
        "href", re.compile("members=36000$")
    )
    page.get_by_label("Constants from").select_option("lookup-cost")
    expect(page.get_by_role("link", name="Does the model agree")).to_have_attribute(
        "href", re.compile("run=lookup-cost")
    )
    expect(page.locator("[data-renewed=constants]")).to_contain_text("2 of them are from the run lookup-cost instead.")
    page.get_by_text("All constants").click()
    expect(page.get_by_text("(from the run)")).to_have_count(2)


def test_a_slider_moves_its_number_from_the_keyboard(page: Page, complaints: Complaints) -> None:
    page.goto("/planner")
    before = figure(page, "session.requests_s")
    slider = page.get_by_label("Members at the same time, coarsely")
    slider.press("End")
    expect(page.get_by_label("Members at the same time", exact=True)).to_have_value("100000000")
    expect(page.locator("[data-figure='session.requests_s']")).not_to_have_text(before)
    slider.press("Home")
    expect(page.get_by_label("Members at the same time", exact=True)).to_have_value("1")
    expect(page.locator("[data-breaks] .shut")).to_have_count(0)
    assert complaints.found == []


def test_a_mistake_is_said_beside_the_form_and_old_results_turn_faint(more: Page) -> None:
    page = more
    page.get_by_label("Lifetime of an access token", exact=True).fill("86400")
    page.get_by_label("Lifetime of a refresh token", exact=True).fill("60")
    expect(page.locator("[data-complaint]")).to_have_text("✕ access_ttl_s must be at most refresh_ttl_s.")
    expect(page.locator("[data-renewed=finding][data-stale]")).to_be_visible()
    page.get_by_label("Lifetime of a refresh token", exact=True).fill("86400")
    expect(page.locator("[data-complaint]")).to_have_text("")
    expect(page.locator("[data-stale]")).to_have_count(0)


def test_formulas_that_were_opened_stay_open(page: Page) -> None:
    page.goto("/planner")
    page.locator("[data-formulas=token] summary").click()
    page.get_by_label("Nodes", exact=True).fill("7")
    expect(page.locator("#breaks")).to_contain_text("on 7 nodes")
    expect(page.locator("[data-formulas=token]")).to_have_attribute("open", "")
    expect(page.locator("[data-formulas=token]")).to_contain_text("visits_s × ends_a_visit × (1 − late_share)")


def test_it_works_without_a_script(browser: Browser, lab: str) -> None:
    with browser.new_context(base_url=lab, java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        page.goto("/planner")
        page.get_by_label("Members at the same time", exact=True).fill("10000000")
        page.get_by_label("Nodes", exact=True).fill("1000")
        page.get_by_role("button", name="Calculate").click()
        expect(page.locator("[data-approach=session][data-breaks]")).to_contain_text("Over its limit")
        expect(page.get_by_role("slider")).to_have_count(0)


def test_the_model_is_held_to_the_measured_run(page: Page, complaints: Complaints) -> None:
    page.goto(BIG)
    page.get_by_role("link", name="Does the model agree").click()
    expect(page.locator("h1")).to_have_text("Does the model agree with what was measured?")
    assert page.locator("[data-picture=planner-simulation-scale-out] [data-row]").count() >= 18
    assert complaints.found == []


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto(BIG)
        page.screenshot(path=folder / "planner.png", full_page=True)
        assert overflow(page) <= 0


@pytest.mark.nightly
@pytest.mark.parametrize("width", [360, 3840])
def test_it_fits_a_projector_too(browser: Browser, lab: str, width: int) -> None:
    with browser.new_context(base_url=lab, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        context.request.post("/display", form={"projector": "on"})  # on a phone its button is in the menu
        page.goto(BIG)
        expect(page.locator("html")).to_have_attribute("data-projector", "")
        assert overflow(page) <= 0
