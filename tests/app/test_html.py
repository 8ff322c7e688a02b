"""What a browser gets: pages in both languages, forms that need no script, and errors that a person can read."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Clock, MakeApp
from tests.support.visitor import APPROACHES, BY_SESSION, BY_TOKEN, GUARDED, PASSWORDS

pytestmark = pytest.mark.any_store

each = pytest.mark.parametrize("approach", APPROACHES)
each_guarded = pytest.mark.parametrize("approach", GUARDED)
in_each_language = pytest.mark.parametrize("language", ["en", "ko"])

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ("login", "profile", "notes", "admin", "logins")
TITLES = {
    "login": {"en": "Who are you?", "ko": "로그인"},
    "profile": {"en": "Who sent this request?", "ko": "이 요청은 누가 보냈습니까?"},
    "notes": {"en": "What notes do you have?", "ko": "무엇을 적어 두었습니까?"},
    "admin": {"en": "Who are the members?", "ko": "회원은 누구입니까?"},
    "logins": {"en": "Where am I logged in?", "ko": "어디에 로그인되어 있습니까?"},
}
STORE_DOWN = "redis://127.0.0.1:1/0"


class Reader:
    """A browser without JavaScript: it follows links and sends forms."""

    def __init__(self, app: Flask, language: str = "en") -> None:
        self.client: FlaskClient = app.test_client()
        self._headers = {**BROWSER, "Accept-Language": language}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self._headers)

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, data=fields, headers={**self._headers, "Sec-Fetch-Site": "same-origin"})

    def login(self, approach: str, username: str = "alice") -> "Reader":
        response = self.post(f"/{approach}/login", username=username, password=PASSWORDS[username])
        assert (response.status_code, response.location) == (303, f"/{approach}/profile")
        return self


@pytest.fixture
def reader(app: Flask) -> Reader:
    return Reader(app)


def title_of(response: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", response.text, re.DOTALL)
    assert found is not None, response.text
    return found[1]


def end_buttons(reader: Reader, approach: str) -> list[str]:
    """Return where the buttons of my logins lead, one a login."""
    return re.findall(rf'action="(/{approach}/logins/[^/"]+/end)"', reader.get(f"/{approach}/logins").text)


# -- pages


@in_each_language
def test_the_home_page_leads_to_every_approach_and_names_the_demo_members(app: Flask, language: str) -> None:
    home = Reader(app, language).get("/")
    assert home.status_code == 200
    assert f'<html lang="{language}">' in home.text
    assert all(f'href="/{approach}/login"' in home.text for approach in APPROACHES)
    assert all(password in home.text for password in PASSWORDS.values())


def test_outside_a_lab_there_are_two_approaches_and_no_passwords(make_app: MakeApp) -> None:
    outside = Reader(make_app(lab=False))
    for path in ("/", "/session/login", "/token/login", "/nowhere", "/hybrid/login"):
        shown = outside.get(path).text
        assert not any(f'href="/{approach}/' in shown for approach in ("open", "memory", "hybrid"))
        assert "wonderland" not in shown
        assert 'name="access_ttl_s"' not in shown


@each
@in_each_language
@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks_its_question_in_both_languages(app: Flask, approach: str, language: str, page: str) -> None:
    shown = Reader(app, language).login(approach, "carol").get(f"/{approach}/{page}")
    if (approach, page) == ("open", "admin"):  # the guest is nobody's administrator
        assert shown.status_code == 403
        return
    assert shown.status_code == 200
    assert title_of(shown) == TITLES[page][language]
    assert f'<html lang="{language}">' in shown.text
    assert f'<body data-approach="{approach}">' in shown.text


@each_guarded
def test_the_header_says_who_you_are_and_which_node_answered(reader: Reader, approach: str) -> None:
    shown = reader.login(approach).get(f"/{approach}/notes").text
    assert "<strong>alice</strong>" in shown
    assert "<code data-node>node-1</code>" in shown
    assert re.search(rf'data-approach="{approach}" aria-current="true"', shown)


@each
def test_every_control_has_a_label_and_every_id_is_there_once(reader: Reader, approach: str) -> None:
    reader.login(approach, "bob")
    for page in PAGES:
        shown = reader.get(f"/{approach}/{page}").text
        ids = re.findall(r'\bid="([^"]+)"', shown)
        assert len(ids) == len(set(ids))
        visible = [tag for tag in re.findall(r"<(?:input|textarea)[^>]*>", shown) if 'type="hidden"' not in tag]
        for control in visible:
            named = re.search(r'\bid="([^"]+)"', control)
            assert named is not None
            assert f'<label for="{named[1]}">' in shown


@each
def test_no_page_needs_what_the_content_security_policy_forbids(reader: Reader, approach: str) -> None:
    pages = ["/", "/nowhere", f"/{approach}/profile"]
    shown = [reader.get(path).text for path in pages]
    reader.login(approach, "carol")
    shown += [reader.get(f"/{approach}/{page}").text for page in PAGES]
    for html in shown:
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r'<script(?![^>]* src=)(?! type="application/json")', html)  # data is not run
        assert not re.search(r"""(?:href|src|action)=["'](?!/(?!/)|#)""", html)


