"""The page on where a login is kept: its other site is there on loopback alone, and no other page's policy loosens."""

import json
import re
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from lab.pages.storage.routes import COOKIES
from lab.pages.storage.sealed import seal, unseal
from service.config import Config
from service.web.headers import content_security_policy
from tests.conftest import Clock, MakeApp
from tests.support.problems import assert_problem
from tests.support.visitor import Visitor

SCRIPTS = Path(__file__).parents[2] / "static" / "js" / "storage"
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SITES = {
    "127.0.0.1:8000": "http://localhost:8000",
    "localhost:8000": "http://127.0.0.1:8000",
    "localhost": "http://127.0.0.1",
}
STRANGERS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.:8000",
    "127.0.0.1:8000x",
    "127.1",
)
HTML = {"Accept": "text/html"}
BACKEND, READABLE = "backend", "storage/readable"
PROFILES = (f"/{BACKEND}/profile", f"/{READABLE}/profile")


@pytest.mark.parametrize("host", SITES)
def test_the_other_site_may_send_to_the_labs_first_name_and_nowhere_else(app: Flask, host: str) -> None:
    answer = app.test_client().get("/storage/elsewhere", headers={"Host": host})
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    strict = dict(part.split(" ", 1) for part in STRICT.split("; "))
    site = SITES[host]
    assert policy == {**strict, "connect-src": site, "form-action": site, "img-src": f"'self' {site}"}
    assert len(answer.headers.getlist("Content-Security-Policy")) == 1
    assert set(re.findall(r"http://[\w.:]+\w", answer.text)) == {site}


def test_by_an_address_there_is_no_other_site(app: Flask) -> None:
    client, headers = app.test_client(), {"Host": "192.168.0.7:8000"}
    missing = client.get("/storage/elsewhere", headers=headers)
    assert (missing.status_code, missing.headers["Content-Security-Policy"]) == (404, STRICT)
    assert 'id="no-other-site"' in client.get("/storage", headers={**headers, **HTML}).text


@pytest.mark.parametrize("host", STRANGERS)
@pytest.mark.parametrize("path", ["/storage", "/storage/elsewhere"])
def test_under_any_other_name_there_is_nothing(app: Flask, path: str, host: str) -> None:
    refused = app.test_client().get(path, headers={"Host": host})
    assert refused.status_code in (400, 403)  # some of these are no host at all
    assert refused.headers["Content-Security-Policy"] == STRICT


def test_behind_a_public_origin_there_is_no_other_site(make_app: MakeApp) -> None:
    client = make_app(public_origin="https://lab.example").test_client()
    assert client.get("/storage/elsewhere", headers={"Host": "localhost"}).status_code == 404
    assert 'id="no-other-site"' in client.get("/storage", headers={"Host": "localhost"}).text


@pytest.mark.parametrize(
    "path", ["/storage", "/storage/elsewhere", *(f"{prefix}/witness" for prefix in COOKIES), *PROFILES]
)
def test_outside_a_lab_there_is_nothing_of_it(make_app: MakeApp, path: str) -> None:
    assert make_app(lab=False).test_client().get(path).status_code == 404


def test_a_lab_leads_to_the_page(app: Flask) -> None:
    assert 'href="/storage"' in app.test_client().get("/", headers=HTML).text


def test_no_other_page_has_a_looser_policy(app: Flask) -> None:
    """SECURITY 19: every page that can be asked for without a name in its path."""
    assert content_security_policy() == STRICT
    paths = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments}
    assert "/storage/elsewhere" in paths
    assert len(paths) > 20
    client = app.test_client()
    for path in (*sorted(paths - {"/storage/elsewhere"}), "/token/witness", "/nowhere", "/static/css/base.css"):
        assert client.get(path, headers=HTML).headers.getlist("Content-Security-Policy") == [STRICT], path


@pytest.mark.parametrize("step", ["-1", "9", "x", "1e3"])
def test_a_step_that_is_none_is_a_mistake(app: Flask, step: str) -> None:
    assert app.test_client().get(f"/storage/elsewhere?step={step}").status_code == 400
    assert app.test_client().get(f"/token/witness?step={step}").status_code == 400


def test_the_other_site_speaks_the_language_of_the_page_that_led_there(app: Flask) -> None:
    client = app.test_client()
    assert '<html lang="ko">' in client.get("/storage/elsewhere?language=ko").text
    assert '<html lang="en">' in client.get("/storage/elsewhere?language=%22%3E").text


