"""Whatever is sent, the answer is a clear 4xx that names what is wrong: never a 500, and nothing is half done."""

from time import process_time

import pytest
from flask import Flask
from redis import Redis

from service.config import Config
from tests.conftest import MakeApp, MakeVisitor
from tests.support.problems import assert_problem
from tests.support.session_probe import admit, credential_of, records
from tests.support.visitor import APPROACHES, PASSWORDS

each = pytest.mark.parametrize("approach", APPROACHES)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DEEP = b"[" * 30_000 + b"]" * 30_000


@pytest.fixture(scope="module")
def app(module_app: Flask) -> Flask:
    return module_app


BAD_BODIES = {
    "nothing": (b"", JSON, 400, "JSON"),
    "half a body": (b'{"username": "alice", ', JSON, 400, "JSON"),
    "a list": (b'["username"]', JSON, 400, "JSON object"),
    "text": (b'"alice"', JSON, 400, "JSON object"),
    "null": (b"null", JSON, 400, "JSON object"),
    "not UTF-8": (b'{"username": "\xff\xfe"}', JSON, 400, "JSON"),
    "UTF-16 and half a character": (b'\xff\xfe{\x00"', JSON, 400, "JSON"),
    "a deep nest": (DEEP, JSON, 400, "JSON"),
    "a deep nest in a field": (b'{"username": ' + DEEP + b"}", JSON, 400, "JSON"),
    "a number past every limit": (b'{"username": ' + b"9" * 5000 + b"}", JSON, 400, ""),
    "no field": (b"{}", JSON, 400, "is missing"),
    "an empty form": (b"", FORM, 400, "is missing"),
    "no body and no type": (b"", None, 400, "is missing"),
    "a form without a boundary": (b"x", "multipart/form-data", 400, "is missing"),
    "XML": (b"<login/>", "application/xml", 415, "application/json"),
    "text that is JSON": (b'{"username": "alice", "password": "x", "text": "x"}', "text/plain", 415, "JSON".lower()),
    "JSON of another type": (b"{}", "application/problem+json", 415, "application/json"),
    "a type that is none": (b"{}", "garbage", 415, "application/json"),
    "more than is read": (b'{"text": "' + b"x" * 70_000 + b'"}', JSON, 413, "larger"),
    "a form of more than is read": (b"text=" + b"x" * 70_000, FORM, 413, "larger"),
}
CODES = {400: "bad_request", 413: "too_large", 415: "unsupported_media_type"}
each_bad_body = pytest.mark.parametrize(
    ("body", "kind", "status", "naming"), BAD_BODIES.values(), ids=BAD_BODIES.keys()
)


@each
@each_bad_body
def test_a_bad_body_logs_nobody_in(
    app: Flask, approach: str, body: bytes, kind: str | None, status: int, naming: str
) -> None:
    """SECURITY 21."""
    response = app.test_client().post(f"/{approach}/login", data=body, content_type=kind)
    assert_problem(response, status, CODES[status], naming)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("approach", ["session", "token"])
@each_bad_body
def test_a_bad_body_adds_no_note(
    visitor: MakeVisitor, approach: str, body: bytes, kind: str | None, status: int, naming: str
) -> None:
    """SECURITY 21."""
    alice = visitor(approach).login("alice")
    before = alice.get("notes").get_json()
    assert_problem(alice.post("notes", data=body, content_type=kind), status, CODES[status], naming)
    assert alice.get("notes").get_json() == before


BAD_TEXTS = {
    "missing": (None, "is missing"),
    "empty": ("", "is missing"),
    "a number": (7, "must be text"),
    "true": (True, "must be text"),
    "a list": (["alice"], "must be text"),
    "an object": ({"$ne": ""}, "must be text"),
    "with a NUL": ("ali\0ce", "a character that is not text"),
    "with half a character": ("ali\ud800ce", "a character that is not text"),
    "long": ("x" * 1001, "must have at most"),
}
each_bad_text = pytest.mark.parametrize(("value", "naming"), BAD_TEXTS.values(), ids=BAD_TEXTS.keys())


@each
@pytest.mark.parametrize("field", ["username", "password"])
@each_bad_text
def test_a_bad_field_of_a_login_is_named(app: Flask, approach: str, field: str, value: object, naming: str) -> None:
    """SECURITY 21."""
    body = {"username": "alice", "password": PASSWORDS["alice"], field: value}
    response = app.test_client().post(f"/{approach}/login", json=body)
    assert_problem(response, 400, "bad_request", f"{field} ")
    assert naming in response.get_json()["detail"]


