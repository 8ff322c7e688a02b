"""Keys are rolled on the page of a real lab with two nodes: whose tokens die is seen on it, and who can verify them."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from re import compile as pattern

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.clocks import YEAR_S, page_off_by
from tests.browser.scenes import LOCALES, SCENES, SCREENSHOTS, Scene, overflow, page_of
from tests.support.forge import hs256, unb64
from tests.support.lab_processes import Lab
from tests.support.seeded import seeds
from tests.support.stopwatch import eventually

pytestmark = pytest.mark.browser

# What the page is there to show, and what the browser says to any page that came over http from another machine.
EXPECTED = ("status of 401", "status of 403", "Cross-Origin-Opener-Policy header has been ignored")


@pytest.fixture(autouse=True)
def only_hmac_keys(shared_lab: Lab) -> Iterator[None]:
    """Leave the lab with the ring that it began with if a test has put keys into it that are published."""
    yield
    if published(shared_lab):
        shutil.copy(seeds() / "keys.json", shared_lab.instance)
        eventually(lambda: not any(published(shared_lab) for _ in range(4)), "every node back at the first ring")


def published(lab: Lab) -> list[object]:
    keys: list[object] = json.loads(lab.request("GET", "/.well-known/jwks.json")[2])["keys"]
    return keys


@contextmanager
def keys_page(browser: Browser, lab: str, language: str = "en", expected: tuple[str, ...] = EXPECTED) -> Iterator[Page]:
    """The page; nothing in it may fail but what is expected."""
    wrong: list[str] = []
    screen = {"width": 1280, "height": 900}
    with browser.new_context(base_url=lab, locale=LOCALES[language], viewport=screen) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.goto("/keys")
        expect(page.locator("[data-take-one]")).to_be_enabled()
        yield page
    assert [text for text in wrong if not any(part in text for part in expected)] == []


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with keys_page(browser, lab) as page:
        yield page


def press(page: Page, what: str) -> None:
    """Press, and wait until the page is ready for the next move."""
    page.locator(f"[data-{what}]").click()
    ready(page)


def ready(page: Page) -> None:
    expect(page.locator("[data-rotate] button")).to_be_enabled()


def cards(page: Page, verdict: str) -> Locator:
    return page.locator(f".card[data-verdict={verdict}]")


def take_three(page: Page) -> list[str]:
    """Take three tokens under three keys; return the keys' ids."""
    press(page, "take-three")
    expect(cards(page, "in")).to_have_count(3)
    kids = [card.get_attribute("data-kid") or "" for card in page.locator(".card").all()]
    assert len(set(kids)) == 3
    return kids


def revoke_leaked(page: Page, kid: str) -> None:
    page.locator("[data-leaked]").select_option(kid)
    page.locator("[data-leak] button").click()
    confirm(page, kid)


def revoke_in_lane(page: Page, kid: str) -> None:
    page.get_by_role("button", name=f"Revoke {kid}").click()
    confirm(page, kid)


def active_key(page: Page) -> str:
    return str(page.locator("[data-lanes] [data-state=active]").get_attribute("data-key"))


def confirm(page: Page, kid: str) -> None:
    page.locator("[data-confirm-yes]").click()
    expect(page.locator(f"[data-key={kid}]")).to_have_attribute("data-state", "revoked")
    ready(page)


def state_of(page: Page, kid: str) -> str | None:
    return page.locator(f"[data-key={kid}]").get_attribute("data-state")