@pytest.mark.parametrize(
    "file", ["css/tokens.css", "css/base.css", "css/parts.css", "img/mark.svg", "js/pages/cost.js"]
)
def test_every_file_that_pages_name_is_there(reader: Reader, file: str) -> None:
    assert reader.get(f"/static/{file}").status_code == 200


# -- forms


@each
def test_a_note_is_sent_by_form_and_shown_as_text_never_as_markup(reader: Reader, approach: str) -> None:
    reader.login(approach)
    sent = reader.post(f"/{approach}/notes", text="<script>alert('note')</script>")
    assert (sent.status_code, sent.location) == (303, f"/{approach}/notes")
    shown = reader.get(f"/{approach}/notes").text
    assert "&lt;script&gt;alert(&#39;note&#39;)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown


@each
def test_a_log_out_by_form_leads_to_the_door(reader: Reader, approach: str) -> None:
    left = reader.login(approach).post(f"/{approach}/logout")
    assert (left.status_code, left.location) == (303, f"/{approach}/login")
    assert reader.get(f"/{approach}/profile").status_code == (200 if approach == "open" else 401)


@each_guarded
def test_one_login_is_ended_by_its_button(app: Flask, clock: Clock, reader: Reader, approach: str) -> None:
    Reader(app).login(approach)
    clock.advance(1)
    newest, oldest = end_buttons(reader.login(approach), approach)
    ended = reader.post(oldest)
    assert (ended.status_code, ended.location) == (303, f"/{approach}/logins")
    assert end_buttons(reader, approach) == [newest]


@each_guarded
def test_all_logins_are_ended_by_one_button(reader: Reader, approach: str) -> None:
    reader.login(approach)
    assert f'action="/{approach}/logins/end"' in reader.get(f"/{approach}/logins").text
    ended = reader.post(f"/{approach}/logins/end")
    assert (ended.status_code, ended.location) == (303, f"/{approach}/login")
    assert reader.get(f"/{approach}/profile").status_code == 401


@pytest.mark.parametrize("approach", BY_SESSION)
def test_the_session_id_is_renewed_by_a_button(reader: Reader, approach: str) -> None:
    reader.login(approach)
    assert f'action="/{approach}/renew"' in reader.get(f"/{approach}/logins").text
    renewed = reader.post(f"/{approach}/renew")
    assert (renewed.status_code, renewed.location) == (303, f"/{approach}/logins")
    assert reader.get(f"/{approach}/profile").status_code == 200


@pytest.mark.parametrize("approach", BY_TOKEN)
def test_the_tokens_are_refreshed_by_a_button(reader: Reader, approach: str) -> None:
    reader.login(approach)
    assert f'action="/{approach}/refresh"' in reader.get(f"/{approach}/logins").text
    refreshed = reader.post(f"/{approach}/refresh")
    assert (refreshed.status_code, refreshed.location) == (303, f"/{approach}/profile")
    assert reader.get(f"/{approach}/profile").status_code == 200


# -- errors


@each_guarded
@in_each_language
def test_a_shut_door_leads_to_the_log_in(app: Flask, approach: str, language: str) -> None:
    shut = Reader(app, language).get(f"/{approach}/profile")
    assert shut.status_code == 401
    assert title_of(shut) == {"en": "Not logged in", "ko": "로그인되어 있지 않습니다"}[language]
    assert f'href="/{approach}/login"' in shut.text


@each
def test_a_wrong_password_may_be_tried_again_in_place(reader: Reader, approach: str) -> None:
    refused = reader.post(f"/{approach}/login", username='al"ice', password="not it")
    assert refused.status_code == 401
    assert f'action="/{approach}/login"' in refused.text
    assert 'value="al&#34;ice"' in refused.text
    assert "not it" not in refused.text