@pytest.mark.parametrize("approach", ["session", "open"])
@each_bad_text
def test_a_bad_text_of_a_note_is_named(visitor: MakeVisitor, approach: str, value: object, naming: str) -> None:
    """SECURITY 21."""
    alice = visitor(approach).login("alice")
    before = alice.get("notes").get_json()
    response = alice.post("notes", json={"text": value})
    assert_problem(response, 400, "bad_request", "text ")
    assert naming in response.get_json()["detail"]
    assert alice.get("notes").get_json() == before


def test_the_longest_fields_that_are_taken_are_taken_whole(visitor: MakeVisitor) -> None:
    """SECURITY 21."""
    alice = visitor("session").login("alice")
    longest = "😀" * 1000
    assert alice.post("notes", json={"text": longest}).status_code == 201
    assert alice.get("notes").get_json()["notes"][0]["text"] == longest
    assert visitor("session").try_login("x" * 64, "y" * 256).status_code == 401
    assert visitor("session").try_login("x" * 65, "y").status_code == 400
    assert visitor("session").try_login("x", "y" * 257).status_code == 400


@each
@pytest.mark.parametrize("work_ms", ["x", "", "-1", "1001", "1e3", "0x10", "1.5", "9" * 5000, "²", "%FF", "1 "])
def test_a_bad_work_time_is_named(visitor: MakeVisitor, approach: str, work_ms: str) -> None:
    """SECURITY 21."""
    response = visitor(approach).login("alice").get(f"profile?work_ms={work_ms}")
    assert_problem(response, 400, "bad_request", "work_ms must be a whole number from 0 to 1000")


@pytest.mark.parametrize(("query", "most"), [("work_ms=10&compute_ms=11", 10), ("work_ms=1000&compute_ms=101", 100)])
def test_a_page_computes_for_a_part_of_its_time_and_for_a_tenth_of_a_second_at_most(
    visitor: MakeVisitor, query: str, most: int
) -> None:
    """SECURITY 21."""
    response = visitor("session").login("alice").get(f"profile?{query}")
    assert_problem(response, 400, "bad_request", f"compute_ms must be a whole number from 0 to {most}")


def test_a_page_uses_the_processor_for_as_long_as_it_is_asked_to_compute(visitor: MakeVisitor) -> None:
    alice = visitor("session").login("alice")
    before = process_time()
    assert alice.get("profile?work_ms=60&compute_ms=50").status_code == 200
    assert process_time() - before >= 0.05


@pytest.mark.parametrize(
    "path", ["/nowhere", "/session/nowhere", "/token/nowhere", "/sessions", "/session/", "/%ff", "/%00"]
)
def test_an_unknown_path_is_a_404(app: Flask, path: str) -> None:
    """SECURITY 21."""
    assert_problem(app.test_client().get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/session/login", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("GET", "/session/logout", {"OPTIONS", "POST"}),
        ("GET", "/session/renew", {"OPTIONS", "POST"}),
        ("PUT", "/session/notes", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("GET", "/token/refresh", {"OPTIONS", "POST"}),
        ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/session/profile", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_an_address_does_not_take_is_a_405_that_says_which_it_takes(
    app: Flask, method: str, path: str, allowed: set[str]
) -> None:
    """SECURITY 21."""
    response = admit(app).client.open(path, method=method)
    assert_problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


def test_logging_out_by_a_link_does_nothing(app: Flask) -> None:
    alice = admit(app)
    assert alice.get("logout").status_code == 405
    assert alice.who() == "alice"


def test_a_browser_gets_the_same_refusals_as_a_page(app: Flask) -> None:
    """SECURITY 21."""
    for method, path, status in (("GET", "/nowhere", 404), ("POST", "/session/login", 400), ("PUT", "/", 405)):
        response = app.test_client().open(path, method=method, headers={"Accept": "text/html"})
        assert (response.status_code, response.mimetype) == (status, "text/html")
        assert "Traceback" not in response.get_data(as_text=True)


def test_bad_input_stores_nothing(make_app: MakeApp, redis: Redis, config: Config) -> None:
    """SECURITY 21: not even half a session."""
    app = make_app()
    for body, kind, *_ in BAD_BODIES.values():
        for approach in ("session", "memory"):
            app.test_client().post(f"/{approach}/login", data=body, content_type=kind)
    for idle_s in (0, "x", 1801):
        credentials = {"username": "alice", "password": PASSWORDS["alice"]}
        app.test_client().post("/session/login", json={**credentials, "session_idle_s": idle_s})
    assert records(redis, config) == {}
    assert credential_of(app, "memory").list_logins("alice") == []
