"""A name has one spelling, and so has a password, however a keyboard, a Mac or an input method has written it.

SECURITY 32.
"""

import unicodedata
from urllib.parse import urlencode

import pytest
from argon2 import extract_parameters
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from service.accounts import passwords
from service.accounts.attempts import FAILURES_PER_MINUTE
from service.accounts.members import members
from service.accounts.names import BadName, as_compared, new_name, possible_spellings
from service.accounts.passwords import hash_password
from tests.conftest import MakeApp
from tests.service.test_login_attempts import CountingHasher, assert_limited, attempt
from tests.support.session_probe import members_of
from tests.support.visitor import APPROACHES, GUARDED, PASSWORDS, Visitor, add_member

HONG = "홍길동"
PASSWORD = "아주 긴 비밀번호를 하나 골랐습니다"


def decomposed(text: str) -> str:
    assert unicodedata.normalize("NFD", text) != text
    return unicodedata.normalize("NFD", text)


SPELLINGS = {
    "decomposed": (decomposed(HONG), HONG),
    "full-width": ("ａｌｉｃｅ", "alice"),
    "half-width": ("ｶﾞﾗ", "ガラ"),
    "half-width Hangul": ("ﾡ", None),
    "accents apart": ("Jose\u0301", "José"),
    "the kelvin sign": ("\u212aim", "Kim"),
    "an ideographic space": ("홍　길동", "홍 길동"),
    "two words": ("Kim Minsu", "Kim Minsu"),
    "an address": ("kim@lab.example", "kim@lab.example"),
    "case is kept": ("Alice", "Alice"),
    "right to left": ("שלום", "שלום"),
    "a new line": ("ali\nce", None),
    "a tab": ("ali\tce", None),
    "a NUL": ("ali\0ce", None),
    "half a character": ("ali\ud800ce", None),
    "a space before": (" alice", None),
    "a space after": ("alice ", None),
    "an ideographic space after": ("alice　", None),
    "two spaces": ("Kim  Minsu", None),
    "a space that does not break": ("Kim\u00a0Minsu", None),
    "a direction turned round": ("\u202ealice", None),
    "a direction marked": ("alice\u200f", None),
    "two directions in a word": ("שalice", None),
    "a joiner that nobody sees": ("ali\u200dce", None),
    "a filler that nobody sees": ("\u3164", None),
    "a mark of byte order": ("\ufeffalice", None),
    "an emoji": ("alice😀", None),
    "nothing": ("", None),
    "a space alone": (" ", None),
    "long": ("x" * 65, None),
    "as long as it may be, decomposed": (decomposed(64 * "각"), 64 * "각"),
    "longer than it may be": (65 * "각", None),
}