@each_guarded
def test_too_low_a_role_is_told_so_and_is_still_logged_in(reader: Reader, approach: str) -> None:
    refused = reader.login(approach).get(f"/{approach}/admin")
    assert refused.status_code == 403
    assert "<strong>alice</strong>" in refused.text


@in_each_language
@pytest.mark.parametrize("path", ["/nowhere", "/session/nowhere", "/token/nowhere"])
def test_an_address_without_a_page_is_told_so(app: Flask, path: str, language: str) -> None:
    missing = Reader(app, language).get(path)
    assert missing.status_code == 404
    assert title_of(missing) == {"en": "There is nothing here", "ko": "여기에는 아무것도 없습니다"}[language]


@in_each_language
def test_a_store_that_is_down_takes_nothing_away(make_app: MakeApp, language: str) -> None:
    app = make_app(redis_url=STORE_DOWN)
    visitor = Reader(app, language)
    visitor.client.set_cookie("sot_sid", "A" * 43, path="/session")
    broken = visitor.get("/session/profile")
    assert (broken.status_code, broken.headers["Retry-After"]) == (503, "1")
    assert {"en": "Nothing is lost", "ko": "사라진 것은 없으며"}[language] in broken.text
    assert 'href="/session/profile"' in broken.text
    assert 'href="/session/login"' not in broken.text  # nobody knows that you are not logged in
    assert "Traceback" not in broken.text


@pytest.mark.parametrize("path", ["/", "/nowhere", "/session/login", "/hybrid/login", "/token/login"])
def test_public_pages_never_ask_the_store(make_app: MakeApp, path: str) -> None:
    assert Reader(make_app(redis_url=STORE_DOWN)).get(path).status_code == (404 if path == "/nowhere" else 200)


def test_a_fault_of_ours_is_admitted_without_a_stack_trace(app: Flask) -> None:
    app.add_url_rule("/fault", view_func=lambda: 1 / 0)
    broken = Reader(app).get("/fault")
    assert broken.status_code == 500
    assert title_of(broken) == "Something went wrong"
    assert "Traceback" not in broken.text
    assert "ZeroDivisionError" not in broken.text


@in_each_language
def test_the_answer_to_a_bad_form_is_in_the_readers_language(app: Flask, language: str) -> None:
    refused = Reader(app, language).post("/session/login", username="alice")
    assert refused.status_code == 400
    assert {"en": "password is missing.", "ko": "password 값이 없습니다."}[language] in refused.text


def test_a_form_too_large_to_read_still_gets_a_page(reader: Reader) -> None:
    refused = reader.post("/session/login", username="alice", password="x" * 100_000)
    assert refused.status_code == 413
    assert title_of(refused) == "The request is too large"


# -- language


def test_the_chosen_language_outweighs_the_browsers(reader: Reader) -> None:
    chosen = reader.post("/language", language="ko", next="/session/login?from=here")
    assert (chosen.status_code, chosen.location) == (303, "/session/login?from=here")
    assert '<html lang="ko">' in reader.get("/session/login").text


@pytest.mark.parametrize(
    "outside",
    [
        "https://elsewhere.invalid/",
        "//elsewhere.invalid",
        "/\\elsewhere.invalid",
        "/\t/elsewhere.invalid",
        "",
        "mailto:x",
    ],
)
def test_a_change_of_language_does_not_lead_out_of_the_lab(reader: Reader, outside: str) -> None:
    assert reader.post("/language", language="ko", next=outside).location == "/"


def test_an_address_is_shown_as_text_never_as_markup(reader: Reader) -> None:
    assert '"><script>' not in reader.get("/%22%3E%3Cscript%3E").text


def test_an_address_that_a_browser_reads_as_another_site_is_not_gone_back_to(reader: Reader) -> None:
    asked = re.search(r'name="next" value="([^"]*)"', reader.get("/%5Celsewhere.invalid").text)
    assert asked is not None
    assert reader.post("/language", language="en", next=asked[1]).location == "/"


def test_the_answer_to_a_post_leads_back_to_an_address_that_a_get_reaches(reader: Reader) -> None:
    refused = reader.post("/session/login", username="alice", password="not it").text
    assert 'name="next" value="/session/login"' in refused
    assert 'name="next" value="/"' in reader.post("/nowhere").text


def test_an_unknown_language_is_refused(reader: Reader) -> None:
    assert reader.post("/language", language="xx").status_code == 400
