"""Whatever is sent, however odd: the answer is a refusal that is known, and never a 500."""

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.problems import assert_problem, assert_refused
from tests.support.visitor import APPROACHES, Visitor

pytestmark = pytest.mark.search

each = pytest.mark.parametrize("approach", APPROACHES)
by_fuzzing = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def app(module_app: Flask) -> Flask:
    return module_app


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["username", "password", "session_idle_s", "access_ttl_s", "refresh_ttl_s", "transport", "text"]
)
header_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)


addresses = st.integers(0, 2**24 - 1).map(lambda n: {"REMOTE_ADDR": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"})


@each
@by_fuzzing
@given(body=st.dictionaries(fields, json_values) | json_values, address=addresses)
def test_no_json_makes_a_login_fail_in_an_unknown_way(
    app: Flask, approach: str, body: Any, address: dict[str, str]
) -> None:
    """SECURITY 21."""
    response = app.test_client().post(f"/{approach}/login", json=body, environ_base=address)
    assert_refused(response, 400, 401, 429)


kinds = st.sampled_from([JSON, FORM, "multipart/form-data; boundary=x", "", "a/b"])


@by_fuzzing
@given(body=st.binary(max_size=200), kind=kinds, address=addresses)
def test_no_bytes_make_a_login_or_a_note_fail_in_an_unknown_way(
    app: Flask, body: bytes, kind: str, address: dict[str, str]
) -> None:
    """SECURITY 21."""
    for path in ("/session/login", "/token/login", "/open/notes"):
        response = app.test_client().post(path, data=body, content_type=kind, environ_base=address)
        if response.status_code != 201:
            assert_refused(response, 400, 401, 415, 429)


@by_fuzzing
@given(sid=header_text, cookie=header_text)
def test_no_cookie_makes_a_page_fail_in_an_unknown_way(app: Flask, sid: str, cookie: str) -> None:
    """SECURITY 21."""
    for header in (f"sot_sid={sid}", cookie, f"{cookie}; sot_sid={sid}; sot_sid={cookie}"):
        for approach in ("session", "memory"):
            response = app.test_client().get(f"/{approach}/profile", headers={"Cookie": header})
            assert_problem(response, 401, response.get_json()["code"])
            assert response.get_json()["code"] in ("no_credentials", "invalid_session")


HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Host",
    "Origin",
    "Sec-Fetch-Site",
    "X-Lab-Trace",
    "X-Refresh-Token",
    "X-Forwarded-For",
)


@by_fuzzing
@given(headers=st.dictionaries(st.sampled_from(HEADERS), header_text), path=st.sampled_from(["/", "/session/profile"]))
def test_no_header_makes_a_page_fail_in_an_unknown_way(app: Flask, headers: dict[str, str], path: str) -> None:
    """SECURITY 21."""
    for method in ("GET", "POST"):
        assert app.test_client().open(path, method=method, headers=headers).status_code < 500


@by_fuzzing
@given(rest=st.text(max_size=40), query=st.text(max_size=40))
def test_no_address_fails_in_an_unknown_way(app: Flask, rest: str, query: str) -> None:
    """SECURITY 21."""
    alice = Visitor(app, "session")
    for path in (f"/{rest}", f"/session/{rest}", f"/open/logins/{rest}"):
        for method in ("GET", "DELETE"):
            sent = quote(path, safe="/%:")
            assert alice.client.open(f"{sent}?work_ms={quote(query)}", method=method).status_code < 500
