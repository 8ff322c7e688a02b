"""Two nodes behind the balancer, ended and started from the page itself: whose login lives on is seen on it."""

from collections.abc import Iterator
from pathlib import Path
from re import compile as pattern

import pytest
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect

from tests.browser.scenes import SCENES, SCREENSHOTS, Scene, overflow, page_of
from tests.browser.test_lab import log_in_as
from tests.support.lab_processes import Lab
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.browser

# What the page is there to show, and the browser logs: refusals, and an answer that the kill of its node cut short.
EXPECTED = (*(f"status of {status}" for status in (400, 401, 409, 502, 503)), "ERR_CONTENT_LENGTH_MISMATCH")


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


@pytest.fixture
def scale_out(page: Page) -> Iterator[Page]:
    """The page with everything running; what a test has ended is started again before the next."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.goto("/scale-out")
    expect(page.locator("[data-state=running]")).to_have_count(5)
    page.locator("[data-more]").click()
    yield page
    for start in page.get_by_role("button", name=pattern(": (Start|Resume)$")).all():
        if start.is_enabled():
            start.click()
    expect(page.locator("[data-state=running]")).to_have_count(5)
    assert [text for text in wrong if not any(expected in text for expected in EXPECTED)] == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def send(page: Page, approaches: str) -> None:
    page.locator(f'[data-send="{approaches}"]').click()
    expect(page.locator(f'[data-send="{approaches}"]')).to_be_enabled()


def marks(page: Page, approach: str, verdict: str) -> Locator:
    return page.locator(f'[data-run={approach}] [data-verdict="{verdict}"]')


def lane(page: Page, approach: str) -> Locator:
    return page.locator(f"[data-lane={approach}] [data-lane-word]")


def ticks(page: Page, approach: str, verdict: str) -> Locator:
    return page.locator(f'.tick[data-lane={approach}][data-verdict="{verdict}"]')


def holders(page: Page, approach: str) -> list[str]:
    """Return the parts of the drawing in which an approach's login is drawn."""
    boxes = page.locator(f".box:has([data-held={approach}])")
    return [str(box.get_attribute("data-node") or box.get_attribute("data-part")) for box in boxes.all()]


COUNT_DOTS = """window.dots = 0; new MutationObserver((changes) => {
  const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
  window.dots += added.filter(({ className }) => className === "dot").length;
}).observe(document.querySelector("[data-drawing]"), { childList: true })"""


def test_a_dot_travels_for_each_answer_but_not_with_reduced_motion(scale_out: Page) -> None:
    scale_out.evaluate(COUNT_DOTS)
    scale_out.emulate_media(reduced_motion="no-preference")
    send(scale_out, "session")
    expect(marks(scale_out, "session", "known")).to_have_count(20)
    assert scale_out.evaluate("window.dots") == 20
    expect(scale_out.locator(".dot")).to_have_count(0)
    scale_out.emulate_media(reduced_motion="reduce")
    send(scale_out, "session")
    assert scale_out.evaluate("window.dots") == 20


def test_round_robin_breaks_memory_and_nothing_else(scale_out: Page) -> None:
    store_switch, result = scale_out.locator("[data-store-switch]"), scale_out.locator("[data-round-result]")
    before = store_switch.bounding_box()
    send(scale_out, "memory session token hybrid")
    known, refused = (marks(scale_out, "memory", verdict).all() for verdict in ("known", "refused"))
    assert len(known) + len(refused) == 20
    assert min(len(known), len(refused)) >= 7  # the page's own look at the state takes a turn now and then
    [home], [other] = ({mark.get_attribute("title") for mark in marks} for marks in (known, refused))
    said = scale_out.locator("[data-run=memory] [data-sentence]")
    expect(said).to_contain_text(f"{home} recognized you {len(known)} of {len(known)} times")
    expect(said).to_contain_text(f"{other} recognized you 0 of {len(refused)} times")
    expect(said).to_contain_text(f"only in the memory of {home}")
    assert holders(scale_out, "memory") == [home]
    expect(result).to_contain_text(f"✕ Memory: {len(known)} of 20 recognized")
    expect(result).to_contain_text("✓ Session: all recognized")
    expect(result).to_be_in_viewport(ratio=1)
    assert store_switch.bounding_box() == before, "the other switch has a longer label now"
    expect(scale_out.locator(".header [data-approach=session] .who-here")).to_have_text("alice")
    chip = scale_out.locator(".header [data-approach=memory] .who-here")  # one node answered it
    expect(chip).to_have_attribute("title", pattern(f"^({home} knows|{other} does not know) you$"))
    assert holders(scale_out, "session") == ["store"]
    assert holders(scale_out, "token") == holders(scale_out, "hybrid") == ["browser", "database"]
    for approach in ("session", "token", "hybrid"):
        expect(marks(scale_out, approach, "known")).to_have_count(20)
        assert len({item.get_attribute("title") for item in marks(scale_out, approach, "known").all()}) == 2


