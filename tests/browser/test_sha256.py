"""The pages' own SHA-256 and HMAC, beside the browser's and Python's."""

import hashlib
import hmac
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LENGTHS = [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000]  # around the ends of blocks

BOTH = """async ([key, message]) => {
  const { sha256, hmacSha256, hex } = await import("/static/js/shared/sha256.js");
  const bytes = (numbers) => new Uint8Array(numbers);
  const browsers = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(message))));
  return [hex(sha256(bytes(message))), browsers, hex(hmacSha256(bytes(key), bytes(message)))];
}"""


def test_hashes_are_those_of_the_browser_and_of_python(page: Page, lab: str) -> None:
    page.goto(f"{lab}/healthz")
    for length in LENGTHS:
        key, message = bytes(range(length % 200)), bytes(byte % 256 for byte in range(7, 7 + length))
        own, browsers, signed = _both(page, [list(key), list(message)])
        assert own == browsers == hashlib.sha256(message).hexdigest(), length
        assert signed == hmac.digest(key, message, "sha256").hex(), length


def _both(page: Page, given: list[list[int]]) -> list[Any]:
    return list(page.evaluate(BOTH, given))
