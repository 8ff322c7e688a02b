"""What stands beside a step of a walk: messages, the server's steps, and what both sides store."""

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.scenes import LOCALES, LOCALES_IN_TURN, SCREENS
from tests.browser.walks import changes, do, ending, faults, go_to, open_pane, quiet_page, text_of_all_panes
from tests.support.forge import claims_of

pytestmark = pytest.mark.browser

SVG_TAGS = {f"{{http://www.w3.org/2000/svg}}{name}" for name in ("svg", "g", "rect", "path", "circle", "text", "title")}


@pytest.fixture
def page(browser: Browser, lab: str) -> Iterator[Page]:
    with quiet_page(browser, lab) as page:
        yield page


def test_a_session_appears_moves_and_goes_on_the_server_side(page: Page) -> None:
    page.goto("/walkthrough/session")
    expect(page.locator("[data-server] > .nothing")).to_have_count(1)
    do(page)
    expect(changes(page, "server", "added").filter(has_text="member_id")).to_contain_text("alice")
    expect(changes(page, "clients", "added")).to_contain_text("HttpOnly")
    expect(page.locator("[data-server]")).to_contain_text("bytes")
    go_to(page, "session", "renew")
    expect(changes(page, "clients", "changed")).to_have_count(1)
    expect(changes(page, "server", "removed").first).to_be_visible()
    expect(changes(page, "server", "added").filter(has_text="member_id")).to_be_visible()
    go_to(page, "session", "replay")
    expect(page.locator("[data-server] > .nothing")).to_have_count(1)


def test_a_logout_of_a_token_is_written_down_and_the_token_lives_on(page: Page) -> None:
    go_to(page, "token", "logout")
    expect(changes(page, "server", "added").filter(has_text="revoked_at")).to_be_visible()
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).to_contain_text("let in as alice")


def comparison(page: Page, kind: str) -> Locator:
    return page.locator(f"[data-kind={kind}]")


def whole(page: Page, kind: str, line: str) -> str:
    """Return a line of a comparison in full: a long value is shortened until it is clicked."""
    shown = comparison(page, kind).locator(f"[data-line={line}]")
    if shown.locator(".secret[aria-expanded=false]").count():
        shown.locator(".secret").click()
    return shown.inner_text()


def test_the_refresh_token_that_came_leads_to_its_row_and_a_used_or_forged_one_does_not(page: Page) -> None:
    go_to(page, "fourteen-steps", "13")
    expect(comparison(page, "sent")).to_contain_text("same ✓")
    expect(comparison(page, "again")).to_contain_text("same value, but the token was used ✕")
    expect(comparison(page, "forged")).to_contain_text("no row has this value ✕")
    jti, row = whole(page, "sent", "jti"), whole(page, "sent", "row_valid")
    assert claims_of(whole(page, "sent", "jwt"))["jti"] == jti
    assert hashlib.sha256(jti.encode()).hexdigest() == whole(page, "sent", "hash") == row
    open_pane(page, "server")
    rows = page.locator("[data-server] h3 code .secret")
    for secret in rows.all():
        secret.click()
    assert [row, whole(page, "again", "row_valid")] == [text for text in rows.all_inner_texts() if len(text) == 64]
    assert whole(page, "again", "row_used") == row
    expect(comparison(page, "again").locator("[data-grace]")).to_be_visible()
    comparison(page, "forged").locator("[data-send-forged]").click()
    expect(page.locator("[data-forged-answer]")).to_contain_text("refresh_invalid")
    expect(page.locator("[data-forged-answer]")).to_contain_text("key found, signature and claims. Rows read: 0.")


def test_a_used_token_and_one_of_an_ended_login_differ_from_the_valid_row(page: Page) -> None:
    for step, line, why in (
        ("noticed", "row_used", "the token was used"),
        ("thief-too", "row_ended", "the login has ended"),
    ):
        go_to(page, "rotation-and-theft", step)
        expect(comparison(page, "sent")).to_contain_text(f"same value, but {why} ✕")
        expect(comparison(page, "sent").locator(f"[data-line={line}]")).to_be_visible()


def head_of(page: Page) -> str:
    """Return who the columns of the diagram are, and what each has."""
    return " ".join(page.locator("[data-diagram] :is(.actor, .holds)").all_text_contents()).replace("\u00a0", " ")


def test_after_a_log_out_the_diagram_says_whose_copy_is_let_in_and_that_no_record_is_live(page: Page) -> None:
    """The same event has the same sign and hue in the picture and in the text."""
    go_to(page, "token", "still-in")
    for said in ("access, refresh (kept)", "Thief access (a copy)", "ended records: 2"):
        assert said in head_of(page)
    expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
    expect(page.locator("[data-outcome] .bad")).to_contain_text("✓ 200: let in as alice")
    expect(page.locator("[data-diagram] .row.bad")).to_contain_text("✓ 200")
    expect(page.locator("[data-clients] .note").first).to_contain_text("kept on purpose")
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome] .wanted")).to_contain_text("✕ 401")
    expect(page.locator("[data-diagram] .row.wanted")).to_contain_text("✕ 401")


