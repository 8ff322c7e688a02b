"""The supervisor's control API: HTTP and JSON on a socket file that only its own user can open.

    GET  /state                              every process, the store's round trip and contents
    POST /nodes                              one more node (201)
    PUT  /nodes/<name>      {"state": …}     running, stopped or killed
    PUT  /nodes/<name>/threads {"threads": 4} 2, 4 or 8; restarts the node if it has another number
    PUT  /store             {"state": …}     running, stopped, killed or hanging
    PUT  /store/round-trip  {"ms": 5}        0 to 50; delays every reply of the store
    PUT  /store/full        {"full": true}   writes are refused as if memory were full
    POST /store/empty, /store/restart
    POST /throughput                         measure for a second how many pages the running nodes serve (201)
    POST /load-run          {"experiment": "lookup-cost", "quick": true}     start a load test, if none runs (201)
    DELETE /load-run                         stop it; its measurements are kept

Each request is answered at once with the state. Processes change a moment later. A refusal is `{"code", "detail"}`.
Commands for nodes use PUT, so they are idempotent: if a command stops the node that forwarded it, the balancer may send
it again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from time import monotonic, sleep
from typing import Any, cast, get_args

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from lab.cluster.refused_command import RefusedCommand
from lab.cluster.supervised import Wanted
from lab.cluster.supervisor import Supervisor

NOTICES_THE_END_WITHIN_S = 0.05  # the default is 0.5 s, and a lab that ends waits for it
MAX_BODY_BYTES = 10_000
LOOK_EVERY_S = 0.2
FRESH_S = 1.0
STATE_WITHIN_S = 10.0  # enough for 16 hanging nodes and a hanging store
STORE_STATES = get_args(Wanted)
NODE_STATES = ("running", "stopped", "killed")


class Watch:
    """A cached state, at most a moment old, for clients that poll.

    A thread updates it, only while clients poll. Nodes request it for pages, and the update requests data from nodes.
    If they waited for each other, a few pages could block all nodes.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._changed = Condition()
        self._state: dict[str, Any] = {}
        self._taken_at = self._asked_at = -FRESH_S
        self._forgotten_at = 0.0
        Thread(target=self._keep_taking, daemon=True).start()

    def state(self) -> dict[str, Any]:
        """Return the state. The first caller waits for it."""
        with self._changed:
            self._asked_at = monotonic()
            self._changed.notify_all()
            self._changed.wait_for(self._is_fresh, STATE_WITHIN_S)
            return self._state

    def forget(self) -> None:
        """Discard the cached state, after a command has changed something."""
        with self._changed:
            self._forgotten_at = monotonic()

    def _is_fresh(self) -> bool:
        return self._taken_at > max(self._forgotten_at, monotonic() - FRESH_S)

    def _keep_taking(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: monotonic() - self._asked_at < FRESH_S)
            began, state = monotonic(), self._supervisor.state()
            with self._changed:
                self._state, self._taken_at = state, began
                self._changed.notify_all()
            sleep(LOOK_EVERY_S)


@contextmanager
def control_api(supervisor: Supervisor, socket: Path) -> Iterator[None]:
    """Serve the API on the socket file while the context is open."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(f"unix://{socket}", 0, control_app(supervisor), threaded=True)
    Thread(target=server.serve_forever, args=(NOTICES_THE_END_WITHIN_S,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def control_app(supervisor: Supervisor) -> Flask:
    """Return the API as an app."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_error_handler(RefusedCommand, _refusal)
    app.register_error_handler(HTTPException, _bad_request)

    watch = Watch(supervisor)

    @app.after_request
    def forget(response: Response) -> Response:
        if request.method != "GET":
            watch.forget()
        return response

    @app.get("/state")
    def state() -> Response:
        return jsonify(watch.state())

    @app.post("/nodes")
    def add_node() -> tuple[Response, int]:
        supervisor.add_node()
        return jsonify(supervisor.state()), 201

    @app.put("/nodes/<name>")
    def want_node(name: str) -> Response:
        supervisor.want_node(name, _wanted(NODE_STATES))
        return jsonify(supervisor.state())

    @app.put("/nodes/<name>/threads")
    def set_threads(name: str) -> Response:
        supervisor.set_threads(name, _whole("threads"))
        return jsonify(supervisor.state())

    @app.put("/store")
    def want_store() -> Response:
        supervisor.want_store(_wanted(STORE_STATES))
        return jsonify(supervisor.state())

    @app.put("/store/round-trip")
    def set_round_trip() -> Response:
        milliseconds = _field("ms")
        if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
            raise RefusedCommand(400, "bad_request", "ms must be a number")
        supervisor.set_round_trip(milliseconds)
        return jsonify(supervisor.state())

    @app.put("/store/full")
    def fill_store() -> Response:
        full = _field("full")
        if not isinstance(full, bool):
            raise RefusedCommand(400, "bad_request", "full must be true or false")
        supervisor.fill_store(full)
        return jsonify(supervisor.state())

    @app.post("/store/empty")
    def empty_store() -> Response:
        supervisor.empty_store()
        return jsonify(supervisor.state())

    @app.post("/store/restart")
    def restart_store() -> Response:
        supervisor.restart_store()
        return jsonify(supervisor.state())

    @app.post("/throughput")
    def measure_throughput() -> tuple[Response, int]:
        supervisor.measure_throughput()
        return jsonify(supervisor.state()), 201

    @app.post("/load-run")
    def start_loadtest() -> tuple[Response, int]:
        experiment, quick = _field("experiment"), _field("quick")
        if not isinstance(quick, bool):
            raise RefusedCommand(400, "bad_request", "quick must be true or false")
        supervisor.start_loadtest(str(experiment), quick)
        return jsonify(supervisor.state()), 201

    @app.delete("/load-run")
    def stop_loadtest() -> Response:
        supervisor.stop_loadtest()
        return jsonify(supervisor.state())

    return app


def _wanted(states: tuple[str, ...]) -> Wanted:
    state = _field("state")
    if state not in states:
        raise RefusedCommand(400, "bad_request", "state must be one of %(states)s", states=", ".join(states))
    return cast(Wanted, state)


def _field(name: str) -> Any:
    """Return one field of the JSON body, of any type. Raise `RefusedCommand`."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or name not in body:
        raise RefusedCommand(400, "bad_request", "the body must be a JSON object with %(name)s", name=name)
    return body[name]


def _whole(name: str) -> int:
    """Return a field that is a whole number. Raise `RefusedCommand`."""
    number = _field(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise RefusedCommand(400, "bad_request", "%(name)s must be a whole number", name=name)
    return number


def _refusal(refused: RefusedCommand) -> tuple[Response, int]:
    said = {"code": refused.code, "detail": refused.detail, "text": refused.text, "values": refused.values}
    return jsonify(said), refused.status


def _bad_request(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    return _problem(status, "bad_request" if status < 500 else "internal_error", error.description or error.name)


def _problem(status: int, code: str, detail: str) -> tuple[Response, int]:
    return jsonify(code=code, detail=detail), status
