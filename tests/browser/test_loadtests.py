"""A load test started, watched and stopped from its page, in both languages, against a real lab."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from re import compile as pattern

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.scenes import LOCALES, SCREENSHOTS, SLOW_MS, overflow
from tests.support.lab_processes import Lab

pytestmark = [pytest.mark.browser, pytest.mark.own_processes]

PATIENCE_MS = 5 * SLOW_MS  # the page asks again while the machine is too busy to compare
WORDS = {"en": (r"\d+ of \d+ windows", "✕ no"), "ko": (r"가운데 \d+개", "✕ 아님")}


@pytest.fixture
def two_runs(shared_lab: Lab) -> Iterator[None]:
    """Two runs that the lab has kept; the second was slower in one arm of two, and stopped before its end."""
    kept = shared_lab.instance / "loadtests"
    factors = {"algorithm": None, "round_trip_ms": 0}
    for name, slow in (("lookup-cost-20261101-000000", 1.0), ("lookup-cost-20261102-000000", 2.0)):
        run = kept / name
        run.mkdir(parents=True)
        arms = [
            {"name": name, "approach": name, "factors": factors, "repeats": {"p50_us": p50s_us}}
            for name, p50s_us in (
                ("open", [100.0, 101.0, 102.0, 99.0, 98.0]),
                ("session", [slow * value for value in (300.0, 301.0, 302.0, 299.0, 298.0)]),
            )
        ]
        started = f"2026-11-{name[18:20]}T00:00:00+00:00"
        reasons = [] if slow == 1.0 else ["It was stopped."]
        results = {
            "experiment": "lookup-cost",
            "started": started,
            "machine": {"processor": "A"},
            "arms": arms,
            "publishable": not reasons,
            "reasons": reasons,
            "said": {"en": {"answer": "", "reasons": reasons}},
        }
        (run / "results.json").write_text(json.dumps(results))
    yield
    shutil.rmtree(kept)


@pytest.mark.parametrize(
    ("language", "pictures"),
    [("en", False), *(pytest.param(language, True, marks=pytest.mark.nightly) for language in LOCALES)],
)
def test_a_load_test_is_started_watched_and_stopped(browser: Browser, lab: str, language: str, pictures: bool) -> None:
    running, refused = WORDS[language]
    wrong: list[str] = []
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto("/loadtests")
        page.locator("[data-start-button]:enabled").click()
        expect(page.locator("[data-now]")).to_have_text(pattern(running))
        expect(page.locator("[data-start-button]")).to_be_disabled()
        expect(page.locator("[data-live] circle").nth(1)).to_be_attached()
        page.locator("[data-comparison-place]").evaluate("place => scrollTo(0, document.body.scrollHeight)")
        expect(page.locator("[data-stop-button]")).to_be_in_viewport(ratio=1)
        page.reload()  # a run goes on whoever watches
        expect(page.locator("[data-live] circle").nth(1)).to_be_attached()
        expect(page.locator("[data-progress]")).to_be_visible()
        fits(page, language, "running", pictures)
        page.locator("[data-stop-button]").click()
        report = page.locator("[data-reports] [data-whose=own]").first
        expect(page.locator("[data-start-button]")).to_be_enabled()
        expect(report).to_contain_text(refused)
        fits(page, language, "stopped", pictures)
        drawn = page.locator("[data-drawn]")
        with page.expect_download() as saved:
            drawn.locator("[data-save=svg]").click()
        assert "<circle" in saved.value.path().read_text("utf-8")
        page.locator("[data-now-report]").click()
        expect(page.locator("h1")).to_be_visible()
        if pictures:
            page.screenshot(path=SCREENSHOTS / language / "loadtests" / "report.png", full_page=True)
    assert wrong == []


@pytest.mark.usefixtures("two_runs")
def test_the_page_is_worked_by_the_keyboard_and_compares_two_runs(browser: Browser, lab: str) -> None:
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/loadtests")
        begins_with_what_was_found(page)
        for day in ("01", "02"):
            tick = page.locator(f"[data-reports] input[value='lookup-cost-202611{day}-000000']")
            expect(tick).to_be_visible()
            tick.focus()
            page.keyboard.press("Space")
        compare = page.locator("[data-compare]")
        expect(compare).to_be_enabled()
        rows = page.locator("[data-comparison] tbody tr")
        page.route("**/compare?*", busy_once())
        compare.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")  # twice is no more than once
        expect(rows).to_have_count(3, timeout=PATIENCE_MS)
        ratio, no_login, session = (rows.nth(at) for at in range(3))
        for row, says in ((ratio, "median ÷ that of open"), (no_login, "median, µs"), (session, "median, µs")):
            expect(row).to_contain_text(says)
        expect(no_login).to_contain_text("within the noise")
        expect(ratio).to_contain_text("3")
        expect(session).to_contain_text("300 (2")
        for row in (ratio, session):
            expect(row).to_contain_text("differs")
        expect(page.locator("[data-compared]")).to_contain_text("2 of 3 readings differ")
        expect(page.locator("[data-unpublishable]")).to_contain_text(
            "✕ lookup-cost-20261102-000000 is not publishable, so this comparison is not either. It was stopped."
        )


@pytest.mark.usefixtures("two_runs")
def test_one_press_compares_with_the_run_before_and_a_reload_finds_it_again(browser: Browser, lab: str) -> None:
    alike = {"rows": [], "unlike": [], "ratios_only": False, "unpublishable": [[], []]}
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.route("**/compare?*", lambda route: route.fulfill(json=alike))
        page.goto("/loadtests")
        button = page.locator("[data-reports] [data-of='lookup-cost-20261102-000000']")
        title = page.locator("[data-comparison-title]")
        button.click()
        expect(title).to_be_focused()
        expect(title).to_be_in_viewport()
        expect(page.locator("[data-compared]")).to_contain_text("0 of 0")
        page.locator("select[name=experiment]").select_option("memory")
        page.reload()
        expect(page.locator("[data-compared]")).to_contain_text(
            "lookup-cost-20261101-000000, lookup-cost-20261102-000000: 0 of 0"
        )
        expect(page.locator("select[name=experiment]")).to_have_value("memory")
        page.locator("[data-close]").click()
        expect(title).to_be_hidden()
        expect(button).to_be_focused()


def test_a_chart_of_a_report_is_saved_through_the_lab_and_from_a_file(
    browser: Browser, lab: str, tmp_path: Path
) -> None:
    """SECURITY 19: the lab puts a report into a sandbox. It may save files from there, and reach nothing of the lab."""
    with browser.new_context(base_url=lab) as context:
        chosen = {"sot_language": "ko", "sot_theme": "dark"}  # in the lab, of which a report's sandbox knows nothing
        context.add_cookies([{"name": name, "value": value, "url": lab} for name, value in chosen.items()])
        page = context.new_page()
        page.goto("/loadtests#experiment-revocation")
        expect(page.locator("#experiment-revocation .method")).to_be_in_viewport()
        page.locator("#experiment-revocation > a").click(timeout=PATIENCE_MS)  # the first time it is written
        expect(page.locator("html[lang=ko][data-theme=dark] h1 [lang=ko]")).to_be_visible()
        expect(page).to_have_title(pattern("로그아웃"))
        svg, png = (saved(page, kind, tmp_path) for kind in ("svg", "png"))
        assert "로그아웃" in svg.read_text("utf-8")
        assert "revocation · 2026-" in svg.read_text("utf-8")
        assert png.read_bytes().startswith(b"\x89PNG")
        (tmp_path / "report.html").write_bytes(context.request.get(page.url).body())
        page.locator(".back").click()
        expect(page).to_have_url(f"{lab}/loadtests")
        page.goto(f"{(tmp_path / 'report.html').as_uri()}?language=ko")
        expect(page.locator(".back")).to_be_hidden()
        assert "로그아웃" in saved(page, "svg", tmp_path / "again").read_text("utf-8")


def test_a_report_changes_its_language_before_its_chart_library_has_come(
    browser: Browser, lab: str, tmp_path: Path
) -> None:
    with browser.new_context(base_url=lab) as context:
        page = context.new_page()
        page.goto("/loadtests")
        address = page.locator("#experiment-revocation > a").get_attribute("href") or ""
        text = context.request.get(address, timeout=PATIENCE_MS).text()
        (tmp_path / "half.html").write_text(text[: text.index('<script id="figures"')], "utf-8")
        page.goto(f"{(tmp_path / 'half.html').as_uri()}?language=en&theme=light")
        expect(page.locator("html[data-theme=light] h1 [lang=en]")).to_be_visible()
        page.get_by_label("한국어").check()
        expect(page.locator("h1 [lang=ko]")).to_be_visible()


def saved(page: Page, kind: str, folder: Path) -> Path:
    """Save the first chart of a report; return the file."""
    with page.expect_download(timeout=PATIENCE_MS) as download:
        page.locator(f"[data-save={kind}]").first.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def begins_with_what_was_found(page: Page) -> None:
    """The first screen has lines with their figures, and the one action, also if another test has left a run there."""
    for width, height, lines in ((390, 844, 2), (1280, 800, 4)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("[data-primary]")).to_be_in_viewport(ratio=1)
        expect(page.locator("[data-primary]")).to_have_text("Start")
        expect(page.locator(".found a").nth(lines - 1)).to_be_in_viewport(ratio=1)


def busy_once() -> Callable[[Route], None]:
    """Answer the first request as a busy node does, and let the lab answer the others."""
    answers = iter([{"status": 503, "headers": {"Retry-After": "1"}, "json": {"detail": "busy"}}])

    def answer(route: Route) -> None:
        busy = next(answers, None)
        route.fulfill(**busy) if busy else route.continue_()

    return answer


def fits(page: Page, language: str, name: str, pictures: bool) -> None:
    """The page is as wide as its screen at most; its picture, which takes long, is kept every night."""
    if pictures:
        folder = SCREENSHOTS / language / "loadtests"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0, f"{name} is wider than {width} px"
