"""The headers that protect every response, whatever made it."""

import pytest
from flask import Flask

EVERY_KIND = ["/", "/session/profile", "/nowhere", "/open/profile", "/static/css/base.css", "/.well-known/jwks.json"]


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_response_carries_them(app: Flask, path: str) -> None:
    """SECURITY 19."""
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_each_of_them_is_sent_once(app: Flask) -> None:
    """SECURITY 19."""
    headers = app.test_client().get("/session/profile").headers
    assert all(len(headers.getlist(name)) == 1 for name, _ in headers)


@pytest.mark.parametrize(("path", "stored"), [("/static/css/base.css", True), ("/open/profile", False), ("/", False)])
def test_only_static_files_may_be_stored(app: Flask, path: str, stored: bool) -> None:
    """SECURITY 9."""
    assert ("no-store" not in app.test_client().get(path).headers.get("Cache-Control", "")) is stored


def test_no_page_can_let_itself_be_stored(app: Flask) -> None:
    """SECURITY 9."""
    app.add_url_rule("/_stored", "stored", lambda: ("", {"cache-control": "public, max-age=60"}))
    assert app.test_client().get("/_stored").headers.getlist("Cache-Control") == ["no-store"]


def test_what_a_response_says_for_itself_stays_and_is_said_once(app: Flask) -> None:
    """SECURITY 19."""
    app.add_url_rule("/_own", "own", lambda: ("", {"content-security-policy": "default-src 'none'"}))
    headers = app.test_client().get("/_own").headers
    assert headers.getlist("Content-Security-Policy") == ["default-src 'none'"]
    assert headers["X-Content-Type-Options"] == "nosniff"