@pytest.mark.parametrize(("approach", "names"), [("token", ["access", "refresh"]), ("session", ["sid"])])
def test_the_witness_names_what_came_and_shows_no_value(app: Flask, approach: str, names: list[str]) -> None:
    alice = Visitor(app, approach).login("alice", **({"transport": "cookie"} if approach == "token" else {}))
    answer = alice.get("witness")
    assert answer.get_json()["arrived"]["cookies"] == [f"sot_{name}" for name in names]
    assert not [name for name in names if (alice.cookie(name) or "?") in answer.text]
    bare = app.test_client().get(f"/{approach}/witness", headers={"Authorization": "Bearer x"}).get_json()["arrived"]
    assert (bare["cookies"], bare["authorization"]) == ([], True)


@pytest.mark.parametrize(("site", "refused"), [("same-origin", False), ("cross-site", True), ("same-site", True)])
def test_the_witness_asks_the_very_check_that_stands_before_the_pages(app: Flask, site: str, refused: bool) -> None:
    client = app.test_client()
    assert client.post("/token/witness", headers={"Sec-Fetch-Site": site}).get_json()["arrived"]["refused"] is refused
    assert client.get("/token/witness", headers={"Sec-Fetch-Site": site}).get_json()["arrived"]["refused"] is False


def test_another_site_is_told_nothing_of_it(app: Flask) -> None:
    """No header lets a page of another site read the witness's answer, or show it in a frame."""
    headers = app.test_client().get("/token/witness", headers={"Origin": "http://127.0.0.1"}).headers
    assert not [name for name, _ in headers if name.lower().startswith("access-control-")]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_injected_script_has_nothing_that_other_scripts_have_not() -> None:
    injected = (SCRIPTS / "injected.js").read_text()
    assert not re.search(r"^import|import\(", injected, re.MULTILINE)
    assert injected.startswith("// UNSAFE TO COPY")
    assert (SCRIPTS / "elsewhere.js").read_text().startswith("// UNSAFE TO COPY")


def test_what_the_scripts_send_goes_to_the_lab(app: Flask) -> None:
    """No address of another machine stands in any of them."""
    assert not [file.name for file in SCRIPTS.glob("*.js") if re.search(r"https?://|//[\w.]+\.\w", file.read_text())]


# -- the page's own two places: tokens in a session on the server, and cookies that scripts can read


def set_cookies(answer: TestResponse) -> dict[str, dict[str, object]]:
    """Return the attributes of each cookie that the answer sets, by its name."""
    jar = SimpleCookie("\n".join(answer.headers.getlist("Set-Cookie")))
    return {name: {kind: value for kind, value in cookie.items() if value} for name, cookie in jar.items()}


def inside(answer: TestResponse, part: str) -> list[str]:
    return [step["what"] for step in json.loads(answer.headers["X-Lab-Trace"]) if step["part"] == part]


TRACED = {"X-Lab-Trace": "1"}


def test_the_backends_cookie_is_an_opaque_id_and_no_answer_contains_a_token(app: Flask) -> None:
    alice = Visitor(app, BACKEND)
    answers = [alice.try_login(), *(alice.get(page) for page in ("profile", "notes", "holdings", "witness"))]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert set_cookies(answers[0]) == {"sot_sid": {"path": "/backend", "httponly": True, "samesite": "Lax"}}
    assert alice.get("profile").get_json()["member"]["username"] == "alice"
    for answer in answers:
        assert re.search(r"eyJ[\w-]+\.", f"{answer.headers}{answer.text}") is None
    held = answers[3].get_json()
    assert all(re.fullmatch(r"eyJhbG…[\w-]{6}", ends) for ends in held["tokens"].values())
    assert held["tokens"].keys() == {"access", "refresh"}


def test_the_backend_looks_up_once_a_request_and_then_checks_the_token(app: Flask) -> None:
    answer = Visitor(app, BACKEND).login().get("profile", headers=TRACED)
    [command] = inside(answer, "store")
    assert command.startswith("GETEX")
    assert "backend:session:" in command
    assert [what for what in inside(answer, "verify") if re.match(r"at\+jwt .* signature and claims", what)] != []
    assert inside(answer, "db") == []


def test_the_store_has_no_usable_token_of_the_backend(app: Flask, redis: Redis, config: Config) -> None:
    """SECURITY 14: a session id is stored as a hash only, and it is the key to the tokens."""
    Visitor(app, BACKEND).login()
    [key] = redis.scan_iter(f"{config.store_prefix}backend:session:*")
    record = redis.get(key)
    assert b'"tokens"' in record
    assert b"eyJ" not in record


