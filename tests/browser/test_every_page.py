"""Every page there is, found by asking the app: axe finds nothing, nothing is wider than its screen, none is heavy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from app import create_app
from tests.browser.scenes import LOCALES, ONE_NODE, SCREENSHOTS, log_in_everywhere, overflow
from tests.conftest import config_in
from tests.support.visitor import APPROACHES, PASSWORDS

pytestmark = pytest.mark.browser

MARKUP_BYTES, HEAVIEST_BYTES = 2_000, 130_000  # as they travel: scripts and styles are compressed
WEIGHTS = "['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind)).map(part => part.toJSON())"
LOOK = "(({ backgroundColor, fontSize }) => backgroundColor + fontSize)(getComputedStyle(document.documentElement))"
CHARTS = "plotly"  # its script is as heavy as thirty pages, and comes with a chart only
REFUSED = ("/nowhere", "/storage/elsewhere")  # what these are there to show, the browser complains of
DESK: ViewportSize = {"width": 1280, "height": 800}
WIDTHS = {"en": (320, 768, 3840), "ko": (320,)}  # a language has long words, which only a phone is too narrow for
LOW = 200  # pixels: what is out of sight is not drawn
ONLY_WHAT_IS_WRONG = {"resultTypes": ["violations"]}  # axe takes half its time to list what is right
# It takes two thirds of the rest for contrast, which tests/project/test_colours.py computes for each pair of colours.
BUT_CONTRAST = {**ONLY_WHAT_IS_WRONG, "rules": {"color-contrast": {"enabled": False}}}
PARTS = 2  # the pages are shared out, so that no test takes long and both cores have some


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with browser.new_context(base_url=lab, locale="en-GB") as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> list[str]:
    """The addresses of all pages: of each route without variables, of each story, and of one of the missions."""
    folder = tmp_path_factory.mktemp("pages")
    app = create_app(config_in(folder, store_url, front_door="http://127.0.0.1:1", control_socket="/nowhere"))
    found = [path for path in addresses(app) if is_page(app, path)]
    return [*found, "/walkthrough/token/read", "/missions/bobs-tools", "/nowhere"]


def addresses(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods and "GET" in rule.methods and not rule.arguments]
    stories = app.test_client().get("/", headers={"Accept": "text/html"}).text
    walks = {part.split('"')[0] for part in stories.split('href="/walkthrough/')[1:]}
    return sorted({*(rule.rule for rule in rules), *(f"/walkthrough/{walk}" for walk in walks)})


def is_page(app: Flask, path: str) -> bool:
    response = app.test_client().get(path, headers={"Accept": "text/html"})
    opens_after_login = response.status_code == 401 and path.split("/")[1] in APPROACHES
    return response.mimetype == "text/html" and (response.status_code == 200 or opens_after_login)


def is_one_of_its_kind(path: str) -> bool:
    """Tell whether no other page differs from this one in its words only: behind another approach, or another walk."""
    kind, _, walk = path[1:].partition("/")
    return kind not in ("open", "memory", "hybrid") and (kind != "walkthrough" or walk in ("session", "cases"))


@dataclass
class Visit:
    """One page opened once, in a browser with an empty cache, and everything that is found wrong with it."""

    page: Page
    path: str
    wrong: list[str]

    def measure_weight(self) -> None:
        parts = self.page.evaluate(WEIGHTS)
        size = sum(part["encodedBodySize"] for part in parts if CHARTS not in part["name"])
        if not MARKUP_BYTES < size < HEAVIEST_BYTES:
            self.wrong.append(f"{self.path} weighs {size} bytes")

    def measure_width(self, language: str) -> None:
        """From the smallest phone to the largest screen."""
        for width in WIDTHS[language]:
            self.page.set_viewport_size({"width": width, "height": LOW})
            if overflow(self.page) > 0:
                self.wrong.append(f"{self.path} is wider than {width} px")
        self.page.set_viewport_size(DESK)

    def ask_axe(self, scheme: Literal["light", "dark"], options: dict[str, Any] = ONLY_WHAT_IS_WRONG) -> None:
        self.page.emulate_media(color_scheme=scheme)
        found = Axe().run(self.page, options=options)
        for violation in found.response["violations"]:
            targets = [node["target"] for node in violation["nodes"]]
            self.wrong.append(f"{self.path} {scheme} {violation['id']}: {targets}")

    def keep_picture(self, folder: Path) -> None:
        name = self.path.strip("/").replace("/", "-") or "home"
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)


def visits(browser: Browser, lab: str, paths: list[str], language: str) -> Iterator[Visit]:
    """Open every page as carol, logged in behind every approach, and hear all that the browser complains of."""
    with browser.new_context(
        base_url=lab, locale=LOCALES[language], viewport=DESK, reduced_motion="reduce", **ONE_NODE
    ) as context:
        log_in_everywhere(context)
        context.route("**/witness?step=*", lambda route: route.fulfill(status=204))  # the other site stays where it is
        context.new_page().goto("/healthz")  # while one is open, the next one needs no process of its own
        for path in paths:
            yield visit(context, path, language)
            context.pages[-1].close()


def visit(context: BrowserContext, path: str, language: str) -> Visit:
    page, wrong = context.new_page(), list[str]()
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("requestfailed", lambda request: wrong.append(f"{page.url}: {request.url} {request.failure}"))
    open_page(page, path)
    seen = Visit(page, path, wrong)
    if page.locator("html").get_attribute("lang") != language:
        wrong.append(f"{path} is not in {language}")
    seen.measure_weight()
    return seen


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", LOCALES)
def test_every_page_fits_its_screen_and_complains_of_nothing(
    browser: Browser, lab: str, pages: list[str], language: str, part: int
) -> None:
    """No page is heavy, wider than its screen, refused by axe, or complained of by the browser.

    What axe looks at differs between languages in how long words are. It looks at each page in one language, at every
    other one in the dark. Pages that differ from these in their words only are opened every night, when contrast is
    looked at too.
    """
    wrong: list[str] = []
    mine = [path for path in pages if is_one_of_its_kind(path)][part::PARTS]
    for number, seen in enumerate(visits(browser, lab, mine, language)):
        seen.measure_width(language)
        if language == "en":
            seen.ask_axe("dark" if number % 2 else "light", BUT_CONTRAST)
        wrong += seen.wrong
    assert [text for text in wrong if not is_to_be_expected(text)] == []
    assert len(mine) > 8


@pytest.mark.nightly
@pytest.mark.parametrize("language", LOCALES)
def test_every_page_is_drawn_and_fits_a_projector(browser: Browser, lab: str, pages: list[str], language: str) -> None:
    """In the projector's type on a small screen, where space is least; the pictures are kept to be looked at."""
    wrong: list[str] = []
    folder = SCREENSHOTS / language / "every-page"
    folder.mkdir(parents=True, exist_ok=True)
    for seen in visits(browser, lab, pages, language):
        seen.keep_picture(folder)
        seen.ask_axe("dark")
        seen.page.context.request.post("/display", form={"projector": "on"})
        seen.page.reload()
        seen.measure_width(language)
        seen.ask_axe("light")
        seen.page.context.request.post("/display", form={"projector": ""})
        wrong += seen.wrong
    assert [text for text in wrong if not is_to_be_expected(text)] == []