def test_the_first_key_of_a_session_is_told_apart_from_the_id_in_the_cookie(page: Page) -> None:
    go_to(page, "session", "login")
    expect(page.locator("[data-outcome]")).to_contain_text("SHA-256 of the session id")
    page.locator("[data-next]").click()
    do(page)
    expect(page.locator("[data-outcome]")).not_to_contain_text("SHA-256")
    open_pane(page, "inside")
    expect(page.locator("[data-key-note]")).to_be_visible()


def test_a_log_in_compares_the_hash_of_the_password_with_the_members_row(page: Page) -> None:
    go_to(page, "fourteen-steps", "2")
    expect(comparison(page, "row")).to_contain_text("$argon2id$")
    expect(comparison(page, "right")).to_contain_text("same ✓")
    expect(comparison(page, "wrong")).to_contain_text("different ✕")
    assert "wonderland" not in text_of_all_panes(page)
    page.locator("[data-next]").click()
    expect(page.locator("[data-pane=compared]")).to_be_hidden()


@pytest.mark.parametrize("language", LOCALES_IN_TURN)
def test_a_logout_of_hybrid_ends_both_tokens_and_its_entry_says_when_it_is_deleted(
    browser: Browser, lab: str, language: str
) -> None:
    with browser.new_context(base_url=lab, locale=LOCALES[language]) as context:
        page = context.new_page()
        go_to(page, "logout-of-both", "refresh-refused")
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "refused")
        denial = page.locator("[data-server] .holder").filter(has_text="held_against")
        expect(denial).to_contain_text({"en": "deleted in", "ko": "초 뒤 삭제"}[language])
        expect(comparison(page, "sent").locator("[data-line=row_ended]")).to_be_visible()
        expect(comparison(page, "again").locator("[data-grace]")).to_have_count(0)  # an ended login has no successor
        go_to(page, "logout-of-both", "token-still-in")
        expect(page.locator("[data-outcome]")).to_have_attribute("data-verdict", "let-in")
        expect(page.locator("[data-server]")).not_to_contain_text("held_against")


def test_the_refresh_token_lies_in_a_safe_place_of_its_own_from_step_five_on(page: Page) -> None:
    holders = page.locator("[data-clients] .holder")
    go_to(page, "fourteen-steps", "4")
    expect(holders).to_have_count(1)
    page.locator("[data-next]").click()
    do(page)
    expect(holders).to_have_count(2)
    expect(holders.first.locator("[data-change=same]")).to_contain_text("access_token")
    expect(holders.first.locator("[data-change=removed]")).to_contain_text("refresh_token")
    expect(holders.last.locator("[data-change=added]")).to_contain_text("refresh_token")
    expect(holders.last.locator("a")).to_have_attribute("href", "/storage")
    page.reload()
    expect(holders).to_have_count(2)


@pytest.mark.nightly
def test_a_new_refresh_token_takes_the_old_ones_safe_place(page: Page) -> None:
    go_to(page, "fourteen-steps", "12")
    safe = page.locator("[data-clients] .holder").last
    expect(safe.locator("[data-change=changed]")).to_contain_text("refresh_token")


def test_a_token_is_read_without_a_key(page: Page) -> None:
    go_to(page, "token", "read")
    expect(page.locator(".jwt-part.payload")).to_contain_text('"sub": "alice"')
    expect(page.locator(".jwt-part .telling")).to_contain_text('"role": "user"')
    page.goto("/walkthrough/token/read?stage")
    page.keyboard.press("w")
    expect(page.locator(".jwt-part").first).to_contain_text('"alg": "HS256"')
    expect(page.locator(".jwt-part").first).to_be_visible()


def test_a_secret_is_short_until_it_is_clicked(page: Page) -> None:
    go_to(page, "session", "look-up")
    open_pane(page, "wire")
    secret = page.locator("[data-wire] .telling .secret").first
    expect(secret).to_contain_text("…")
    secret.click()
    sid = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sot_sid")
    expect(secret).to_have_text(sid)


def test_a_role_that_was_taken_away_is_marked_where_the_server_keeps_it(page: Page) -> None:
    go_to(page, "role-change", "demote")
    expect(changes(page, "server", "changed").filter(has_text="role")).to_contain_text("admin → user")
    expect(changes(page, "server", "added").filter(has_text="held_against")).to_be_visible()


def test_what_the_server_did_adds_up(page: Page) -> None:
    """The trace's steps are Server-Timing's parts, to the microsecond that each is rounded to."""
    go_to(page, "session", "look-up")
    expect(page.locator("[data-inside] li.telling")).to_contain_text("GETEX")
    open_pane(page, "inside")
    figures = page.locator("[data-inside] .totals dd").all_inner_texts()
    *parts, total = (float(figure.replace(",", "")) for figure in figures)
    assert len(parts) == 4
    assert abs(sum(parts) - total) < 4
    stores = page.locator("[data-inside] li[data-part=store] .us").all_inner_texts()
    assert abs(sum(float(figure.replace(",", "")) for figure in stores) - parts[0]) < 2


