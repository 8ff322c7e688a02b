"""Call each arm in this process, as its server would: without socket and server. Only the store is another process."""

import asyncio
import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any, Protocol

from bench.arms.arm import Arm, PythonApp
from bench.cores import Stopwatch
from bench.proving import Answer, Unproved, prove

HOST = "127.0.0.1:8000"
WARM_UP = 10  # the first 1/10 of a round's requests is a warm-up
Rounds = dict[str, list[float]]


class Caller(Protocol):
    """Calls an application without a server."""

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request."""

    def repeat(self, path: str, headers: Mapping[str, str], times: int) -> None:
        """Send the same GET repeatedly, without checking the answers."""


class WsgiCaller:
    """Calls a WSGI application (PEP 3333)."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        said: list[Any] = []
        chunks = self._app(environ(method, path, headers, body), lambda *start: said.extend(start[:2]))
        try:
            content = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        return Answer(int(said[0][:3]), said[1], content)

    def repeat(self, path: str, headers: Mapping[str, str], times: int) -> None:
        app, given, start_response = self._app, environ("GET", path, headers, b""), lambda *_: None
        empty = given["wsgi.input"]
        for _ in range(times):
            chunks = app({**given, "wsgi.input": empty}, start_response)
            for _chunk in chunks:
                pass
            if hasattr(chunks, "close"):
                chunks.close()


class AsgiCaller:
    """Calls an ASGI application, in its own event loop."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        sent: list[dict[str, Any]] = []
        self._loop.run_until_complete(self._call(scope(method, path, headers), body, sent))
        content = b"".join(message.get("body", b"") for message in sent)
        said = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return Answer(sent[0]["status"], said, content)

    def repeat(self, path: str, headers: Mapping[str, str], times: int) -> None:
        self._loop.run_until_complete(self._repeat(scope("GET", path, headers), times))

    async def _repeat(self, given: dict[str, Any], times: int) -> None:
        for _ in range(times):
            await self._call(dict(given), b"", [])

    async def _call(self, given: dict[str, Any], body: bytes, sent: list[dict[str, Any]]) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(given, receive, send)


CALLERS = {"wsgi": WsgiCaller, "asgi": AsgiCaller}


def environ(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return a request as a WSGI server passes it."""
    sent = {"HOST": HOST, "ACCEPT": "*/*", **{name.upper().replace("-", "_"): value for name, value in headers.items()}}
    about = {"CONTENT_TYPE": sent.pop("CONTENT_TYPE", ""), "CONTENT_LENGTH": str(len(body)) if body else ""}
    name, _, port = HOST.partition(":")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{key: value for key, value in about.items() if value},
        **{f"HTTP_{key}": value for key, value in sent.items()},
    }


def scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as an ASGI server passes it."""
    sent = {"host": HOST, "accept": "*/*", **{name.lower(): value for name, value in headers.items()}}
    name, _, port = HOST.partition(":")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(key.encode(), value.encode()) for key, value in sent.items()],
        "client": ("127.0.0.1", 40_000),
        "server": (name, int(port)),
        "state": {},
    }


class Apps:
    """The applications of one run. Arms with the same application share it."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}

    def caller(self, arm: Arm) -> Caller:
        """Return a caller of the arm's application. Raise `Unproved` if it cannot be created."""
        app = arm.app
        if not isinstance(app, PythonApp):
            raise Unproved(f"{arm.name}: no application of this process")
        if missing := app.missing():
            raise Unproved(f"{arm.name}: {missing} is not installed; `make bench` installs it")
        if app.factory not in self._callers:
            module, _, name = app.factory.partition(":")
            self._callers[app.factory] = CALLERS[app.interface](getattr(import_module(module), name)())
        return self._callers[app.factory]


def measure(
    arms: Sequence[Arm], rounds: int, requests: int, order: random.Random, say: Callable[[str], None]
) -> dict[str, Rounds]:
    """Return each arm's microseconds per request, one figure per round. `say` is called for each arm that is left out.

    `us`: elapsed time, including waiting for the store. `cpu_us`: this process's processor time.
    """
    proved = list(_proved(arms, say)) if rounds else []
    taken: dict[str, Rounds] = {figure: {arm.name: [] for arm, _, _ in proved} for figure in ("us", "cpu_us")}
    gc.collect()
    gc.freeze()  # keep the applications' objects out of garbage collection during measurements
    for _ in range(rounds):
        for arm, caller, carried in order.sample(proved, len(proved)):
            caller.repeat(arm.page, carried, max(1, requests // WARM_UP))
            watch = Stopwatch()
            caller.repeat(arm.page, carried, requests)
            for figure, us in zip(taken, watch.us(), strict=True):
                taken[figure][arm.name].append(round(us / requests, 2))
    gc.unfreeze()
    return taken


def _proved(arms: Sequence[Arm], say: Callable[[str], None]) -> Iterator[tuple[Arm, Caller, dict[str, str]]]:
    apps = Apps()
    for arm in arms:
        try:
            caller = apps.caller(arm)
            yield arm, caller, prove(arm, caller.ask)
        except Unproved as why:
            say(f"left out in-process: {why}")
