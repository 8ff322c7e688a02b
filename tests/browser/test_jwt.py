"""A token is taken apart, changed and shown to the server, in a real browser in front of a real lab."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.clocks import OFF_BY_S, page_off_by
from tests.browser.held import hold, let_go
from tests.browser.jwt_page import (
    arrive,
    claim,
    decoded,
    encoded,
    judged,
    jwt_page,
    log_in,
    meaning,
    paste,
    requests,
    verdict,
)
from tests.browser.scenes import SCENES, SCREENSHOTS, Scene, overflow, page_of
from tests.support.forge import b64, unb64

pytestmark = pytest.mark.browser

# RFC 7515 appendix A.1: a token and what it says, known to everybody; made with HS256, and expired since 2011.
EXAMPLE = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
# From jwt.io's front page of many years: its secret is in every tutorial.
WELL_KNOWN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)
WELL_KNOWN_SECRET = "your-256-bit-secret"


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with jwt_page(browser, lab) as page:
        yield page


# -- reading


def test_a_token_of_a_load_member_is_there_on_arrival_and_the_server_has_judged_it(page: Page) -> None:
    arrive(page)
    payload = decoded(page, "payload")
    assert re.fullmatch(r"load-\d{4}", payload["sub"])
    expect(page.locator("[data-source]")).to_contain_text(f"it logged {payload['sub']} in")
    header, body, _signature = encoded(page).input_value().split(".")
    assert (decoded(page, "header"), payload) == (json.loads(unb64(header)), json.loads(unb64(body)))
    assert page.locator("#payload-text").input_value() == json.dumps(payload, indent=2)
    assert judged(page)[:2] == ("✓ 200", "–")
    expect(page.locator("[data-answer-body]")).to_contain_text(payload["sub"])
    assert page.locator("[data-primary]").count() == 1


def test_a_lab_that_cannot_answer_is_told_and_a_pasted_token_is_read_without_it(browser: Browser, lab: str) -> None:
    with browser.new_context(base_url=lab) as context:
        page = context.new_page()
        page.route("**/token/*", lambda route: route.abort())
        page.goto("/jwt")
        expect(page.locator("[data-source]")).to_contain_text("The lab issued no token (no answer)")
        expect(page.locator("[data-opened]")).to_be_hidden()
        paste(page, EXAMPLE)
        assert decoded(page, "payload")["iss"] == "joe"
        status, _, why = judged(page)
        assert (status, why[:16]) == ("◷", "No answer came. ")


def test_every_claim_of_the_labs_tokens_is_explained(page: Page) -> None:
    log_in(page, "carol")
    assert decoded(page, "header")["typ"] == "at+jwt"
    assert (decoded(page, "payload")["sub"], decoded(page, "payload")["role"]) == ("carol", "admin")
    explained = page.locator(".meanings [role=tooltip]")
    expect(explained).to_have_count(3 + 8)
    assert "A private field" not in " ".join(explained.all_text_contents())


def test_a_claim_is_explained_under_the_pointer_with_the_focus_and_at_the_caret(page: Page) -> None:
    arrive(page)
    expect(meaning(page, "payload")).to_contain_text("What the token says about you.")
    claim(page, "payload", "exp").hover()
    expect(meaning(page, "payload")).to_contain_text("RFC 7519 §4.1.4")
    page.mouse.move(0, 0)
    expect(meaning(page, "payload")).to_contain_text("What the token says about you.")
    text = page.locator("#payload-text")
    text.press("Control+Home")
    text.press("ArrowDown")
    first = next(iter(decoded(page, "payload")))
    expect(meaning(page, "payload").locator("code")).to_have_text(first)
    page.keyboard.press("Tab")  # from the text to the first of its claims
    for name in decoded(page, "payload"):
        expect(claim(page, "payload", name)).to_be_focused()
        shown = meaning(page, "payload")
        expect(shown.locator("code")).to_have_text(name)
        assert claim(page, "payload", name).get_attribute("aria-describedby") == shown.get_attribute("id")
        page.keyboard.press("Tab")
    expect(meaning(page, "payload")).to_contain_text("What the token says about you.")


@pytest.mark.parametrize("off_by_s", OFF_BY_S)
def test_an_expiry_is_counted_by_the_servers_clock(browser: Browser, lab: str, off_by_s: int) -> None:
    with page_off_by(browser, lab, off_by_s) as page:
        page.goto("/jwt")
        left = page.locator("[data-claim=exp]")
        expect(left).to_have_text(re.compile(r"^\D*[45] min\D"))  # of five that it lives
        before = left.inner_text()
        expect(left).not_to_have_text(before)
        page.get_by_role("button", name="exp: in ten years").click()
        expect(left).to_have_text(re.compile(r"3,?6[45]\d days"))


def test_a_refresh_token_names_nobody_and_opens_nothing(page: Page) -> None:
    arrive(page)
    page.get_by_label("Refresh token").check()
    assert sorted(decoded(page, "payload")) == ["aud", "exp", "iat", "iss", "jti"]
    status, code, why = judged(page)
    assert (status, code) == ("✕ 401", "invalid_token")
    assert "opens no page" in why


def test_a_pasted_token_is_read_even_with_its_scheme_and_line_breaks(page: Page) -> None:
    paste(page, f"\n Bearer {EXAMPLE}\n")
    assert decoded(page, "header")["alg"] == "HS256"
    assert decoded(page, "payload")["http://example.com/is_root"] is True
    expect(page.locator("[data-claim=exp]")).to_contain_text("expired")
    assert encoded(page).input_value() == EXAMPLE  # to the byte, line breaks in its JSON included
    expect(page.locator("[data-shades]")).to_have_text(EXAMPLE)
    expect(page.locator("[data-payload-changed]")).to_be_hidden()


def test_a_token_pasted_during_the_log_in_of_the_page_stays(page: Page) -> None:
    held = hold(page, "/token/login")
    page.reload()
    paste(page, EXAMPLE)
    with page.expect_response("**/token/login"):
        let_go(page, held)
    assert judged(page)[0] == "✕ 401"
    assert encoded(page).input_value() == EXAMPLE


def test_a_token_on_arrival_does_not_come_between_what_is_being_put_in(page: Page) -> None:
    held = hold(page, "/token/login")
    page.reload()
    encoded(page).focus()
    let_go(page, held)
    expect(page.locator("[data-verdict-why]")).to_have_text("There is no token here.")
    assert encoded(page).input_value() == ""


def test_a_whole_token_that_is_pasted_replaces_the_text_wherever_the_caret_is(page: Page) -> None:
    arrive(page)
    page.get_by_text("Sign it with a secret of your own").first.click()
    page.locator("#secret").fill(EXAMPLE)
    for key in ("Control+A", "Control+C"):
        page.locator("#secret").press(key)
    encoded(page).press("Control+End")
    page.keyboard.press("Control+V")
    assert encoded(page).input_value() == EXAMPLE


def test_a_token_is_sent_to_the_guard_alone_and_kept_nowhere(page: Page) -> None:
    arrive(page)
    sent = requests(page)
    paste(page, EXAMPLE)
    judged(page)
    page.get_by_role("button", name="Change role to admin").click()
    judged(page)
    assert sent == ["GET /token/profile"] * 2
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.hash])") == '[{},{},""]'
    assert page.context.cookies() == []


# -- changing


def test_many_changes_at_once_are_asked_about_once(page: Page) -> None:
    arrive(page)
    sent = requests(page)
    page.evaluate("""() => {
        const text = document.getElementById("payload-text");
        for (let length = 1; length <= 20; length++) {
            text.value = JSON.stringify({ sub: "a".repeat(length) });
            text.dispatchEvent(new Event("input"));
        }
    }""")
    assert judged(page)[0] == "✕ 401"
    assert sent == ["GET /token/profile"]


def test_an_answer_to_an_older_text_is_dropped(page: Page) -> None:
    arrive(page)
    held = hold(page, "/token/profile")
    with page.expect_request("**/token/profile"):
        page.get_by_role("button", name="Ask again").click()
    page.get_by_role("button", name="Change role to admin").click()
    assert judged(page)[0] == "✕ 401"
    with page.expect_event("requestfinished"):
        let_go(page, held)  # the unchanged token is let in, and its answer comes last
    assert judged(page)[0] == "✕ 401"


CHANGES: dict[str, tuple[Callable[[Page], None], str]] = {
    "role": (lambda page: page.get_by_role("button", name="Change role to admin").click(), "changed payload"),
    "expiry": (lambda page: page.get_by_role("button", name="exp: in ten years").click(), "changed payload"),
    "none": (lambda page: page.get_by_role("button", name="alg: none").click(), "without a signature"),
    "another key": (lambda page: page.locator("#header-text").fill('{"alg":"HS256","kid":"mine"}'), "in the header"),
    "no JSON": (lambda page: page.locator("#payload-text").fill("not JSON"), "changed payload"),
    "nothing": (lambda page: page.locator("#payload-text").fill(""), "changed payload"),
}


def test_a_changed_token_is_refused_and_put_back_is_let_in(page: Page, subtests: pytest.Subtests) -> None:
    arrive(page)
    for change, (make, reason) in CHANGES.items():
        with subtests.test(change):
            make(page)
            expect(page.locator("[data-signature-said]")).to_contain_text("✕")
            status, code, why = judged(page)
            assert (status, code) == ("✕ 401", "invalid_token")
            assert reason in why
            expect(page.locator("[data-answer-challenge]")).to_contain_text('error="invalid_token"')
            page.get_by_role("button", name="Undo").click()
            expect(verdict(page)).to_have_attribute("data-verdict", "let-in")
    assert judged(page)[0] == "✓ 200"


def test_a_token_edited_in_its_encoded_text_is_the_same_token_changed(page: Page) -> None:
    arrive(page)
    token = encoded(page).input_value()
    header, payload, signature = token.split(".")
    swapped = "B" if signature[0] != "B" else "C"
    paste(page, f"{header}.{payload}.{swapped}{signature[1:]}")
    assert judged(page)[::2] == ("✕ 401", "Refused: the third part was changed. It is not the signature of this text.")
    admin = b64(json.dumps({**decoded(page, "payload"), "role": "admin"}).encode())
    paste(page, f"{header}.{admin}.{swapped}{signature[1:]}")
    assert decoded(page, "payload")["role"] == "admin"
    expect(page.locator("[data-payload-changed]")).to_be_visible()
    paste(page, f"{header}.{admin}.%")
    expect(page.locator("[data-verdict-why]")).to_contain_text("Signature: “%” is not")
    page.get_by_role("button", name="Undo").click()
    assert encoded(page).input_value() == token
    assert judged(page)[0] == "✓ 200"


def test_white_space_in_the_payload_is_not_part_of_the_token_and_its_numbers_stay_as_written(page: Page) -> None:
    payload = '{"n":12345678901234567890,"n":[1e3,{},[ ]],"s":" a: {b, \\" c"}'
    paste(page, f"e30.{b64(payload.encode())}.c2ln")
    text = page.locator("#payload-text")
    assert text.input_value().splitlines()[:3] == ["{", '  "n": 12345678901234567890,', '  "n": [']
    text.fill(f" {payload} ")
    expect(page.locator("[data-payload-changed]")).to_be_hidden()
    text.fill(text.input_value().replace("1e3", "1e4"))
    said = unb64(encoded(page).input_value().split(".")[1]).decode()
    assert said == payload.replace("1e3", "1e4").replace("[ ]", "[]")


SCREENS_OF_A_VERDICT = ((1280, 800), (360, 740))


def test_the_verdict_is_in_sight_after_every_change(page: Page, subtests: pytest.Subtests) -> None:
    """On a laptop and on a phone, in both, the lowest field of the token included."""
    arrive(page)
    page.get_by_text("Sign it with a secret of your own").first.click()
    for width, height in SCREENS_OF_A_VERDICT:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        for part in (page.locator("[data-primary]"), verdict(page)):
            expect(part).to_be_in_viewport(ratio=1)
        for field in ("#token", "#header-text", "#payload-text", "#secret"):
            with subtests.test(f"{field} at {width}"):
                page.locator(field).press("Control+End")
                page.keyboard.type("x")
                if field == "#secret":
                    page.locator("[data-sign]").click()
                expect(verdict(page)).to_have_attribute("data-verdict", "refused")
                expect(verdict(page)).to_be_in_viewport(ratio=1)
                assert not is_covered(page, field)
                page.locator("[data-put-back]").dispatch_event("click")  # without a scroll


def is_covered(page: Page, field: str) -> bool:
    """Return whether the end of this field, where its text is typed, is below the verdict."""
    return bool(
        page.evaluate(
            "field => document.querySelector(field).getBoundingClientRect().bottom"
            " <= document.querySelector('[data-verdict]').getBoundingClientRect().bottom",
            field,
        )
    )


def test_an_expired_token_is_told_from_a_changed_one_and_a_verdict_ends_with_its_token(page: Page) -> None:
    body = {"username": "alice", "password": "wonderland", "access_ttl_s": 2}
    paste(page, page.request.post("/token/login", data=body).json()["access_token"])
    expect(page.locator("[data-verdict-status]")).to_have_text("✕ 401")  # asked again when its time is over
    expect(page.locator("[data-claim=exp]")).to_contain_text("expired")
    status, code, why = judged(page)
    assert (status, code) == ("✕ 401", "expired_token")
    assert "the token has expired" in why


# -- a secret of one's own


def test_a_signature_is_checked_with_the_secret_that_made_it_and_with_another(page: Page) -> None:
    paste(page, WELL_KNOWN)
    page.get_by_text("Sign it with a secret of your own").first.click()
    for secret, said in ((WELL_KNOWN_SECRET, "✓"), ("another", "✕")):
        page.locator("#secret").fill(secret)
        page.get_by_role("button", name="Does the signature match?").click()
        expect(page.locator("[data-secret-said]")).to_contain_text(said)
    page.locator("#secret").fill(WELL_KNOWN_SECRET)
    page.get_by_role("button", name="Sign with it").click()
    assert encoded(page).input_value() == WELL_KNOWN


def test_the_server_does_not_trust_a_secret_of_ones_own(page: Page) -> None:
    arrive(page)
    page.get_by_role("button", name="Change role to admin").click()
    page.get_by_text("Sign it with a secret of your own").first.click()
    page.locator("#secret").fill("mine")
    page.get_by_role("button", name="Sign with it").click()
    expect(page.locator("[data-signature-said]")).to_contain_text("your secret")
    status, code, why = judged(page)
    assert (status, code) == ("✕ 401", "invalid_token")
    assert "not the server’s" in why


# -- what cannot be read


NO_TOKENS = {
    "": "There is no token here.",
    "hello": "the number of parts is 1",
    "a.b.c.d": "the number of parts is 4",
    "a.b.c.d.e": "encrypted token",
    "e+J9.e30.": "Header: “+” is not",
    "e30.<b>.": "Payload: “<” is not",
    "e30.e30.이름": "Signature: “이” is not",
    "e30.abcde.": "Payload: 5 base64url characters cannot be decoded",
    "_w.e30.": "Header: The bytes are not UTF-8",
    "x" * 1_000_000: "1,000,000 characters",
}


def test_what_is_no_token_is_told_so_and_not_sent(page: Page, subtests: pytest.Subtests) -> None:
    arrive(page)
    sent = requests(page)
    for pasted, said in NO_TOKENS.items():
        with subtests.test(said):
            paste(page, pasted)
            expect(page.locator("[data-verdict-why]")).to_contain_text(said)
            expect(page.locator("[data-opened]")).to_be_hidden()
            expect(page.locator("[data-primary]")).to_be_disabled()
    assert sent == []
    paste(page, EXAMPLE)
    expect(page.locator("[data-opened]")).to_be_visible()


def test_parts_without_fields_are_still_shown(page: Page, subtests: pytest.Subtests) -> None:
    for payload, text in (("", ""), ("bm90IEpTT04", "not JSON"), ("W10", "[]"), ("bnVsbA", "null"), ("e30", "{}")):
        with subtests.test(payload):
            paste(page, f"e30.{payload}.c2ln")
            expect(page.locator("#payload-text")).to_have_value(text)
            expect(page.locator("[data-payload-fault]")).to_contain_text(
                "" if payload == "e30" else "not a JSON object"
            )
            expect(page.locator("#payload .claim")).to_have_count(0)


def test_odd_values_do_not_break_the_page(page: Page) -> None:
    odd = '{"exp":1e300,"iat":"now","nbf":null,"__proto__":{"x":1},"constructor":"<img src=x>","password":{"a":[1]}}'
    paste(page, EXAMPLE)
    page.locator("#payload-text").fill(odd)
    expect(page.locator("#payload .claim")).to_have_count(6)
    expect(page.locator("#payload .claim").get_by_text("not a time")).to_have_count(3)
    expect(page.locator("#payload img")).to_have_count(0)
    claim(page, "payload", "password").focus()
    expect(meaning(page, "payload")).to_contain_text("✕ A password")
    paste(page, f"e30.{b64(b'[' * 3000 + b']' * 3000)}.c2ln")  # as deep as it is long
    expect(page.locator("[data-payload-fault]")).to_contain_text("not a JSON object")


# -- for everybody


def test_the_page_works_from_the_keyboard(page: Page) -> None:
    page.get_by_label("Log in as").focus()
    page.keyboard.press("b")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-source]")).to_have_text("The access token of bob.")
    assert decoded(page, "payload")["sub"] == "bob"
    page.locator("[data-primary]").press("Enter")
    assert judged(page)[0] == "✕ 401"


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/jwt")
        arrive(page)
        page.screenshot(path=folder / "jwt-first.png")
        page.locator("[data-change=role]").click()
        page.locator("details summary").click()
        page.locator("[name=password]").check()
        expect(verdict(page)).to_have_attribute("data-verdict", "refused")
        expect(page.locator("[data-leak-answer]")).to_have_attribute("data-outcome", "refused")
        page.screenshot(path=folder / "jwt.png", full_page=True)
        assert overflow(page) <= 0


@pytest.mark.nightly
def test_it_fits_the_largest_and_the_smallest_screen(browser: Browser, lab: str) -> None:
    for width, height in ((320, 480), (3840, 2160)):
        with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
            page = context.new_page()
            page.goto("/jwt")
            arrive(page)
            page.screenshot(path=SCREENSHOTS / f"jwt-{width}.png")
            assert overflow(page) <= 0