# -- only the pane that changed is open, and nothing is cut off


def open_panes(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-pane][open]").evaluate_all("all => all.map((pane) => pane.dataset.pane)")
    return found


@pytest.mark.parametrize(
    ("slug", "step", "opens"),
    [
        ("session", "login", "server"),
        ("rotation-and-theft", "rotate", "compared"),
        *(
            pytest.param(*each, marks=pytest.mark.nightly)
            for each in (
                ("session", "look-up", "inside"),
                ("session", "copy", "clients"),
                ("session", "hijack", "wire"),
                ("token", "read", "wire"),
                ("fourteen-steps", "3", "inside"),
            )
        ),
    ],
)
def test_only_the_pane_that_a_step_has_changed_is_open(page: Page, slug: str, step: str, opens: str) -> None:
    page.goto(f"/walkthrough/{slug}/{step}")
    assert open_panes(page) == []
    do(page)
    expect(page.locator(f"[data-pane={opens}]")).to_have_attribute("open", "")
    assert open_panes(page) == [opens]
    closed = page.locator("[data-pane]:not([open]):visible")
    assert [text for text in closed.locator("[data-holds]").all_inner_texts() if not text.strip()] == []


def test_a_pane_counts_its_changes_in_its_head_and_stays_as_the_reader_leaves_it(page: Page) -> None:
    page.goto("/walkthrough/session")
    do(page)
    expect(page.locator("[data-pane=server] [data-changes]")).to_have_text(re.compile(r"\+\d"))
    expect(page.locator("[data-pane=clients] [data-changes]")).to_have_text("+1")
    open_pane(page, "wire")
    page.set_viewport_size({"width": 1200, "height": 700})  # what is drawn anew leaves the panes
    assert open_panes(page) == ["wire", "server"]
    page.locator("[data-next]").click()
    expect(page).to_have_url(ending("/look-up"))
    assert open_panes(page) == []


def test_a_long_answer_is_short_until_it_is_asked_for(page: Page) -> None:
    """The administrator's page lists a hundred members."""
    go_to(page, "role-change", "session-in")
    open_pane(page, "wire")
    body = page.locator("[data-side=response]")
    short = body.locator(".wire-line").count()
    assert short < 30
    body.get_by_role("button", name="Show all of it (").click()
    assert body.locator(".wire-line").count() > 100
    assert faults(page) == []


def test_on_a_phone_too_the_next_thing_to_press_is_in_sight_and_nothing_is_cut_off(browser: Browser, lab: str) -> None:
    width, height = SCREENS["phone"]
    with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.goto("/walkthrough/session")
        for _ in range(3):
            expect(page.locator("[data-primary]")).to_have_attribute("data-do", "")
            expect(page.locator("[data-primary]")).to_be_in_viewport(ratio=1)
            do(page)
            assert faults(page) == []
            expect(page.locator("[data-primary]")).to_have_attribute("data-next", "")
            page.locator("[data-primary]").click()


def test_on_a_phone_a_step_that_plays_is_shown_from_its_heading_on(browser: Browser, lab: str) -> None:
    width, height = SCREENS["phone"]
    with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.goto("/walkthrough/client-reads-exp/read")
        do(page)
        page.locator("[data-next]").click()
        do(page)
        expect(page.locator("[data-title]")).to_be_in_viewport()
        page.locator("[data-play]").click()  # it is at the foot of the page
        expect(page.locator("[data-title]")).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_list_of_walks_opens_in_sight(browser: Browser, lab: str) -> None:
    width, height = SCREENS["phone"]
    with browser.new_context(base_url=lab, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.goto("/walkthrough/session")
        page.locator(".picker summary").click()
        expect(page.locator(".picker nav li").last).to_be_in_viewport(ratio=1)


# -- pictures for slides


def saved(page: Page, kind: str) -> bytes:
    with page.expect_download() as caught:
        page.locator(f"[data-save={kind}]").click()
    assert caught.value.suggested_filename == f"session-hijack.{kind}"
    return Path(caught.value.path()).read_bytes()


def test_the_diagram_is_saved_with_its_caption_and_its_figures(page: Page) -> None:
    go_to(page, "session", "hijack")
    picture = saved(page, "svg").decode()
    assert all(tag in SVG_TAGS for tag in {each.tag for each in ElementTree.fromstring(picture).iter()})
    for text in (
        "What can a thief do with a copied session id?",
        "7. Use the copy",
        "200: let in as alice",
        "µs",
        "GETEX",
    ):
        assert text in picture
    assert "class=" not in picture  # it stands alone
    png = saved(page, "png")
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert width > 1000
    assert height > 500
