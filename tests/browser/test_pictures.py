"""Charts and diagrams that are saved: a picture stands alone, in another program and on a slide."""

import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.scenes import LOCALES, ONE_NODE

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {SVG + name for name in ("svg", "title", "g", "rect", "path", "circle", "text")}
ONLY_A_PAGE_KNOWS = ("var(", "color-mix", "light-dark", "oklab", "color(", "%,")

# A drawing in percent of its size; drawings in boxes; boxes; a drawing with a size of its own; a table.
KINDS = {
    "planner-capacity": (
        "/planner",
        "[data-breaks]",
        ("Limits that more nodes do not raise", "186,832", "100K", "Hybrid"),
    ),
    "planner-simulation-scale-out": ("/planner/simulation", "h1", ("at most", "95 %", "nodes: 4, sticky", "309 → 308")),
    "keys-ring": ("/keys", "#ring [data-key]", ("The signing keys", "signs since", "retired: only verifies")),
    "tcp-segments": ("/tcp", ".lines .who", ("The client opens the connection", "SYN seq", "Attacker")),
    "storage-outcomes": ("/storage", "[data-outcomes] tr", ("Survives a reload", "sessionStorage", "◷ not tried yet")),
}
# How far each text reaches beyond the picture, in px.
BEYOND = """text => {
  document.body.innerHTML = text;
  const picture = document.body.firstElementChild.getBoundingClientRect();
  return [...document.querySelectorAll("text")].map(each => [each.textContent, each.getBoundingClientRect()])
    .filter(([, box]) => box.left < picture.left || box.right > picture.right || box.bottom > picture.bottom)
    .map(([text]) => text);
}"""


def saved(page: Page, name: str, kind: str) -> bytes:
    with page.expect_download() as caught:
        page.locator(f"[data-picture={name}] [data-save={kind}]").click()
    assert caught.value.suggested_filename == f"{name}.{kind}"
    return Path(caught.value.path()).read_bytes()


def stands_alone(page: Page, name: str, texts: tuple[str, ...]) -> None:
    path, drawn, _ = KINDS[name]
    page.goto(path)
    expect(page.locator(drawn).first).to_be_visible()
    svg, png = (saved(page, name, kind) for kind in ("svg", "png"))
    picture = ElementTree.fromstring(svg)
    assert {each.tag for each in picture.iter()} <= SHAPES
    assert not {"class", "style", "id"} & {attribute for each in picture.iter() for attribute in each.attrib}
    assert [word for word in ONLY_A_PAGE_KNOWS if word in svg.decode()] == []
    said = " ".join(text for each in picture.iter() if (text := each.text))
    assert [text for text in (*texts, page.url.split("//")[1]) if text not in said] == []
    assert struct.unpack(">II", png[16:24]) == tuple(2 * int(picture.attrib[side]) for side in ("width", "height"))
    assert page.evaluate(BEYOND, svg.decode()) == []


@pytest.mark.parametrize("name", [name for name in KINDS if name != "storage-outcomes"])  # that one every night
def test_a_saved_picture_stands_alone(page: Page, name: str) -> None:
    stands_alone(page, name, KINDS[name][2])


@pytest.mark.nightly
@pytest.mark.parametrize("width", [360, 1280, 3840])
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("name", KINDS)
def test_it_does_so_on_every_screen_and_in_both_languages(
    browser: Browser, lab: str, name: str, language: str, width: int
) -> None:
    size = {"width": width, "height": 900}
    how = {"locale": LOCALES[language], "color_scheme": "dark", "viewport": size}
    with browser.new_context(base_url=lab, **how) as context:
        stands_alone(context.new_page(), name, ())


def test_what_was_measured_is_saved_with_its_intervals(page: Page) -> None:
    page.set_extra_http_headers(ONE_NODE["extra_http_headers"])
    page.goto("/compare")
    expect(page.locator("[data-picture=compare-cost] .saves")).to_be_hidden()  # nothing is measured yet
    page.locator("[data-action=log-in]").click()
    page.locator("[data-repeat]:not([aria-disabled=true])").click()
    expect(page.locator("[data-repeated] .interval")).to_have_count(4)
    medians = page.locator("[data-repeated] [data-median] strong").all_inner_texts()
    said = saved(page, "compare-cost", "svg").decode()
    assert [text for text in ("the median of 20 requests", *medians) if text not in said] == []
