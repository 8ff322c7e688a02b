"""Encoding is tried, and a token is made by hand, step by step; the server judges it."""

import hmac
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jwt_page import (
    arrive,
    jwt_page,
    requests,
)
from tests.support.forge import b64, unb64

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with jwt_page(browser, lab) as page:
        yield page


# -- what would leak, and what encoding is


def test_what_is_added_can_be_read_and_the_lab_refuses_to_issue_it(page: Page) -> None:
    arrive(page)
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
