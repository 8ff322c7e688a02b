"""Another machine of the network looks at the lab: here this machine, by the address that it has in its network."""

from collections.abc import Iterator
from socket import AF_INET, SOCK_DGRAM, socket

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.scenes import SCREENSHOTS
from tests.browser.test_keys import cards, forge_and_revoke, keys_page, press_rotate, ready
from tests.browser.test_scale_out import press
from tests.support.lab_processes import Lab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lan_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that lets other machines in. It finds nothing in its folder, as at a first start, and makes it all."""
    with Lab(tmp_path_factory.mktemp("lan"), "--lan", nodes=2, seeded=False) as lab:
        yield lab


@pytest.fixture
def elsewhere(lan_lab: Lab) -> str:
    """Where another machine finds the lab."""
    address = _own_address()
    if address is None:
        pytest.skip("this machine is in no network")
    return lan_lab.url.replace("127.0.0.1", address)


@pytest.fixture
def code(lan_lab: Lab) -> str:
    """The instructor code that the lab has printed."""
    [line] = [line for line in lan_lab.stdout().splitlines() if "code:" in line]
    return line.split()[-1]


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Instructor code").fill(code)
    press(page, "Open the controls")


def test_the_switches_take_the_code(browser: Browser, elsewhere: str, code: str, lan_lab: Lab) -> None:
    """SECURITY 20."""
    with browser.new_context(base_url=elsewhere) as context:
        page = context.new_page()
        page.goto("/scale-out")
        expect(page.locator("[data-state=running]")).to_have_count(5)
        page.locator("[data-more]").click()
        expect(page.get_by_role("button", name="node-1: Kill")).to_be_disabled()
        give_code(page, "AAAAAAAA")
        expect(page.locator("#processes [data-order-result]")).to_contain_text("not the instructor code")
        page.screenshot(path=SCREENSHOTS / "scale-out-code.png")
        give_code(page, code.lower())
        expect(page.get_by_label("Instructor code")).to_be_hidden()
        press(page, "node-1: Kill")
        expect(page.locator("[data-node=node-1] [data-state=killed]")).to_be_visible()
        page.reload()
        page.locator("[data-more]").click()
        expect(page.get_by_role("button", name="node-1: Start")).to_be_enabled()
    lan_lab.make_whole()


def test_the_moves_of_keys_take_the_code(browser: Browser, elsewhere: str, code: str) -> None:
    """SECURITY 20."""
    with keys_page(browser, elsewhere) as page:
        page.locator("[data-take-one]").click()
        expect(cards(page, "in")).to_have_count(1)  # a log-in is everybody's
        expect(page.locator("[data-take-three]")).to_be_disabled()
        expect(page.locator("[data-move]").first).to_be_disabled()
        expect(page.locator("[data-cannot-verify]")).to_be_visible()  # plain http, not from this machine
        give_code(page, "AAAAAAAA")
        expect(page.locator("[data-said]")).to_contain_text("not the instructor code")
        give_code(page, code.lower())
        ready(page)
        press_rotate(page)
        expect(page.locator("[data-lanes] li")).to_have_count(2)
        page.reload()
        ready(page)


def test_a_key_is_stolen_and_used_over_plain_http(browser: Browser, elsewhere: str) -> None:
    """A browser has no WebCrypto there, so the page computes the HMAC itself."""
    with browser.new_context(base_url=elsewhere) as context:
        page = context.new_page()
        page.goto("/keys")
        assert page.evaluate("isSecureContext") is False
        forge_and_revoke(page)


def _own_address() -> str | None:
    with socket(AF_INET, SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; only finds the way out
        except OSError:
            return None
        return str(probe.getsockname()[0])