def test_sticky_hides_it_until_the_node_with_the_login_ends(scale_out: Page) -> None:
    """The named switch ends the node that has the login, whichever that is, and the primary button leads on."""
    primary, switch = scale_out.locator("[data-primary]"), scale_out.locator("[data-node-switch]")
    expect(switch).to_be_disabled()
    scale_out.get_by_role("radio", name=pattern("Sticky")).check()
    expect(primary).to_have_text("Send 20 requests to each of them")
    primary.click()
    expect(primary).to_have_text(pattern("^Kill node-"))
    [home] = {item.get_attribute("title") for item in marks(scale_out, "memory", "known").all()}
    expect(marks(scale_out, "memory", "known")).to_have_count(20)
    expect(switch).to_have_text(f"Kill {home}, which holds the login: Memory")
    primary.click()
    expect(scale_out.locator(f"[data-node={home}] [data-state=killed]")).to_be_visible()
    expect(scale_out.locator("[data-held=memory]")).to_have_count(0)
    primary.click()
    expect(primary).to_have_text(f"Start {home} again")
    for approach, verdict in (("memory", "refused"), ("session", "known"), ("token", "known"), ("hybrid", "known")):
        expect(marks(scale_out, approach, verdict)).to_have_count(20)
    primary.click()
    expect(scale_out.locator(f"[data-node={home}] [data-state=running]")).to_be_visible()
    send(scale_out, "memory")
    expect(marks(scale_out, "memory", "known")).to_have_count(20)  # by a new log-in


def test_a_state_from_before_a_command_does_not_undo_it(scale_out: Page) -> None:
    """A look at the state that is answered late said that the killed node runs, and its switch was lost for good."""
    late: list[tuple[Route, APIResponse]] = []
    send(scale_out, "memory")
    scale_out.route("**/lab/state", lambda route: late.append((route, route.fetch())), times=1)
    eventually(lambda: scale_out.wait_for_timeout(50) or late, "a look at the state")
    switch = scale_out.locator("[data-node-switch]")
    switch.click()
    expect(switch).to_have_text(pattern("^Start node-"))
    with scale_out.expect_response("**/lab/state"):
        [(route, state)] = late
        route.fulfill(response=state)
    with scale_out.expect_response("**/lab/state"):  # the next look
        pass
    expect(switch).to_have_text(pattern("^Start node-"))


def test_four_switches_are_in_sight_and_the_rest_is_under_more(page: Page) -> None:
    page.goto("/scale-out")
    expect(page.locator("[data-state=running]")).to_have_count(5)
    for name in ("[data-primary]", "[value=sticky]", "[data-node-switch]", "[data-store-switch]", "[data-part=store]"):
        expect(page.locator(name)).to_be_in_viewport(ratio=1)
    stop = page.get_by_role("button", name="Store: Restart", exact=True)
    expect(stop).to_be_hidden()
    page.locator("[data-more]").click()
    expect(stop).to_be_visible()


def test_a_killed_node_takes_only_memory_along_while_one_watches(scale_out: Page) -> None:
    scale_out.get_by_role("radio", name=pattern("Sticky")).check()
    scale_out.locator("[data-watch]").click()
    for approach in ("memory", "session", "token", "hybrid"):
        expect(lane(scale_out, approach)).to_have_text("in")
    home = scale_out.locator(".tick[data-lane=memory]").last.get_attribute("data-by")
    press(scale_out, f"{home}: Kill")
    expect(lane(scale_out, "memory")).to_have_text("not known")
    expect(scale_out.locator(".mark text", has_text=f"{home}: Kill")).to_have_count(1)
    gone = scale_out.locator("[data-events] li", has_text="the login is gone")  # others tell of an answer that was cut
    expect(gone).to_have_text([pattern("Memory: the login is gone")])
    for approach in ("session", "token", "hybrid"):
        expect(lane(scale_out, approach)).to_have_text("in")
        expect(ticks(scale_out, approach, "refused")).to_have_count(0)
    press(scale_out, "Log in again")
    expect(lane(scale_out, "memory")).to_have_text("in")