@pytest.mark.parametrize(
    ("language", "alone"), [("en", "only its tokens are invalid: 1 of 1"), ("ko", "토큰만 무효가 되었습니다")]
)
def test_only_the_leaked_keys_tokens_die(browser: Browser, lab: str, language: str, alone: str) -> None:
    with keys_page(browser, lab, language) as page:
        kids = take_three(page)
        assert [state_of(page, kid) for kid in kids] == ["retired"] * 3  # a fourth key signs for everybody else
        revoke_leaked(page, kids[1])
        expect(page.locator("[data-finding]")).to_contain_text(alone)
        for kid, verdict in zip(kids, ("in", "refused", "in"), strict=True):
            card = page.locator(f".card[data-kid={kid}]")
            expect(card).to_have_attribute("data-verdict", verdict)
            sign = "✓ 200" if verdict == "in" else "✕ 401 invalid_token"
            expect(card.locator(".by-node li")).to_have_text([f"node-1 {sign}", f"node-2 {sign}"])
            expect(card.locator("mark")).to_have_text(f'"kid":"{kid}"')
        assert state_of(page, kids[1]) == "revoked"
        expect(page.locator(f"[data-key={kids[1]}] .stretch.refused")).to_have_text("✕")
        expect(page.locator(f"[data-key={kids[1]}] button")).to_have_attribute("data-move", f"delete {kids[1]}")
        assert page.locator("html").get_attribute("lang") == language


def test_a_retired_keys_token_lives_on(page: Page) -> None:
    """A lab that did not say which nodes it has was taken for one whose nodes had all followed."""
    press(page, "take-one")
    kid = page.locator(".card").get_attribute("data-kid")
    page.route("**/lab/state", lambda route: route.fulfill(status=204), times=1)
    page.get_by_role("button", name=f"Retire {kid}").click()
    expect(page.locator("[data-followed]")).to_contain_text(f"✓ Retire {kid}. node-1 ✓, node-2 ✓")
    ready(page)
    expect(cards(page, "in")).to_have_count(1)
    assert state_of(page, str(kid)) == "retired"
    expect(page.locator("[data-lanes] [data-state=active]")).to_have_count(1)


def test_revoking_the_key_that_signs_lets_a_new_one_sign(page: Page) -> None:
    press(page, "take-one")
    kid = str(page.locator(".card").get_attribute("data-kid"))
    page.get_by_role("button", name=f"Revoke {kid}").click()
    expect(page.locator("[data-confirm]")).to_contain_text("It signs now.")
    confirm(page, kid)
    expect(page.locator("[data-finding]")).to_contain_text("none under another key to compare")
    press(page, "take-one")
    expect(cards(page, "in")).to_have_count(1)
    assert page.locator(".card").last.get_attribute("data-kid") != kid


def test_revoking_is_thought_over_from_the_keyboard(page: Page) -> None:
    """No dialog of the browser's own, and Escape or Enter on the first button keeps the key."""
    press(page, "take-one")
    kid = str(page.locator(".card").get_attribute("data-kid"))
    for key in ("Escape", "Enter"):
        page.locator("[data-leak] button").press("Enter")
        expect(page.get_by_role("button", name="Keep it")).to_be_focused()
        page.keyboard.press(key)
        expect(page.locator("[data-confirm]")).to_be_hidden()
        assert state_of(page, kid) == "active"
    expect(page.locator("[data-leak] button")).to_be_focused()


def test_the_leaked_key_is_one_of_the_pages_own(page: Page) -> None:
    """The key that everybody logs in with used to stay chosen from before there were tokens."""
    kids = take_three(page)
    offered = page.locator("[data-leaked] option")
    assert [option.get_attribute("value") for option in offered.all()] == kids
    expect(page.locator("[data-leaked]")).to_have_value(kids[0])
    assert active_key(page) not in kids


def test_what_another_hand_does_is_seen(browser: Browser, lab: str, page: Page) -> None:
    kids = take_three(page)
    with keys_page(browser, lab) as other:
        other.locator(f"[data-move='revoke {kids[0]}']").click()
        expect(other.locator("[data-confirm]")).to_contain_text("None of the tokens on this page")
        confirm(other, kids[0])
    expect(cards(page, "refused")).to_have_count(1)
    expect(cards(page, "in")).to_have_count(2)
    assert state_of(page, kids[0]) == "revoked"


