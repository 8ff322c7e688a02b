"""The page on where a login is kept: its other site is there on loopback alone, and no other page's policy loosens."""

import re
from pathlib import Path

import pytest
from flask import Flask

from service.web.headers import content_security_policy
from tests.conftest import MakeApp
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


@pytest.mark.parametrize("path", ["/storage", "/storage/elsewhere", "/token/witness", "/session/witness"])
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


@pytest.mark.parametrize("step", ["-1", "5", "x", "1e3"])
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