def test_a_node_that_is_scaled_up_takes_only_memory_along_while_one_watches(scale_out: Page) -> None:
    scale_out.get_by_role("radio", name=pattern("Sticky")).check()
    scale_out.locator("[data-watch]").click()
    for approach in ("memory", "session", "token", "hybrid"):
        expect(lane(scale_out, approach)).to_have_text("in")
    home = scale_out.locator(".tick[data-lane=memory]").last.get_attribute("data-by")
    press(scale_out, f"{home}: 4 threads")
    box = scale_out.locator(f"[data-node={home}]")
    expect(box.locator("[data-fact=threads]")).to_have_text("4")
    expect(box.get_by_role("button", name="4 threads")).to_have_attribute("aria-pressed", "true")
    expect(lane(scale_out, "memory")).to_have_text("not known")
    for approach in ("session", "token", "hybrid"):
        expect(lane(scale_out, approach)).to_have_text("in")
        expect(ticks(scale_out, approach, "refused")).to_have_count(0)


# Draws readings and returns what stands there, before the next look at the real ones.
DRAW = """async (throughput) => {
  const { drawThroughput } = await import("/static/js/scale_out/throughput.js");
  drawThroughput({ throughput, nodes: [] }, true);
  return [...document.querySelectorAll("[data-reading-rows] tr"), document.querySelector("[data-up-finding]")].map(
    (line) => line.innerText,
  );
}"""


def test_up_and_out_are_set_side_by_side(scale_out: Page) -> None:
    told = [([2], 200.0, 0), ([2, 2], 390.0, 3), ([8], 460.0, 0), ([2] * 4, 500.0, 0), ([2, 8], 480.0, 0)]
    readings = [{"threads": threads, "rps": rps, "failed": failed} for threads, rps, failed in told]
    *rows, finding = scale_out.evaluate(DRAW, {"measuring": False, "discarded": False, "readings": readings})
    assert [row.split("\t") for row in rows[:3]] == [
        ["1", "2", "2", "200", "100 %"],
        ["2", "2 + 2", "4", "390 (3 failed)", "98 %"],
        ["1", "8", "8", "460", "58 %"],
    ]
    assert finding == (
        "Scaled up, a node with 4 times the threads (8) serves 2.3 times what it served with 2. "
        "Scaled out, 4 nodes with 2 threads each serve 2.5 times what one serves."
    )
    *_rows, finding = scale_out.evaluate(DRAW, {"measuring": False, "discarded": True, "readings": readings})
    assert finding.startswith("The nodes changed during the measurement")


def test_the_running_nodes_are_measured(scale_out: Page) -> None:
    press(scale_out, "Measure the running nodes")
    expect(scale_out.locator("[data-threads='2+2']")).to_be_visible()
    expect(scale_out.get_by_role("button", name="Measure the running nodes")).to_be_enabled()


@pytest.mark.nightly
def test_up_and_out_are_measured_and_set_side_by_side(scale_out: Page) -> None:
    rows, finding = scale_out.locator("[data-reading-rows] tr"), scale_out.locator("[data-up-finding]")
    press(scale_out, "Measure the running nodes")
    expect(scale_out.locator("[data-threads='2+2']")).to_be_visible()
    press(scale_out, "node-2: Stop")
    expect(scale_out.locator("[data-node=node-2] [data-state=stopped]")).to_be_visible()
    press(scale_out, "Measure the running nodes")
    expect(finding).to_contain_text("2 nodes with 2 threads each serve")
    press(scale_out, "node-1: 8 threads")
    expect(scale_out.locator("[data-node=node-1] [data-fact=threads]")).to_have_text("8")
    expect(scale_out.locator("[data-node=node-1] [data-state=running]")).to_be_visible()
    press(scale_out, "Measure the running nodes")
    expect(finding).to_contain_text("a node with 4 times the threads (8) serves")
    assert rows.evaluate_all("rows => rows.map((row) => row.dataset.threads)") == ["2", "2+2", "8"]


def test_a_login_of_another_tab_is_not_taken_for_one_that_is_lost(scale_out: Page) -> None:
    scale_out.locator("[data-watch]").click()
    expect(lane(scale_out, "session")).to_have_text("in")
    scale_out.evaluate(
        """() => fetch("/session/login", {
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ username: "bob", password: "builder" }),
        })"""
    )
    expect(lane(scale_out, "session")).to_have_text("another login")
    expect(scale_out.locator("[data-events]")).to_contain_text("Session: another tab has logged in or out")
    scale_out.evaluate("() => fetch('/session/logout', { method: 'POST' })")
    scale_out.get_by_role("checkbox", name="Log in first").uncheck()
    send(scale_out, "session")
    expect(marks(scale_out, "session", "refused")).to_have_count(0)
    expect(scale_out.locator("[data-run=session] [data-sentence]")).to_contain_text("about another login")
    press(scale_out, "Log in again")
    expect(lane(scale_out, "session")).to_have_text("in")