def test_tokens_that_another_session_sealed_are_no_login(app: Flask, redis: Redis, config: Config) -> None:
    alice = Visitor(app, BACKEND).login()
    Visitor(app, BACKEND).login("bob")
    one, other = redis.scan_iter(f"{config.store_prefix}backend:session:*")
    records = {key: json.loads(redis.get(key)) for key in (one, other)}
    for key, source in ((one, other), (other, one)):
        redis.set(key, json.dumps({**records[key], "tokens": records[source]["tokens"]}), keepttl=True)
    assert_problem(alice.get("profile"), 401, "invalid_session")
    assert alice.post("logout").status_code == 204
    assert alice.login().who() == "alice"


def test_sealed_text_opens_with_its_own_session_only() -> None:
    text = seal("one session", "two tokens")
    assert unseal("one session", text) == "two tokens"
    assert unseal("another", text) is None
    for other in ("", "x", "한", text[:-4], f"{'A' if text[0] != 'A' else 'B'}{text[1:]}"):
        assert unseal("one session", other) is None


@pytest.mark.parametrize("place", [BACKEND, READABLE])
def test_an_expired_token_of_a_place_is_renewed_and_the_login_goes_on(
    app: Flask, clock: Clock, config: Config, place: str
) -> None:
    alice = Visitor(app, place).login()
    for _ in range(2):
        clock.advance(config.access_ttl_s + 1)
        answer = alice.get("profile", headers=TRACED)
        assert answer.get_json()["member"]["username"] == "alice"
        assert "UPDATE refresh_tokens" in inside(answer, "db")
        assert ("Set-Cookie" in answer.headers) is (place == READABLE)
    assert inside(alice.get("profile", headers=TRACED), "db") == []  # with the renewed token


@pytest.mark.parametrize("place", [BACKEND, READABLE])
def test_a_log_out_of_a_place_ends_its_tokens_and_deletes_its_cookies(
    app: Flask, clock: Clock, config: Config, place: str
) -> None:
    alice, kept = Visitor(app, place).login(), Visitor(app, place)
    for cookie in alice.client._cookies.values():
        kept.client.set_cookie(cookie.key, cookie.value, path=cookie.path)
    login = Visitor(app, "token").login()
    assert len(login.get("logins").get_json()["logins"]) == 2
    answer = alice.post("logout")
    assert answer.status_code == 204
    assert all(attributes["max-age"] == "0" for attributes in set_cookies(answer).values())
    assert len(login.get("logins").get_json()["logins"]) == 1
    assert alice.who() is None
    clock.advance(config.access_ttl_s + 1)
    assert kept.who() is None


def test_a_new_log_in_at_the_backend_ends_the_one_before(app: Flask) -> None:
    """SECURITY 14: the old id is dead, and the tokens behind it too."""
    alice = Visitor(app, BACKEND).login()
    old = alice.cookie("sid")
    alice.login()
    assert alice.cookie("sid") != old
    alice.set_cookie("sid", old or "")
    assert alice.who() is None
    assert len(Visitor(app, "token").login().get("logins").get_json()["logins"]) == 2


def test_a_session_of_another_approach_opens_nothing_at_the_backend_and_the_other_way_round(app: Flask) -> None:
    session, backend = Visitor(app, "session").login(), Visitor(app, BACKEND).login()
    mine, other = session.cookie("sid") or "", backend.cookie("sid") or ""
    session.set_cookie("sid", other)
    backend.set_cookie("sid", mine)
    assert (session.who(), backend.who()) == (None, None)


@pytest.mark.parametrize("place", [BACKEND, READABLE])
def test_another_site_changes_nothing_at_a_place(app: Flask, place: str) -> None:
    """SECURITY 16."""
    alice = Visitor(app, place).login()
    for page in ("notes", "logout", "login"):
        answer = alice.post(page, json={"text": "planted"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert_problem(answer, 403, "forbidden")
    assert alice.get("notes").get_json()["notes"] == []


def test_the_readable_cookies_lack_http_only_and_are_sent_to_the_page_alone(app: Flask) -> None:
    cookies = set_cookies(Visitor(app, READABLE).try_login())
    attributes = {"path": "/storage", "samesite": "Lax"}
    assert cookies == {"sot_readable_access": attributes, "sot_readable_refresh": attributes}


@pytest.mark.parametrize("place", [BACKEND, READABLE])
def test_a_place_is_shut_without_its_credential(app: Flask, place: str) -> None:
    visitor = Visitor(app, place)
    for page in ("profile", "notes"):
        refused = visitor.get(page)
        assert_problem(refused, 401, "no_credentials")
        assert "Cookie" in refused.headers["Vary"]
    assert_problem(visitor.post("logout"), 401, "no_credentials")
    assert_problem(visitor.try_login("alice", "wrong"), 401, "invalid_credentials")
