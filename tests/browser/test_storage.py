"""One login in seven places, and what two attackers really get of each, in a real browser before a real lab."""

from collections.abc import Iterator
from itertools import product
from re import compile as pattern
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.browser.scenes import LOCALES, LOCALES_IN_TURN, SCENES, Scene, overflow, page_of

pytestmark = pytest.mark.browser

PLACES = ("session", "backend", "cookie", "readable", "sessionStorage", "localStorage", "memory")
COOKIES = PLACES[:4]
HIDDEN = PLACES[:3]
PATHS = ("/session", "/backend", "/token", "/storage/readable")
COLUMNS = ("reload", "tab", "read", "used", "sent")
# What the page is there to show; the browser logs each: a credential that is missing, an answer that is not for others.
REFUSALS = ("status of 401", "ERR_BLOCKED_BY_RESPONSE.NotSameOrigin")
EXPECTED = {  # by place: after a reload, in another tab, read, used, sent by another site
    "session": ("yes", "yes", "no", "yes", "link"),
    "backend": ("yes", "yes", "no", "yes", "link"),
    "cookie": ("yes", "yes", "no", "yes", "link"),
    "readable": ("yes", "yes", "yes", "yes", "link"),
    "sessionStorage": ("yes", "no", "yes", "yes", "no"),
    "localStorage": ("yes", "yes", "yes", "yes", "no"),
    "memory": ("no", "no", "caught", "yes", "no"),
}

HUES = {"✓": "good", "✕": "bad"}
JUDGED = {  # what is good for the member, by place and in the same order; a POST and a link count each
    "session": "✓✓✓✕✓✕",
    "backend": "✓✓✓✕✓✕",
    "cookie": "✓✓✓✕✓✕",
    "readable": "✓✓✕✕✓✕",
    "sessionStorage": "✓✕✕✕✓",
    "localStorage": "✓✓✕✕✓",
    "memory": "✕✕✕✕✓",
}


@pytest.fixture
def context(browser: Browser, lab: str, language: str) -> Iterator[BrowserContext]:
    """A browser with nothing in it; no page in it may complain of anything but refusals."""
    wrong: list[str] = []
    with browser.new_context(
        base_url=lab, locale=LOCALES[language], viewport={"width": 1280, "height": 800}
    ) as context:
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        yield context
    assert [text for text in wrong if not any(refusal in text for refusal in REFUSALS)] == []


@pytest.fixture
def language() -> str:
    return "en"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/storage")
    return page


def press(page: Page, name: str) -> None:
    """Press a button and wait until what it does is done."""
    button = page.locator(f"[data-{name}]")
    button.click()
    done(page)


def done(page: Page) -> None:
    expect(page.locator("[data-log-in]")).to_be_enabled()


def let_other_site_send(page: Page) -> Page:
    """Let the other site send everything; return its window."""
    with page.context.expect_page() as opened:
        page.locator("[data-other-site]").click()
    done(page)
    return opened.value


def open_another_tab(page: Page) -> Page:
    with page.context.expect_page() as opened:
        page.locator("[data-tab]").click()
    expect(opened.value.locator("[data-clear]")).to_be_enabled()
    return opened.value


def cell(page: Page, place: str, column: str) -> Locator:
    return page.locator(f"[data-outcomes] [data-place={place}] [data-column={column}]")


def answers(page: Page, place: str) -> tuple[str, ...]:
    return tuple(cell(page, place, column).get_attribute("data-answer") or "" for column in COLUMNS)


def signs(page: Page, place: str) -> str:
    """Return the signs of this place's results; each has a word, and the hue of its sign."""
    found = page.locator(f"[data-outcomes] [data-place={place}] td :is(.good, .bad)")
    texts = found.all_inner_texts()
    assert all(len(text) > 2 for text in texts)
    assert found.evaluate_all("all => all.map(each => each.className)") == [HUES[text[0]] for text in texts]
    return "".join(text[0] for text in texts)


def report(page: Page, name: str) -> Locator:
    return page.locator(f"[data-{name}-report]")


