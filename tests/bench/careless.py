"""Applications that must not be measured: their guard does not guard."""

from typing import Any

from flask import Flask, jsonify, make_response, request

from bench.arms.arm import ALICE, GUEST, profile


def lets_everybody_in() -> Flask:
    return _app(lambda _cookie: (profile("session", ALICE), 200))


def keeps_everybody_out() -> Flask:
    return _app(lambda _cookie: ({"error": "log in"}, 401))


def shows_another_member() -> Flask:
    return _app(lambda _cookie: (profile("session", GUEST), 200))


def breaks_without_a_cookie() -> Flask:
    answers = {"a-session-id-of-some-length": (profile("session", ALICE), 200), None: ({}, 500)}
    return _app(lambda cookie: answers.get(cookie, ({}, 401)))


def _app(answer: Any) -> Flask:
    app = Flask(__name__)

    @app.post("/login")
    def log_in() -> Any:
        response = make_response(jsonify(ok=True))
        response.set_cookie("sid", "a-session-id-of-some-length")
        return response

    @app.get("/profile")
    def show() -> Any:
        said, status = answer(request.cookies.get("sid"))
        return jsonify(said), status

    return app
