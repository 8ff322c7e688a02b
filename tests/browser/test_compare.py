"""Every action of the page that compares, through a real lab of two nodes: what came of it, and what it cost."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from tests.browser.scenes import (
    LOCALES,
    LOCALES_IN_TURN,
    SCENES,
    SCREENSHOTS,
    Scene,
    overflow,
    page_of,
    want_store,
)
from tests.support.lab_processes import Lab
from tests.support.stopwatch import eventually
from tests.support.visitor import GUARDED

pytestmark = pytest.mark.browser

REFUSALS = ("401", "403", "404", "503")  # what the page is there to show; the browser logs each
Verdicts = dict[str, str]
ALL_DONE = dict.fromkeys(GUARDED, "done")
ALL_IN = dict.fromkeys(GUARDED, "let_in")
ALL_REFUSED = dict.fromkeys(GUARDED, "refused")


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """The page as it opens, whose browser may complain of refusals and of nothing else."""
    with browser.new_context(base_url=lab, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        wrong = complaints_of(page)
        page.goto("/compare")
        yield page
        assert wrong == []


def complaints_of(page: Page) -> list[str]:
    wrong: list[str] = []

    def hear(kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(f"status of {status}" in text for status in REFUSALS):
            wrong.append(text)

    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: hear(message.type, message.text))
    return wrong


def button(page: Page, action: str) -> Locator:
    return page.locator(f"[data-action={action}]")


def press(page: Page, action: str) -> Verdicts:
    """Do an action; return what came of it behind each approach."""
    rows = page.locator("[data-rows] tr[id]:not(.detail)")
    before = rows.count()
    button(page, action).click()
    expect(rows).to_have_count(before + 1)
    expect(page.locator("[data-controls]")).to_have_attribute("aria-busy", "false")
    return {
        approach: str(cell(page, approach).locator(".verdict").get_attribute("data-verdict")) for approach in GUARDED
    }


def newest(page: Page) -> Locator:
    return page.locator("[data-rows] tr").first


def cell(page: Page, approach: str) -> Locator:
    return newest(page).locator(f"td[data-approach={approach}]")


def by(page: Page, approach: str) -> str:
    """Return which node gave the answer that decided."""
    return cell(page, approach).locator(".by").inner_text().split(" · ")[1]


def cost(within: Locator) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(str(within.locator(".costs").get_attribute("data-cost")))
    return told


def costs(page: Page, name: str) -> dict[str, Any]:
    return {approach: cost(cell(page, approach))[name] for approach in GUARDED}


def found(page: Page) -> str:
    return newest(page).locator(".finding").inner_text()


# What each action brings when all are pressed from left to right. Only refusals that are the lesson are among them.
FROM_LEFT_TO_RIGHT = {
    "log-in": ALL_DONE,
    "open": ALL_IN,
    "notes": ALL_IN,
    "next-node": {**ALL_IN, "memory": "refused"},
    "changed": ALL_REFUSED,
    "renew": ALL_DONE,
    "role": {**ALL_IN, "token": "refused"},
    "elsewhere": ALL_IN,
    "end-other": {"memory": "let_in", "session": "refused", "token": "let_in", "hybrid": "refused"},
    "log-out": ALL_DONE,
    "replay": {**ALL_REFUSED, "token": "let_in"},
}

ASKED_STORE = {  # store commands, of what asks for nothing but the login
    "open": {"memory": 0, "session": 1, "token": 0, "hybrid": 1},
    "changed": {"memory": 0, "session": 1, "token": 0, "hybrid": 0},
    "replay": {"memory": 0, "session": 1, "token": 0, "hybrid": 1},
}


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_every_action_from_left_to_right_refuses_only_what_it_teaches_to_refuse(
    browser: Browser, lab: str, language: str
) -> None:
    """The primary button leads from each action to the next one, and at the end to a new start."""
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        wrong = complaints_of(page)
        page.goto("/compare")
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert actions(page) == list(FROM_LEFT_TO_RIGHT)
        for action, verdicts in FROM_LEFT_TO_RIGHT.items():
            expect(page.locator("[data-primary]")).to_have_attribute("data-action", action)
            assert press(page, action) == verdicts, action
            assert costs(page, "commands") == ASKED_STORE.get(action, costs(page, "commands")), action
            if action in ("open", "notes"):
                assert costs(page, "touches") == dict.fromkeys(GUARDED, int(action == "notes"))
        expect(page.locator("[data-primary]")).to_have_attribute("data-reset", "")
        assert tried(page, "memory") == ["✕ 401"]  # its other login was on another node, and did not end
        assert tried(page, "session") == tried(page, "hybrid") == ["✕ 401", "✕ 401"]
        assert tried(page, "token") == ["✓ 200", "✓ 200"]
        assert press(page, "open") == ALL_REFUSED
        assert costs(page, "commands") == dict.fromkeys(GUARDED, 0)
        assert_every_row_says_something(page)
        assert_totals_add_up(page)
        assert wrong == []


def actions(page: Page) -> list[str]:
    return [str(one.get_attribute("data-action")) for one in page.locator("[data-action]").all()]


def tried(page: Page, approach: str) -> list[str]:
    """Return what became of copies whose login had ended, as the row on copied credentials has it."""
    return [line[:5] for line in page.locator(f"[data-copied={approach}] [data-tried] li").all_inner_texts()]


def test_a_role_is_felt_at_once_where_a_request_asks(page: Page) -> None:
    """A token says what it said when it was issued. The others change with each press, in whatever order."""
    press(page, "log-in")
    assert press(page, "role") == {**ALL_IN, "token": "refused"}
    assert "Hybrid: the store said that the role has changed. The page renewed the token" in found(page)
    assert press(page, "renew") == ALL_DONE
    assert press(page, "replay") == {**ALL_REFUSED, "token": "let_in", "hybrid": "let_in"}
    assert press(page, "role") == {**ALL_REFUSED, "token": "let_in"}
    assert press(page, "open") == ALL_IN


def test_an_access_token_that_expires_while_one_reads_is_renewed(page: Page) -> None:
    page.route("**/login", with_fields(access_ttl_s=1))
    press(page, "log-in")
    page.unroute("**/login")
    renewed = "the access token had expired. The page renewed it and asked again"
    for _ in range(100):  # until it has expired
        press(page, "open")
        if renewed in found(page):
            return
    raise AssertionError("no token was renewed")


def with_fields(**fields: Any) -> Any:
    def add(route: Route) -> None:
        route.continue_(post_data=json.dumps({**json.loads(route.request.post_data or "{}"), **fields}))

    return add


def assert_every_row_says_something(page: Page) -> None:
    for row in page.locator("[data-rows] tr").all():
        said = row.locator(".finding").inner_text()
        assert said
        assert not any(odd in said for odd in ("undefined", "{", "}"))


def assert_totals_add_up(page: Page) -> None:
    for approach in GUARDED:
        rows = [cost(one) for one in page.locator(f"[data-rows] td[data-approach={approach}]").all()]
        total = cost(page.locator(f"[data-total={approach}]"))
        for name in ("requests", "commands", "touches", "sentBytes", "receivedBytes"):
            assert total[name] == sum(row[name] for row in rows), name
        for part, us in total["us"].items():
            assert us == pytest.approx(sum(row["us"][part] for row in rows)), part
        assert total["requests"] >= len(rows) > len(FROM_LEFT_TO_RIGHT)


# -- what is counted is what came over the network


def test_what_is_shown_is_what_the_server_told(page: Page) -> None:
    press(page, "log-in")
    for approach in GUARDED:
        with page.expect_response(f"**/{approach}/profile") as caught:
            press(page, "open")
        told, shown = caught.value, cost(cell(page, approach))
        trace = json.loads(told.headers["x-lab-trace"])
        assert shown["commands"] == sum(step["part"] == "store" for step in trace)
        assert shown["us"]["verify"] == pytest.approx(timing_us(told, "verify"))
        assert shown["us"]["store"] == pytest.approx(timing_us(told, "store"))
        wire = wire_of(told)
        assert shown["receivedBytes"] == size(
            f"HTTP/1.1 {wire['response']['status']}", wire["response"]["headers"], told.body()
        )
        sent = wire["request"]
        headers = [[name, value] for name, value in sent["headers"] if name != "X-Lab-Door"]
        assert shown["sentBytes"] <= size(f"GET {sent['path']} HTTP/1.1", headers, b"")
        assert shown["sentBytes"] > len(next(v for n, v in headers if n in ("Cookie", "Authorization")).split("; ")[-1])


def timing_us(response: Response, part: str) -> float:
    parts = dict(one.strip().split(";dur=") for one in response.headers["server-timing"].split(","))
    return float(parts[part]) * 1000


def wire_of(response: Response) -> dict[str, Any]:
    text = response.headers["x-lab-wire"]
    told: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return told


def size(first: str, headers: list[list[str]], body: bytes) -> int:
    return len("\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", ""])) + len(body)


def test_the_display_s_cookies_do_not_count(page: Page) -> None:
    press(page, "log-in")
    press(page, "open")
    before = costs(page, "sentBytes")
    for name, value in (("sot_theme", "dark"), ("sot_language", "en"), ("sot_projector", "on")):
        page.context.add_cookies([{"name": name, "value": value, "url": page.url}])
    press(page, "open")
    assert costs(page, "sentBytes") == before
    assert before["token"] > before["session"]


def test_a_login_of_another_tab_is_not_taken_for_the_one_compared(page: Page) -> None:
    press(page, "log-in")
    page.evaluate(
        """async () => { for (const approach of ["memory", "session"]) await fetch(`/${approach}/login`, {
          method: "POST", headers: { "Content-Type": "application/json", "X-Lab-Door": "sticky" },
          body: JSON.stringify({ username: "bob", password: "builder" }),
        }); }"""
    )
    press(page, "open")
    assert "Memory and Session: another tab has changed this browser’s login" in found(page)
    press(page, "log-in")
    press(page, "open")
    assert "another tab" not in found(page)
    press(page, "log-out")
    press(page, "open")
    assert "another tab" not in found(page)


def test_a_read_is_repeated_and_a_password_s_hashing_stands_apart(page: Page) -> None:
    repeat = page.locator("[data-repeat]")
    expect(repeat).to_have_attribute("aria-disabled", "true")
    press(page, "log-in")
    assert all(us["hash"] > 0 for us in costs(page, "us").values())
    repeat.click()
    expect(page.locator("[data-repeated] .stack")).to_have_count(len(GUARDED))
    expect(page.locator("[data-controls]")).to_have_attribute("aria-busy", "false")
    for approach in GUARDED:
        row = page.locator(f"[data-repeated] li[data-approach={approach}]")
        us = json.loads(str(row.get_attribute("data-us")))
        assert 0 < us["low"] <= us["median"] <= us["high"]
        assert (row.locator("[data-part=store]").count() > 0) == (approach in ("session", "hybrid"))
    expect(page.locator("[data-hashing]")).to_contain_text("with every approach: as long as")


def test_a_cell_opens_to_its_messages_and_steps(page: Page) -> None:
    press(page, "log-in")
    press(page, "open")
    cell(page, "session").locator(".opener").click()
    detail = page.locator("tr.detail")
    expect(detail.locator(".trace")).to_contain_text("GETEX")
    expect(detail.locator("[data-side=request]")).to_contain_text("Cookie")
    expect(detail.locator("[data-side=response]")).to_contain_text("200 OK")
    newest(page).locator("td[data-approach=token] .opener").click()
    expect(detail).to_have_count(1)
    expect(detail.locator("[data-side=request]")).to_contain_text("Authorization: Bearer")
    newest(page).locator("td[data-approach=token] .opener").click()
    expect(detail).to_have_count(0)


# -- what is in the way


def test_what_needs_a_login_says_so_and_does_nothing(page: Page) -> None:
    expect(page.locator("[data-reasons]")).to_contain_text("need a login")
    for action in ("open", "replay", "end-other", "log-out"):
        expect(button(page, action)).to_have_attribute("aria-disabled", "true")
    button(page, "open").dispatch_event("click")
    press(page, "log-in")
    expect(page.locator("[data-rows] tr")).to_have_count(1)
    expect(page.locator("[data-reasons]")).to_contain_text("Send the old credential again")
    press(page, "log-out")
    expect(button(page, "replay")).to_have_attribute("aria-disabled", "false")
    expect(button(page, "renew")).to_have_attribute("aria-disabled", "true")


def test_the_empty_table_shows_what_will_come(page: Page) -> None:
    expect(page.locator("[data-to-come] tr")).to_have_count(4)
    expect(page.locator("[data-copied=session]")).to_contain_text("until log-out")
    expect(page.locator("[data-copied=token]")).to_contain_text("until it expires")


def test_a_new_start_logs_out_empties_the_table_and_takes_another_member(page: Page, lab: str) -> None:
    press(page, "log-in")
    expect(page.locator("[data-to-come]")).to_be_hidden()
    press(page, "role")
    who = page.locator("[data-username]").inner_text()
    page.locator("[data-reset]").click()
    expect(page.locator("[data-rows] tr")).to_have_count(0)
    expect(page.locator("[data-to-come]")).to_be_visible()
    expect(page.locator("[data-status]")).to_contain_text("Logged out")
    assert page.locator("[data-username]").inner_text() != who
    assert page.request.get(f"{lab}/session/whoami").json()["member"] is None
    login = page.request.post(f"{lab}/token/login", data={"username": who, "password": "load"})
    profile = page.request.get(
        f"{lab}/token/profile", headers={"Authorization": f"Bearer {login.json()['access_token']}"}
    )
    assert profile.json()["member"]["role"] == "user"
    assert all(cost(total)["requests"] == 0 for total in page.locator("[data-total]").all())


def test_the_page_works_from_the_keyboard(page: Page) -> None:
    button(page, "log-in").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-controls]")).to_have_attribute("aria-busy", "false")
    expect(button(page, "log-in")).to_be_focused()
    page.keyboard.press("Tab")
    expect(button(page, "open")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-rows] tr")).to_have_count(2)
    expect(page.locator("[data-controls]")).to_have_attribute("aria-busy", "false")
    cell(page, "hybrid").locator(".opener").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.detail .trace")).to_contain_text("checks")


# -- what is broken


def test_without_the_store_token_goes_on_and_it_is_no_refusal(page: Page, lab: str) -> None:
    press(page, "log-in")
    want_store(page, "stopped")
    try:
        assert press(page, "open") == {"memory": "let_in", "session": "broken", "token": "let_in", "hybrid": "broken"}
        expect(cell(page, "session")).to_contain_text("503")
        assert "Session and Hybrid: the server could not check the login" in found(page)
        assert press(page, "log-out") == {"memory": "done", "session": "broken", "token": "done", "hybrid": "broken"}
        assert press(page, "log-in")["token"] == "done"
    finally:
        want_store(page, "running")
    expect_store_back(page, lab)
    assert press(page, "log-in") == ALL_DONE
    assert press(page, "open") == ALL_IN


def expect_store_back(page: Page, lab: str) -> None:
    for _ in range(100):
        if page.request.get(f"{lab}/readyz").ok and page.request.get(f"{lab}/readyz").ok:  # both nodes
            return
        page.wait_for_timeout(200)
    raise AssertionError("the store did not come back")


def test_with_one_node_there_is_no_other_to_ask(page: Page, shared_lab: Lab) -> None:
    shared_lab.control("PUT", "/nodes/node-2", {"state": "stopped"})
    eventually(lambda: shared_lab.states()["node-2"] == "stopped", "the node's end")
    press(page, "log-in")
    assert press(page, "next-node") == ALL_IN
    assert "only node-1 answers" in found(page)
    press(page, "elsewhere")
    assert press(page, "end-other") == {**ALL_REFUSED, "token": "let_in"}


# -- how it looks


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_is_drawn_and_fits_its_screen(browser: Browser, lab: str, scene: Scene) -> None:
    with page_of(browser, lab, scene) as (page, folder):
        page.goto("/compare")
        page.screenshot(path=folder / "compare-empty.png")
        draw(page)
        page.screenshot(path=folder / "compare.png", full_page=True)
        assert overflow(page) <= 0


@pytest.mark.nightly
@pytest.mark.parametrize("projector", [False, True], ids=["plain", "projector"])
def test_the_page_fits_other_screens_too(browser: Browser, lab: str, projector: bool) -> None:
    with browser.new_context(base_url=lab) as context:
        page = context.new_page()
        if projector:
            context.add_cookies([{"name": "sot_projector", "value": "on", "url": lab}])
        page.goto("/compare")
        draw(page)
        for width in (360, 768, 1280, 1920, 3840):
            page.set_viewport_size({"width": width, "height": width * 9 // 16})
            page.screenshot(path=SCREENSHOTS / f"compare-{'projector-' if projector else ''}{width}.png")
            assert overflow(page) <= 0
            assert_no_cell_overflows(page)


def draw(page: Page) -> None:
    for action in ("log-in", "open", "next-node", "renew", "replay"):
        press(page, action)
    cell(page, "session").locator(".opener").click()


def assert_no_cell_overflows(page: Page) -> None:
    for box in page.locator(".cell").all():
        assert box.evaluate("cell => cell.scrollWidth - cell.clientWidth") <= 0
    foot = [total.bounding_box() for total in page.locator("[data-total]").all()]
    assert all(one is not None and other is not None and one != other for one, other in pairwise(foot))