def member(page: Page) -> str:
    found = pattern(r"load-\d{4}").search(page.locator("[data-login-said]").inner_text())
    assert found is not None
    return found[0]


def what(request: Request, lab: str) -> tuple[str, str]:
    return request.method, request.url.removeprefix(lab).split("?")[0]


def notes(page: Page) -> list[str]:
    """Return the member's notes, as the server lists them for the cookie."""
    answer = page.context.request.get("/token/notes")
    assert answer.status == 200
    return [note["text"] for note in answer.json()["notes"]]


def stored(page: Page) -> dict[str, Any]:
    areas: dict[str, Any] = page.evaluate("({local: {...localStorage}, session: {...sessionStorage}})")
    return areas


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_every_place_is_tried_and_the_table_says_what_happened(page: Page, language: str) -> None:
    assert all(set(answers(page, place)) == {"untried"} for place in PLACES)
    expect(page.locator("[data-primary]")).to_have_attribute("data-log-in", "")
    press(page, "log-in")
    expect(page.locator("[data-primary]")).to_have_attribute("data-script", "")
    name = member(page)
    for place in PLACES:
        holds = page.locator(f"[data-holdings] [data-place={place}] td").first
        expect(holds).to_contain_text(name if place in HIDDEN else "eyJ")

    press(page, "script")
    got = report(page, "script")
    assert got.inner_text().count(name) == 11  # used seven times; carried away what could be read: four
    assert got.locator(".secret").count() == 4

    window = let_other_site_send(page)
    assert window.url.startswith(f"{page.url.removesuffix('/storage')}/token/notes")
    expect(window.locator("main")).to_contain_text("401")
    lines = report(page, "other-site").locator("li")
    expect(lines).to_have_count(12)
    names = (["sot_access", "sot_refresh"], ["sot_sid"], ["sot_sid"], ["sot_readable_access", "sot_readable_refresh"])
    for line, came in enumerate((*([],) * 4, *names)):
        text = lines.nth(line).inner_text()
        assert text.startswith("✕" if came else "✓")  # for the member
        assert "cross-site" in text
        assert all(cookie in text for cookie in came)
    assert all(lines.nth(line).inner_text().startswith("✓ POST") for line in range(8, 12))
    assert notes(page) == []

    tab = open_another_tab(page)
    expect(cell(page, "memory", "tab")).to_have_attribute("data-answer", "no")
    assert answers(tab, "localStorage")[1] == answers(page, "localStorage")[1] == "yes"
    page.locator("[data-reload]").click()
    expect(cell(page, "memory", "reload")).to_have_attribute("data-answer", "no")
    assert {place: answers(page, place) for place in PLACES} == EXPECTED
    assert {place: signs(page, place) for place in PLACES} == JUDGED
    expect(page.locator("[data-verdicts] dt")).to_have_count(7)


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_only_a_session_is_looked_up_and_the_one_with_tokens_shows_no_token(page: Page, language: str) -> None:
    press(page, "log-in")
    for place in PLACES:
        look_up = page.locator(f"[data-holdings] [data-place={place}] td").last
        said = (
            {"en": "not looked up", "ko": "조회하지 않음"}[language] if place not in ("session", "backend") else "GETEX"
        )
        expect(look_up).to_contain_text(said)
    record = page.locator("[data-record]")
    expect(record).to_contain_text("backend:session:")
    expect(record).to_contain_text("→ access")
    names = [pair.split("=")[0] for pair in page.evaluate("document.cookie").split("; ")]
    assert names == ["sot_readable_access", "sot_readable_refresh"]  # of the four places in cookies
    assert "eyJ" not in page.evaluate("fetch('/backend/profile').then(r => r.text())")