def test_a_store_that_is_gone_keeps_sessions_waiting_and_tokens_not(scale_out: Page) -> None:
    scale_out.locator("[data-watch]").click()
    expect(lane(scale_out, "session")).to_have_text("in")
    press(scale_out, "Store: Stop")
    expect(lane(scale_out, "session")).to_have_text(pattern(r"errors for \d"))
    expect(lane(scale_out, "hybrid")).to_have_text(pattern(r"errors for \d"))
    press(scale_out, "Store: Start")
    expect(lane(scale_out, "session")).to_have_text("in")
    expect(scale_out.locator("[data-events]")).to_contain_text(
        pattern(r"Session: errors for \d+\.\d s, then still logged in, without a new log-in")
    )
    assert ticks(scale_out, "session", "broken").count() > 0
    assert ticks(scale_out, "token", "known").count() > 0
    assert ticks(scale_out, "token", "broken").count() == ticks(scale_out, "token", "refused").count() == 0


@pytest.mark.parametrize("door", ["Round robin", "Sticky"])
def test_a_login_by_form_does_not_stand_in_the_way(scale_out: Page, door: str) -> None:
    """Its cookies come along with the sticky door's, beside the token in the header."""
    scale_out.goto("/token/login")
    log_in_as(scale_out, "bob")
    scale_out.goto("/scale-out")
    scale_out.get_by_role("radio", name=pattern(door)).check()
    send(scale_out, "token")
    expect(marks(scale_out, "token", "known")).to_have_count(20)


def test_the_store_takes_longer_fills_and_empties(scale_out: Page, shared_lab: Lab) -> None:
    store = scale_out.locator("[data-part=store]")
    press(scale_out, "Store: 20 ms")
    expect(store.locator("[data-round-trip='20']")).to_have_attribute("aria-pressed", "true")
    press(scale_out, "Store: 0 ms")
    press(scale_out, "Store: Fill")
    expect(store).to_contain_text("running, full")
    press(scale_out, "Store: Free")
    expect(store.get_by_role("button", name="Store: Free")).to_be_disabled()
    send(scale_out, "session")
    scale_out.get_by_role("checkbox", name="Log in first").uncheck()
    press(scale_out, "Store: Empty")
    shared_lab.wait_until_forgotten()
    send(scale_out, "session")
    expect(marks(scale_out, "session", "refused")).to_have_count(20)


def test_the_last_node_is_not_ended_by_the_page_that_it_serves(scale_out: Page) -> None:
    press(scale_out, "node-2: Stop")
    expect(scale_out.locator("[data-node=node-2] [data-state=stopped]")).to_be_visible()
    press(scale_out, "node-1: Stop")
    expect(scale_out.locator("#processes [data-order-result]")).to_contain_text("python -m cluster node stop node-1")
    expect(scale_out.locator("[data-node=node-1] [data-state=running]")).to_be_visible()


def test_the_switches_work_from_the_keyboard_and_keep_the_focus(scale_out: Page) -> None:
    button = scale_out.get_by_role("button", name="Store: 1 ms", exact=True)
    expect(button).to_be_enabled()
    button.focus()
    scale_out.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    press(scale_out, "Store: 0 ms")


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/scale-out")
        expect(page.locator("[data-state=running]")).to_have_count(5)
        page.screenshot(path=folder / "scale-out-first.png")
        page.locator("[data-more]").click()
        send(page, "memory session token hybrid")
        page.locator("[data-watch]").click()
        expect(lane(page, "token")).to_have_attribute("data-mood", "in")
        page.locator("[data-part=store] [data-order$=restart]").click()
        page.locator("#watch").scroll_into_view_if_needed()
        page.wait_for_timeout(3000)  # for a picture with something in it
        _keep(page, folder)
        assert page.locator("html").get_attribute("lang") == scene[0]
        assert overflow(page) <= 0


@pytest.mark.nightly
def test_the_page_fits_other_screens_too(scale_out: Page) -> None:
    scale_out.locator("[data-watch]").click()
    expect(lane(scale_out, "token")).to_have_attribute("data-mood", "in")
    for width in (320, 1920, 3840):
        scale_out.set_viewport_size({"width": width, "height": width * 9 // 16})
        scale_out.screenshot(path=SCREENSHOTS / f"scale-out-{width}.png", full_page=True)
        assert overflow(scale_out) <= 0


def _keep(page: Page, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / "scale-out.png", full_page=True)
