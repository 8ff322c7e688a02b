"""The switches of the lab, and a request that presses one."""

from typing import Any

from flask import Flask, Response
from werkzeug.test import TestResponse, create_environ, run_wsgi_app

CODE = "QRT7WXYZ"
HERE = "http://127.0.0.1:8000"
LAN = "http://192.168.0.7:8000"
STUDENT = "192.168.0.30"
PRESSES: tuple[tuple[str, str, object, tuple[object, ...]], ...] = (
    ("POST", "/lab/nodes", None, ("add_node",)),
    ("PUT", "/lab/nodes/node-2", {"state": "killed"}, ("want_node", "node-2", "killed")),
    ("PUT", "/lab/nodes/node-2/threads", {"threads": 4}, ("set_threads", "node-2", 4)),
    ("POST", "/lab/throughput", None, ("measure_throughput",)),
    ("PUT", "/lab/store", {"state": "hanging"}, ("want_store", "hanging")),
    ("PUT", "/lab/store/round-trip", {"ms": 5}, ("set_round_trip", 5)),
    ("PUT", "/lab/store/full", {"full": True}, ("fill_store", True)),
    ("POST", "/lab/store/empty", None, ("empty_store",)),
    ("POST", "/lab/store/restart", None, ("restart_store",)),
)


def press(
    app: Flask, method: str = "POST", path: str = "/lab/nodes", at: str = HERE, client: str = "127.0.0.1", **kwargs: Any
) -> TestResponse:
    """Send a request from an address, to a name."""
    browser = app.test_client(use_cookies=False)  # a cookie is a header here, like the others
    return browser.open(path, method=method, base_url=at, environ_overrides={"REMOTE_ADDR": client}, **kwargs)


def look(app: Flask, path: str, host: str | None) -> Response:
    """Look with exactly this Host header, or with none."""
    environ = create_environ(path, headers={} if host is None else {"Host": host})
    if host is None:
        del environ["HTTP_HOST"]
    return Response(*run_wsgi_app(app, environ))