@pytest.mark.parametrize(("typed", "kept"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_new_name_is_kept_in_one_spelling_or_refused(typed: str, kept: str | None) -> None:
    """RFC 8265 §3.4 and §3.5."""
    if kept is None:
        with pytest.raises(BadName):
            new_name(typed)
        assert possible_spellings(typed)[0] == typed
    else:
        assert new_name(typed) == as_compared(typed) == kept
        assert kept in possible_spellings(typed)


@given(typed=st.text(max_size=40))
def test_whatever_is_typed_the_one_spelling_is_its_own(typed: str) -> None:
    assert as_compared(as_compared(typed)) == as_compared(typed)
    assert 1 <= len(possible_spellings(typed)) <= 3


def a_member_of_old(app: Flask, username: str, password: str = "a password of old") -> None:
    """Add a member as they were added before names had one spelling."""
    assert members_of(app).add_missing([username], passwords.HASHER.hash(password)) == 1


@pytest.mark.parametrize("approach", GUARDED)
@pytest.mark.parametrize(("typed", "name"), [(decomposed(HONG), HONG), ("ｈｏｎｇ", "hong")], ids=["NFD", "width"])
def test_a_member_logs_in_by_every_spelling_and_is_one_member(app: Flask, approach: str, typed: str, name: str) -> None:
    add_member(app, name, PASSWORD)
    hong = Visitor(app, approach).login(typed, PASSWORD)
    assert hong.who() == name
    hong.post("notes", json={"text": "mine"})
    again = Visitor(app, approach).login(name, PASSWORD)
    assert [note["text"] for note in again.get("notes").get_json()["notes"]] == ["mine"]
    assert len(again.get("logins").get_json()["logins"]) == 2


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_form_takes_every_spelling_too(app: Flask, approach: str) -> None:
    form = urlencode({"username": "ａｌｉｃｅ", "password": PASSWORDS["alice"]})
    sent = app.test_client().post(f"/{approach}/login", data=form, content_type="application/x-www-form-urlencoded")
    assert sent.status_code == 200


@pytest.mark.parametrize("first", [HONG, decomposed(HONG)], ids=["NFC", "NFD"])
@pytest.mark.parametrize("second", [HONG, decomposed(HONG)], ids=["NFC", "NFD"])
def test_two_spellings_cannot_be_two_members(app: Flask, first: str, second: str) -> None:
    add_member(app, first, PASSWORD)
    add = app.test_cli_runner().invoke(args=["members", "add", second], input=f"{PASSWORD}\n")
    assert (add.exit_code, add.stderr) == (1, f"Error: there is a member named {HONG} already\n")
    with app.extensions["database"].reading() as connection:
        name = members.c.username
        added = connection.scalars(select(name).where(name.not_in([*PASSWORDS, "guest"])))
        assert [name for name in added if not name.startswith("load-")] == [HONG]


def test_no_member_is_added_who_looks_like_one_of_old(app: Flask) -> None:
    a_member_of_old(app, decomposed(HONG))
    add = app.test_cli_runner().invoke(args=["members", "add", HONG], input=f"{PASSWORD}\n")
    assert "already" in add.stderr


@pytest.mark.parametrize("approach", GUARDED)
def test_members_of_old_who_look_alike_log_in_by_their_exact_spelling(app: Flask, approach: str) -> None:
    for name in (HONG, decomposed(HONG), "ａｌｉｃｅ"):
        a_member_of_old(app, name, f"{name!a} of old")
    for name in (HONG, decomposed(HONG), "ａｌｉｃｅ"):
        assert Visitor(app, approach).login(name, f"{name!a} of old").who() == name
    assert Visitor(app, approach).login("alice").who() == "alice"
    assert Visitor(app, approach).try_login("ａｌｉｃｅ", PASSWORDS["alice"]).status_code == 401


@pytest.mark.parametrize("name", ["😀", " alice", "a  b", "שalice", decomposed(HONG)])
def test_a_member_of_old_whose_name_is_refused_today_goes_on(app: Flask, name: str) -> None:
    a_member_of_old(app, name)
    assert Visitor(app, "token").login(name, "a password of old").who() == name
    for command in (["set-role", name, "admin"], ["disable", name]):
        assert app.test_cli_runner().invoke(args=["members", *command]).exit_code == 0
    assert Visitor(app, "token").try_login(name, "a password of old").status_code == 401


def test_a_member_of_old_with_a_decomposed_name_is_found_by_the_one_that_others_type(app: Flask) -> None:
    a_member_of_old(app, decomposed(HONG))
    assert Visitor(app, "session").login(HONG, "a password of old").who() == decomposed(HONG)


@pytest.mark.parametrize("typed", [decomposed(HONG), HONG])
def test_commands_find_a_member_by_every_spelling(app: Flask, typed: str) -> None:
    """And what they change is felt by the live logins, which are kept by the member's own name."""
    add_member(app, HONG, PASSWORD)
    hong = Visitor(app, "session").login(HONG, PASSWORD)
    run = app.test_cli_runner()
    assert run.invoke(args=["members", "set-role", typed, "admin"]).exit_code == 0
    assert hong.get("admin").status_code == 200
    assert run.invoke(args=["members", "set-password", typed], input="another long password\n").exit_code == 0
    assert hong.who() is None
    assert Visitor(app, "session").login(HONG, "another long password").who() == HONG
    assert run.invoke(args=["members", "disable", typed]).exit_code == 0
    assert Visitor(app, "session").try_login(HONG, "another long password").status_code == 401


def test_all_spellings_of_a_name_are_counted_as_one(app: Flask) -> None:
    """SECURITY 18: or each of them would have ten guesses more."""
    spellings = ["alice", "ａｌｉｃｅ", "ａlice", "aｌice", "alｉce"]
    for number in range(FAILURES_PER_MINUTE):
        typed = spellings[number % len(spellings)]
        assert attempt(app, typed, address=f"192.0.2.{number}").status_code == 401
    for number, typed in enumerate(spellings):
        assert_limited(attempt(app, typed, PASSWORDS["alice"], address=f"198.51.100.{number}"))


@pytest.mark.parametrize("username", ["ａｌｉｃｅ", "ｌｏａｄ-0001", "load-０００１", "ｇｕｅｓｔ"])
def test_outside_a_lab_no_other_spelling_opens_what_the_lab_says_aloud(make_app: MakeApp, username: str) -> None:
    """SECURITY 18."""
    password = PASSWORDS.get(as_compared(username), "load")
    assert Visitor(make_app(lab=False), "session").try_login(username, password).status_code == 401


def test_a_field_is_as_long_as_it_is_composed(app: Flask) -> None:
    """SECURITY 21: a Mac's 64 syllables are 192 letters."""
    add_member(app, 64 * "각", 256 * "힣")
    hong = Visitor(app, "token").login(decomposed(64 * "각"), decomposed(256 * "힣"))
    assert hong.who() == 64 * "각"
    for field, value, most in (("username", 65 * "각", 64), ("password", 257 * "각", 256)):
        body = {"username": "x", "password": "x", field: decomposed(value)}
        refused = app.test_client().post("/token/login", json=body)
        detail = refused.get_json()["detail"]
        assert (refused.status_code, detail) == (400, f"{field} must have at most {most} characters.")


@pytest.mark.parametrize("chosen", [PASSWORD, decomposed(PASSWORD)], ids=["NFC", "NFD"])
@pytest.mark.parametrize("typed", [PASSWORD, decomposed(PASSWORD), PASSWORD.replace(" ", "\u3000")])
def test_a_password_opens_in_every_spelling(app: Flask, chosen: str, typed: str) -> None:
    """RFC 8265 §4.2."""
    add_member(app, HONG, chosen)
    assert Visitor(app, "token").login(HONG, typed).who() == HONG


@pytest.mark.parametrize("chosen", ["wonderland\u3000", decomposed("비밀"), "tab\tand\nline", "ｆｕｌｌ"])
def test_a_hash_of_a_password_as_it_was_sent_still_opens(app: Flask, chosen: str) -> None:
    a_member_of_old(app, "dora", chosen)
    assert Visitor(app, "token").login("dora", chosen).who() == "dora"


@pytest.mark.parametrize("typed", ["full", "비밀", "Ｆｕｌｌ", "\u00e9"])
def test_passwords_that_look_different_are_different(typed: str) -> None:
    """Width and case are kept: a password is not a name."""
    assert not passwords.matches(hash_password("ｆｕｌｌ"), typed)


@pytest.mark.parametrize("typed", ["plain", decomposed("비밀"), "\u3000", "a\tb"])
def test_how_often_a_password_is_hashed_depends_on_nothing_but_itself(
    app: Flask, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """SECURITY 18: a second look that only members had would tell who is one."""
    disabled = app.test_cli_runner().invoke(args=["members", "disable", "bob"])
    assert disabled.exit_code == 0
    hasher = CountingHasher(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    seen = []
    for username in ("alice", "bob", "nobody", "ａｌｉｃｅ", "😀"):
        hasher.hashes.clear()
        assert attempt(app, username, typed).status_code == 401
        seen.append([extract_parameters(password_hash) for password_hash in hasher.hashes])
    assert all(checks == seen[0] for checks in seen)
    assert len(seen[0]) == len({typed, passwords.as_hashed(typed)})
