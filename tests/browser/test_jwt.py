"""A token is taken apart, changed and shown to the server, in a real browser in front of a real lab."""

import hmac
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.clocks import OFF_BY_S, page_off_by
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
    """The page; nothing in it may fail but what the server refuses."""
    wrong: list[str] = []
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.goto("/jwt")
        yield page
    assert [text for text in wrong if "status of 401" not in text] == []


def log_in(page: Page, member: str = "alice") -> None:
    page.get_by_label("Log in as").select_option(member)
    page.get_by_role("button", name="Log in and open the token").click()
    expect(page.locator("[data-opened]")).to_be_visible()


def paste(page: Page, text: str) -> None:
    page.get_by_label("Or paste one").fill(text)


def ask(page: Page) -> tuple[str, str, str]:
    """Ask the server; return the status, the code and the sentence."""
    page.get_by_role("button", name="Ask the server").click()
    expect(page.locator("[data-answer]")).to_be_visible()
    status, code, why = (page.locator(f"[data-answer-{name}]").inner_text() for name in ("status", "code", "why"))
    return status, code, why


def requests(page: Page) -> list[str]:
    """Return what the page will have sent from here on; the icon, which comes when it comes, aside."""
    sent: list[str] = []

    def note(request: Request) -> None:
        path = "/" + request.url.split("/", 3)[3]
        if path != "/static/img/mark.svg":
            sent.append(f"{request.method} {path} {request.post_data or ''}".rstrip())

    page.on("request", note)
    return sent


def value(page: Page, part: str, name: str) -> str:
    row = page.locator(f"[data-{part}-fields] tbody tr").filter(has=page.get_by_text(name, exact=True))
    return row.locator("td").nth(1).inner_text()


# -- reading


def test_ones_own_token_is_read_claim_by_claim(page: Page) -> None:
    log_in(page, "carol")
    assert value(page, "header", "typ") == '"at+jwt"'
    assert value(page, "payload", "sub") == '"carol"'
    assert value(page, "payload", "role") == '"admin"'
    explained = page.locator("[data-header-fields] tbody tr, [data-payload-fields] tbody tr")
    expect(explained).to_have_count(3 + 8)
    assert "A private field" not in " ".join(explained.all_inner_texts())
    expect(page.locator("[data-payload-fields]")).to_contain_text("RFC 7519 §4.1.4")


def test_the_expiry_counts_down(page: Page) -> None:
    log_in(page)
    left = page.locator("[data-claim=exp]")
    expect(left).to_contain_text("left")
    before = left.inner_text()
    expect(left).not_to_have_text(before)


@pytest.mark.parametrize("off_by_s", OFF_BY_S)
def test_an_expiry_is_counted_by_the_servers_clock(browser: Browser, lab: str, off_by_s: int) -> None:
    with page_off_by(browser, lab, off_by_s) as page:
        page.goto("/jwt")
        log_in(page)
        expect(page.locator("[data-claim=exp]")).to_have_text(re.compile(r"^\D*[45] min\D"))  # of five that it lives
        page.get_by_role("button", name="exp: in ten years").click()
        expect(page.locator("[data-claim=exp]")).to_have_text(re.compile(r"3,?6[45]\d days"))


def test_a_refresh_token_names_nobody_and_opens_nothing(page: Page) -> None:
    log_in(page)
    page.get_by_label("Refresh token").check()
    expect(page.locator("[data-payload-fields] tbody tr")).to_have_count(5)
    assert "alice" not in page.locator("#payload-text").input_value()
    status, code, why = ask(page)
    assert (status, code) == ("✕ 401", "invalid_token")
    assert "opens no page" in why


def test_a_pasted_token_is_read_even_with_its_scheme_and_line_breaks(page: Page) -> None:
    paste(page, f"\n Bearer {EXAMPLE}\n")
    assert value(page, "header", "alg") == '"HS256"'
    assert value(page, "payload", "http://example.com/is_root") == "true"
    expect(page.locator("[data-claim=exp]")).to_contain_text("expired")
    shown = page.locator("[data-token-header], [data-token-payload], [data-token-signature]").all_inner_texts()
    assert ".".join(shown) == EXAMPLE  # to the byte, line breaks in its JSON included