def test_the_other_site_really_is_one(page: Page, lab: str) -> None:
    """Its window begins under the other name; what it sends with a link brings the cookie, what it posts does not."""
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    press(page, "log-in")
    page.context.on("request", note)
    let_other_site_send(page)
    # Answered by the lab, and kept from the page that asked: that is what this failure says.
    answered = {what(r, lab) for r in seen if "ERR_BLOCKED_BY_RESPONSE" in (r.failure or "")}
    assert answered == set(product(("GET", "POST"), (f"{path}/notes" for path in PATHS)))
    ours = [request for request in seen if request.url.startswith(lab)]
    foreign = [request for request in ours if request.all_headers().get("sec-fetch-site") == "cross-site"]
    sent = [(*what(request, lab), "cookie" in request.all_headers()) for request in foreign]
    witnessed = set(product(("GET", "POST"), (f"{path}/witness" for path in PATHS)))
    assert {(method, path) for method, path, _ in sent} == {*witnessed, ("POST", "/token/notes")}
    assert {path for method, path, cookie in sent if cookie} == {f"{path}/witness" for path in PATHS}
    assert {method for method, _, cookie in sent if cookie} == {"GET"}


def test_a_note_that_was_planted_would_be_found_and_the_page_works_under_its_other_name(page: Page, lab: str) -> None:
    """The page reads the notes and does not assume: here the member writes what the other site failed to write."""
    page.goto(lab.replace("127.0.0.1", "localhost") + "/storage")
    press(page, "log-in")
    text = "Written by another site (/token/notes)"
    script = "text => fetch('/token/notes', {method: 'POST', body: new URLSearchParams({text})}).then(r => r.status)"
    assert page.evaluate(script, text) == 201
    assert let_other_site_send(page).url.startswith("http://localhost:")
    assert answers(page, "cookie")[4] == "link"
    lines = report(page, "other-site").locator("li")
    assert lines.filter(has_text="✕ POST /token/notes").count() == 1
    assert lines.filter(has_text="✓ POST /session/notes").count() == 1
    expect(page.locator("[data-verdicts]")).to_contain_text("A note was written in your name.")


def test_the_script_lets_go_of_fetch(page: Page) -> None:
    own = "fetch.toString().includes('[native code]')"
    press(page, "log-in")
    press(page, "script")
    assert page.evaluate(own)


def test_log_out_leaves_nothing_behind(page: Page, lab: str) -> None:
    press(page, "log-in")
    tokens = list(stored(page)["local"].values())
    assert len(tokens) == 1
    page.evaluate("localStorage.setItem('of another page', 'stays')")
    press(page, "clear")
    assert stored(page) == {"local": {"of another page": "stays"}, "session": {}}
    assert page.context.cookies() == []
    refresh = page.evaluate("text => JSON.parse(text).refresh_token", tokens[0])
    assert page.context.request.post("/token/refresh", data={"refresh_token": refresh}).status == 401
    expect(page.locator("[data-script]")).to_be_disabled()
    expect(page.locator("[data-login-said]")).to_contain_text("✓")


def test_a_login_that_has_ended_is_not_counted_as_safe(page: Page) -> None:
    press(page, "log-in")
    page.context.clear_cookies()
    press(page, "script")
    assert {answers(page, place)[2:4] for place in COOKIES} == {("untried", "untried")}
    assert answers(page, "localStorage")[2:4] == ("yes", "yes")
    expect(page.locator("[data-attack-said]")).to_contain_text("has ended meanwhile")


def test_it_works_from_the_keyboard_and_keeps_the_focus(page: Page) -> None:
    for name in ("log-in", "script", "clear"):
        button = page.locator(f"[data-{name}]")
        button.focus()
        page.keyboard.press("Enter")
        done(page)
        if name != "clear":  # with nothing left to clear it cannot be pressed
            expect(button).to_be_focused()
    assert stored(page) == {"local": {}, "session": {}}


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/storage")
        press(page, "log-in")
        press(page, "script")
        window = let_other_site_send(page)
        page.screenshot(path=folder / "storage.png", full_page=True)
        assert overflow(page) <= 0
        window.route("**/witness?step=*", lambda route: route.fulfill(status=204))  # so that the other site stays
        for path in ("/token/witness", "/storage/elsewhere?step=3"):
            window.goto(lab + path)
            window.screenshot(path=folder / f"storage-{path.split('/')[2].split('?')[0]}.png")
            assert overflow(window) <= 0
