"""A request's body is read to its end, even if the answer was known before."""

from io import BytesIO

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.web.unread import MOST_BYTES

pytestmark = pytest.mark.any_store


def left_of(app: Flask, path: str, size: int, chunked: bool = False, **how: str) -> tuple[str, int]:
    """Send a body; return the status and how much of the body is left."""
    body = BytesIO(b"x" * size)
    environ = EnvironBuilder(path, method="POST", **how).get_environ()
    environ.update({"wsgi.input": body, "CONTENT_LENGTH": str(size)})
    if chunked:
        del environ["CONTENT_LENGTH"]
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    _, status, _ = run_wsgi_app(app, environ)
    return status[:3], size - body.tell()


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/nowhere", "text/plain", "404"),
        ("/open/profile", "text/plain", "405"),
        ("/session/notes", "application/json", "401"),
        ("/token/refresh", "application/json", "413"),
        ("/session/login", "multipart/form-data; boundary=x", "413"),
    ],
)
def test_nothing_is_left_unread(module_app: Flask, path: str, kind: str, status: str) -> None:
    assert left_of(module_app, path, 900_000, content_type=kind) == (status, 0)


def test_what_has_no_end_is_not_read_to_it(module_app: Flask) -> None:
    assert left_of(module_app, "/nowhere", MOST_BYTES + 1000) == ("404", 1000)


def test_a_body_that_does_not_say_its_length_is_read_too(module_app: Flask) -> None:
    assert left_of(module_app, "/nowhere", 900_000, chunked=True) == ("404", 0)