def test_a_pasted_token_leaves_the_browser_only_when_the_server_is_asked(page: Page) -> None:
    sent = requests(page)
    paste(page, EXAMPLE)
    page.locator("#payload-text").fill('{"iss":"joe","role":"admin"}')
    page.get_by_role("button", name="role: admin").click()
    page.get_by_text("Sign it with a secret of your own").first.click()
    page.locator("#secret").fill("a secret")
    page.get_by_role("button", name="Sign with it").click()
    expect(page.locator("[data-secret-said]")).to_contain_text("Signed")
    page.wait_for_timeout(1500)  # longer than anything that the page does by itself takes
    assert sent == []
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.hash])") == '[{},{},""]'
    ask(page)
    assert sent == ["GET /token/profile"]


# -- changing


def test_an_untouched_token_is_let_in(page: Page) -> None:
    log_in(page)
    status, code, why = ask(page)
    assert (status, code) == ("✓ 200", "–")
    assert "needed no look-up" in why
    expect(page.locator("[data-answer-body]")).to_contain_text("alice")


CHANGES: dict[str, tuple[Callable[[Page], None], str]] = {
    "role": (lambda page: page.get_by_role("button", name="role: admin").click(), "changed payload"),
    "expiry": (lambda page: page.get_by_role("button", name="exp: in ten years").click(), "changed payload"),
    "none": (lambda page: page.get_by_role("button", name="alg: none").click(), "without a signature"),
    "a space": (lambda page: page.locator("#payload-text").press("Space"), "changed payload"),
    "another key": (lambda page: page.locator("#header-text").fill('{"alg":"HS256","kid":"mine"}'), "in the header"),
    "no JSON": (lambda page: page.locator("#payload-text").fill("not JSON"), "changed payload"),
    "nothing": (lambda page: page.locator("#payload-text").fill(""), "changed payload"),
}


def test_a_changed_token_is_refused_and_put_back_is_let_in(page: Page, subtests: pytest.Subtests) -> None:
    log_in(page)
    for change, (make, reason) in CHANGES.items():
        with subtests.test(change):
            make(page)
            expect(page.locator("[data-signature-said]")).to_contain_text("✕")
            status, code, why = ask(page)
            assert (status, code) == ("✕ 401", "invalid_token")
            assert reason in why
            expect(page.locator("[data-answer-challenge]")).to_contain_text('error="invalid_token"')
            page.get_by_role("button", name="Undo").click()
            expect(page.locator("[data-answer]")).to_be_hidden()
            assert ask(page)[0] == "✓ 200"


def test_an_expired_token_is_told_from_a_changed_one(page: Page, lab: str) -> None:
    body = {"username": "alice", "password": "wonderland", "access_ttl_s": 1}
    token = page.request.post("/token/login", data=body).json()["access_token"]
    paste(page, token)
    expect(page.locator("[data-claim=exp]")).to_contain_text("expired")
    status, code, why = ask(page)
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
    expect(page.locator("[data-token-signature]")).to_have_text(WELL_KNOWN.rpartition(".")[2])


def test_the_server_does_not_trust_a_secret_of_ones_own(page: Page) -> None:
    log_in(page)
    page.get_by_role("button", name="role: admin").click()
    page.get_by_text("Sign it with a secret of your own").first.click()
    page.locator("#secret").fill("mine")
    page.get_by_role("button", name="Sign with it").click()
    expect(page.locator("[data-signature-said]")).to_contain_text("your secret")
    status, code, why = ask(page)
    assert (status, code) == ("✕ 401", "invalid_token")
    assert "not the server’s" in why


# -- what cannot be read