def test_light_dark_and_projector_stay_chosen_until_they_are_taken_back(page: Page, lab: str) -> None:
    page.goto(f"{lab}/jwt")
    html = page.locator("html")
    for name, attribute in (("Dark", "data-theme"), ("Projector: larger type", "data-projector")):
        button = page.get_by_role("button", name=name, include_hidden=True)  # in the menu, once the type is large
        before = page.evaluate(LOOK)
        with page.expect_navigation():
            button.click()
        assert html.get_attribute(attribute) is not None
        assert page.evaluate(LOOK) != before
        assert button.get_attribute("aria-pressed") == "true"
    page.goto(lab)
    assert html.get_attribute("data-theme") == "dark"
    page.locator(".menu-button").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Dark").click()
    assert html.get_attribute("data-theme") is None
    assert html.get_attribute("data-projector") is not None


def test_the_header_says_who_this_browser_is_behind_each_approach(page: Page, lab: str) -> None:
    page.goto(f"{lab}/session/login")
    page.locator("#username").fill("bob")
    page.locator("#password").fill(PASSWORDS["bob"])
    with page.expect_navigation():
        page.locator("main form button").click()
    page.goto(lab)
    expect(page.locator("[data-whoami]:empty")).to_have_count(0)
    said = {place: page.locator(f".header [data-approach={place}] .who-here").inner_text() for place in APPROACHES}
    assert said == {"open": "guest", "memory": "–", "session": "bob", "token": "–", "hybrid": "–"}


def is_to_be_expected(complaint: str) -> bool:
    """Tell whether a page is there to show this, or a busy machine brings it about without any page's fault.

    There the end of a visit cuts the header's question short, and the balancer passes over the node that is asked for.
    """
    passed_over = "/memory/" in complaint and "401" in complaint
    return passed_over or "ERR_ABORTED" in complaint or any(path in complaint for path in REFUSED)


def open_page(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("[data-whoami]:empty")).to_have_count(0)