def test_no_more_is_published_than_what_verifies(page: Page) -> None:
    shown = page.locator("[data-jwks]")
    expect(shown).to_contain_text('"keys": []')
    expect(page.locator("[data-jwks-why]")).to_contain_text("every key that still verifies is HS256")
    press(page, "take-one")
    press(page, "take-eddsa")
    expect(shown).to_contain_text('"crv": "Ed25519"')
    expect(shown).not_to_contain_text('"d"')
    press(page, "fetch-and-verify")
    outcomes = [line.get_attribute("data-outcome") for line in page.locator("[data-verified] li").all()]
    assert outcomes == ["hmac", "genuine", "tampered"]
    page.locator("[data-algorithm]").select_option("HS256")
    kid = page.locator(".card").last.get_attribute("data-kid")
    revoke_leaked(page, str(kid))
    revoke_in_lane(page, active_key(page))
    last = active_key(page)
    press_rotate(page)
    revoke_in_lane(page, last)
    expect(shown).to_contain_text('"keys": []')


def press_rotate(page: Page) -> None:
    page.locator("[data-rotate] button").click()
    ready(page)


def test_a_second_service_verifies_without_the_secret(browser: Browser, lab: str) -> None:
    with keys_page(browser, lab) as page:
        kids = []
        for algorithm in ("EdDSA", "ES256", "RS256"):
            page.locator("[data-algorithm]").select_option(algorithm)
            page.locator("[data-rotate] button").click()
            ready(page)
            press(page, "take-one")
            kids.append(active_key(page))
        press(page, "fetch-and-verify")
        expect(page.locator("[data-outcome=genuine]")).to_have_count(3)
        expect(page.locator("[data-outcome=tampered]")).to_have_count(3)
        expect(page.locator("[data-verified] li")).to_have_count(6)
        revoke_leaked(page, kids[0])
        press(page, "verify")  # its copy is older than the revocation
        expect(page.locator("[data-outcome=genuine]")).to_have_count(3)
        press(page, "fetch-and-verify")
        expect(page.locator("[data-outcome=unpublished]")).to_have_text(pattern(kids[0]))
        expect(page.locator("[data-outcome=genuine]")).to_have_count(2)


def test_the_second_service_judges_by_the_servers_clock(browser: Browser, lab: str) -> None:
    with page_off_by(browser, lab, YEAR_S) as page:
        page.goto("/keys")
        ready(page)
        press(page, "take-eddsa")
        press(page, "fetch-and-verify")
        expect(page.locator("[data-outcome=genuine]")).to_have_count(1)
        expect(page.locator("[data-outcome=expired]")).to_have_count(0)


def test_the_second_service_asks_the_lab_nothing_while_it_verifies(browser: Browser, lab: str) -> None:
    looks_on = "ERR_INTERNET_DISCONNECTED"  # the page goes on looking at the ring, each second
    with keys_page(browser, lab, expected=(*EXPECTED, looks_on)) as page:
        press(page, "take-eddsa")
        press(page, "fetch-and-verify")
        page.evaluate("document.querySelector('[data-verified]').replaceChildren()")
        page.context.set_offline(True)
        page.locator("[data-verify]").click()
        expect(page.locator("[data-outcome=genuine]")).to_have_count(1)
        expect(page.locator("[data-outcome=tampered]")).to_have_count(1)
        page.context.set_offline(False)


# -- on a sacrificial ring, whose secret may be shown


def forge_and_revoke(page: Page) -> None:
    """Let a key leak, forge an admin's token, be let in, and revoke the key; hold what the page says at each step."""
    for name in ("begin", "leak", "sign", "send"):
        page.locator(f"[data-stolen-{name}]").click()
    expect(page.locator("[data-row=forged] .let-in")).to_contain_text("200")
    expect(page.locator("[data-row=forged]")).to_contain_text("mallory")
    page.locator("[data-stolen-revoke]").click()
    for row in ("bob", "forged"):
        expect(page.locator(f"[data-row={row}] .shut")).to_contain_text("401")
        expect(page.locator(f"[data-row={row}]")).to_contain_text("→ revoked")
    expect(page.locator("[data-row=alice] .let-in")).to_contain_text("200")
    expect(page.locator("[data-row=alice]")).to_contain_text("→ key found")
    expect(page.locator("[data-stolen-finding]")).to_contain_text("✓")