NO_TOKENS = {
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


def test_what_is_no_token_is_told_so(page: Page, subtests: pytest.Subtests) -> None:
    log_in(page)
    for pasted, said in NO_TOKENS.items():
        with subtests.test(said):
            paste(page, pasted)
            expect(page.locator("[data-complaint]")).to_contain_text(said)
            expect(page.locator("[data-opened]")).to_be_hidden()
            paste(page, EXAMPLE)
            expect(page.locator("[data-complaint]")).to_be_empty()
            expect(page.locator("[data-opened]")).to_be_visible()


def test_parts_without_fields_are_still_shown(page: Page, subtests: pytest.Subtests) -> None:
    for payload in ("", "bm90IEpTT04", "W10", "bnVsbA", "e30"):
        with subtests.test(payload):
            paste(page, f"e30.{payload}.c2ln")
            expect(page.locator("[data-opened]")).to_be_visible()
            expect(page.locator("[data-token-payload]")).to_have_text(payload)
            expect(page.locator("[data-payload-fault]")).to_contain_text(
                "" if payload == "e30" else "not a JSON object"
            )
            expect(page.locator("[data-payload-fields]")).to_be_hidden()


def test_odd_values_do_not_break_the_page(page: Page) -> None:
    odd = '{"exp":1e300,"iat":"now","nbf":null,"__proto__":{"x":1},"constructor":"<img src=x>","sub":{"a":[1]}}'
    paste(page, EXAMPLE)
    page.locator("#payload-text").fill(odd)
    expect(page.locator("[data-payload-fields] tbody tr")).to_have_count(6)
    expect(page.locator("[data-payload-fields]").get_by_text("not a time")).to_have_count(3)
    expect(page.locator("[data-payload-fields] img")).to_have_count(0)


# -- what would leak, and what encoding is


def test_what_is_added_can_be_read_and_the_lab_refuses_to_issue_it(page: Page) -> None:
    sent = requests(page)
    page.get_by_label("her password").check()
    page.get_by_label("her phone number").check()
    expect(page.locator("[data-leak-read] mark")).to_have_text(
        ['"password":"wonderland"', '"phone_number":"+82 10-0000-0000"']
    )
    expect(page.locator("[data-leak-answer]")).to_contain_text("Refused before anything was signed")
    assert sent == [
        'POST /jwt/claims {"claims":["password"]}',
        'POST /jwt/claims {"claims":["password","phone_number"]}',
    ]
    for label in ("her password", "her phone number"):
        page.get_by_label(label).uncheck()
    expect(page.locator("[data-leak-answer]")).to_contain_text("on the list")


def test_text_and_base64url_follow_each_other(page: Page) -> None:
    text, encoded = page.locator("#plain-text"), page.locator("#encoded-text")
    expect(encoded).to_have_value("eyJzdWIiOiJhbGljZSJ9")
    text.fill("한글 >?")
    expect(encoded).to_have_value("7ZWc6riAID4_")
    encoded.fill("aGk")
    expect(text).to_have_value("hi")
    encoded.fill("a")
    expect(page.locator("[data-encoding-said]")).to_contain_text("cannot be decoded")
    expect(text).to_have_value("hi")


# -- one made by hand


def working(page: Page) -> list[str]:
    """Return the cells of the step's table."""
    return page.locator("[data-hand-working] td").all_inner_texts()


def next_step(page: Page) -> None:
    page.locator("[data-hand-next]").click()


def make_by_hand(page: Page) -> str:
    """Go through every step, hold each working against Python's, and return the token."""
    page.locator("[data-hand-begin]").click()
    expect(page.locator("[data-hand-position]")).to_be_visible()
    parts = []
    for part in ("header", "payload"):
        data = page.locator(f"#hand-{part}").input_value().encode()
        shown = page.locator("[data-hand-working] li")
        assert "".join(shown.locator("code").all_inner_texts()).replace(" ", "") == data.hex()
        next_step(page)
        rows = list(zip(*[iter(working(page))] * 3, strict=True))
        assert "".join(row[0] for row in rows).replace(" ", "") == data.hex()
        bits = "".join(row[1] for row in rows).replace(" ", "")
        groups = "".join(row[2] for row in rows).replace(" ", "")
        assert bits == "".join(f"{byte:08b}" for byte in data)
        assert groups == bits.ljust(len(groups), "0")
        next_step(page)
        letters = "".join(working(page)[2::3]).replace(" ", "")
        assert letters == b64(data) == page.locator("[data-hand-result]").inner_text()
        parts.append(letters)
        next_step(page)
    signed = ".".join(parts)
    expect(page.locator("[data-hand-working]")).to_have_text(signed)
    next_step(page)
    secret = bytes.fromhex(re.findall(r"[0-9a-f]{64}", page.locator("[data-hand-result]").inner_text())[0])
    assert "".join(working(page)) == hmac.digest(secret, signed.encode(), "sha256").hex()
    next_step(page)
    signature = page.locator("[data-hand-result]").inner_text()
    assert unb64(signature) == hmac.digest(secret, signed.encode(), "sha256")
    next_step(page)
    return f"{signed}.{signature}"


def put(page: Page, *pieces: str) -> None:
    page.locator("[data-hand-clear]").click()
    for piece in pieces:
        page.locator(f"[data-hand-piece={piece}]").click()


IN_ORDER = ("header", "dot", "payload", "dot", "signature")


def test_a_token_made_by_hand_is_let_in_and_in_another_order_it_is_not(page: Page) -> None:
    token = make_by_hand(page)
    expect(page.locator("[data-hand-next]")).to_be_disabled()
    put(page, *IN_ORDER)
    assert page.locator("#hand-token").input_value() == token
    page.locator("[data-hand-send]").click()
    expect(page.locator("[data-hand-answer] .let-in")).to_contain_text("200: let in as 앨리스")
    for wrong in (IN_ORDER[::-1], IN_ORDER[:3], ("payload", "dot", "header", "dot", "signature")):
        put(page, *wrong)
        page.locator("[data-hand-send]").click()
        expect(page.locator("[data-hand-answer] .shut")).to_contain_text("401")


def test_a_syllable_of_hangul_is_three_bytes(page: Page) -> None:
    page.locator("[data-hand-begin]").click()
    expect(page.locator("[data-hand-position]")).to_be_visible()
    page.locator("#hand-header").fill("aé한😀")
    cells = page.locator("[data-hand-working] li")
    assert cells.locator("code").all_inner_texts() == ["61", "c3 a9", "ed 95 9c", "f0 9f 98 80"]
    expect(page.locator("[data-hand-result]")).to_have_text("4 characters, 10 bytes")


def test_a_part_that_is_changed_changes_the_signature_and_the_server_judges_the_new_one(page: Page) -> None:
    make_by_hand(page)
    for _ in range(6):
        page.locator("[data-hand-back]").click()
    payload = page.locator("#hand-payload")
    payload.fill(payload.input_value().replace("앨리스", "홍길동"))
    for _ in range(6):
        next_step(page)
    put(page, *IN_ORDER)
    page.locator("[data-hand-send]").click()
    expect(page.locator("[data-hand-answer] .let-in")).to_contain_text("홍길동")


# -- for everybody


def test_the_page_works_from_the_keyboard(page: Page) -> None:
    page.get_by_label("Log in as").focus()
    page.keyboard.press("b")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-opened]")).to_be_visible()
    assert value(page, "payload", "sub") == '"bob"'
    page.get_by_role("button", name="role: admin").press("Enter")
    page.get_by_role("button", name="Ask the server").press("Enter")
    expect(page.locator("[data-answer-status]")).to_have_text("✕ 401")


@pytest.mark.parametrize("scene", SCENES)
def test_it_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/jwt")
        page.screenshot(path=folder / "jwt-first.png", full_page=True)
        page.locator("[data-log-in] button").click()
        page.locator("[data-change=role]").click()
        page.locator("[data-ask]").click()
        page.locator("details summary").click()
        page.locator("[name=password]").check()
        expect(page.locator("[data-answer]")).to_be_visible()
        expect(page.locator("[data-leak-answer]")).to_have_attribute("data-outcome", "refused")
        page.screenshot(path=folder / "jwt.png", full_page=True)
        assert overflow(page) <= 0


@pytest.mark.nightly
def test_it_fits_the_largest_and_the_smallest_screen(browser: Browser, lab: str) -> None:
    for width, height in ((320, 480), (3840, 2160)):
        with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
            page = context.new_page()
            page.goto("/jwt")
            log_in(page)
            page.screenshot(path=SCREENSHOTS / f"jwt-{width}.png")
            assert overflow(page) <= 0