@pytest.mark.parametrize("language", LOCALES)
def test_a_leaked_secret_makes_an_admin_in_the_browser_until_its_key_is_revoked(
    browser: Browser, lab: str, language: str
) -> None:
    with keys_page(browser, lab, language) as page:
        forge_and_revoke(page)
        secret = re.findall(r"[0-9a-f]{64}", page.locator("[data-stolen-secret]").inner_text())
        parts = [page.locator(f"[data-stolen-{part}]").inner_text() for part in ("header", "payload", "signature")]
        payload = json.loads(page.locator("#stolen-payload").input_value())
        assert hs256(unb64(parts[0]), unb64(parts[1]), bytes.fromhex(secret[0])) == ".".join(parts)
        assert json.loads(unb64(parts[1])) == payload
        assert payload["role"] == "admin"


def test_a_payload_that_the_server_does_not_take_is_refused_with_its_reason(page: Page) -> None:
    for name in ("begin", "leak"):
        page.locator(f"[data-stolen-{name}]").click()
    page.locator("#stolen-payload").fill('{"sub":"mallory","role":"admin"}')
    for name in ("sign", "send"):
        page.locator(f"[data-stolen-{name}]").click()
    expect(page.locator("[data-row=forged] .shut")).to_contain_text("iss")


def test_a_token_without_a_kid_costs_a_signature_for_each_key(page: Page) -> None:
    page.locator("#key-count").select_option("12")
    page.locator("[data-unnamed-measure]").click()
    expect(page.locator("[data-unnamed-said]")).to_contain_text("With 12 keys")
    counted = {
        str(row.get_attribute("data-row")): row.get_attribute("data-count")
        for row in page.locator("[data-unnamed-table] tbody tr").all()
    }
    assert counted == {"named": "1", "newest": "1", "oldest": "12", "forged": "12", "real": "0"}


def test_a_retired_key_is_watched_until_it_is_deleted(page: Page) -> None:
    page.locator("[data-dropped-watch]").click()
    expect(page.locator("[data-event=retired]")).to_contain_text("→ key found")
    expect(page.locator("[data-dropped-countdown]")).to_contain_text("is needed for at most")
    expect(page.locator("[data-event=gone]")).to_contain_text("→ unknown")


def test_a_revoked_key_is_deleted_on_the_page_and_its_token_names_an_unknown_one(page: Page) -> None:
    kids = take_three(page)
    expect(page.locator(f".card[data-kid={kids[0]}] [data-look-up]")).to_contain_text(f"kid {kids[0]} → key found")
    revoke_leaked(page, kids[0])
    expect(page.locator(f".card[data-kid={kids[0]}] [data-look-up]")).to_contain_text(f"kid {kids[0]} → revoked")
    page.locator(f"[data-move='delete {kids[0]}']").click()
    expect(page.locator(f"[data-key={kids[0]}]")).to_have_count(0)
    ready(page)
    expect(page.locator(f".card[data-kid={kids[0]}] [data-look-up]")).to_contain_text(f"kid {kids[0]} → unknown")
    expect(cards(page, "in")).to_have_count(2)


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/keys")
        ready(page)
        kids = take_three(page)
        revoke_leaked(page, kids[1])
        press(page, "take-eddsa")
        press(page, "fetch-and-verify")
        page.screenshot(path=folder / "keys.png", full_page=True)
        assert page.locator("html").get_attribute("lang") == scene[0]
        assert overflow(page) <= 0


@pytest.mark.nightly
def test_the_page_fits_other_screens_too(page: Page) -> None:
    take_three(page)
    for width in (320, 1920, 3840):
        page.set_viewport_size({"width": width, "height": width * 9 // 16})
        page.screenshot(path=SCREENSHOTS / f"keys-{width}.png", full_page=True)
        assert overflow(page) <= 0
