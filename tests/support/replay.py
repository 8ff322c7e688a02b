"""A walk played against an app without a browser, as its player does it: what each step shows, line by line."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from lab.pages.walkthrough.stories.parts import EXPIRED, RUN_OUT
from lab.pages.walkthrough.story import Act, Expect, Look, Repeat, Request, Step, Story
from tests.conftest import Clock

PREFIX = "sot_"
MEMBER = "load-0001"


@dataclass(frozen=True)
class Answer:
    """What a request of a step was really answered with, and the server's steps."""

    status: int
    body: dict[str, Any]
    trace: list[dict[str, Any]]


def agrees(claim: Expect, answers: list[Answer], member: str) -> bool:
    """Tell whether real answers are as a claim says, as `static/js/walkthrough/claims.js` does."""
    tokens = {_read(answer.body[claim.same].split(".")[1])["jti"] for answer in answers} if claim.same else {""}
    return len(tokens) == 1 and all(_agrees(claim, answer, member) for answer in answers)


def _agrees(claim: Expect, answer: Answer, member: str) -> bool:
    who = answer.body.get("member", {})
    said = ((claim.code, answer.body.get("code")), (claim.member, who.get("username")), (claim.role, who.get("role")))
    return (
        answer.status == claim.status
        and all(claimed is None or claimed.format(member=member) == found for claimed, found in said)
        and all(any(taken["what"].startswith(beginning) for taken in answer.trace) for beginning in claim.inside)
        and not any(taken["part"] in claim.not_inside for taken in answer.trace)
    )


class Replay:
    """The state of a played walk. Its clock stands still but for the steps that wait."""

    def __init__(self, app: Flask, clock: Clock, grace_s: int) -> None:
        self._clock = clock
        self._browser = app.test_client()
        self._bare = app.test_client(use_cookies=False)  # a bearer's requests, and another client's
        self.answers: dict[str, list[Answer]] = {}  # by step
        self._values: dict[str, Any] = {"member": MEMBER, "grace_s": str(grace_s), "cookie": PREFIX}

    def play(self, story: Story) -> dict[str, list[str]]:
        """Do every step. Return by step what is seen: `request Cookie: …`, `response status 200`, `inside GETEX …`."""
        seen: dict[str, list[str]] = {}
        previous, last = list[str](), ""
        for step in story.steps:
            if isinstance(step.does, Look):
                self.answers[step.id] = self.answers[last]
            else:
                last, previous = step.id, [*self._do(step)]
            seen[step.id] = previous
        return seen

    def _do(self, step: Step) -> Iterator[str]:
        if step.puts_away:
            yield f"puts away {step.puts_away}"
        if isinstance(step.does, Request):
            yield from self._send(step.does, step)
        for act in (step.does, step.then):
            if isinstance(act, Act):
                yield from self._act(act)
        if isinstance(step.then, Repeat):
            yield from self._repeat(step.then, step)

    def _repeat(self, repeat: Repeat, step: Step) -> Iterator[str]:
        again = replace(step, id=f"{step.id}, again")  # a step's claim is of its own answer
        for _ in range(repeat.times):
            yield from self._act(RUN_OUT)
            yield from self._send(repeat.ask, replace(again, expect=EXPIRED))
            yield from self._send(repeat.renew, again)

    def _send(self, request: Request, step: Step) -> Iterator[str]:
        by_cookie = step.who == "browser" and (request.cookies or step.approach in ("session", "memory"))
        headers = {name: self._filled(value) for name, value in request.headers.items()}
        body = None if request.body is None else {name: self._filled(value) for name, value in request.body.items()}
        for _ in range(request.times):
            response = (self._browser if by_cookie else self._bare).open(
                self._filled(request.path), method=request.method, headers={**headers, "X-Lab-Trace": "1"}, json=body
            )
            assert step.expect is None or response.status_code == step.expect.status, (step.id, response.text)
            trace = json.loads(response.headers["X-Lab-Trace"])
            self.answers.setdefault(step.id, []).append(
                Answer(response.status_code, response.get_json(silent=True) or {}, trace)
            )
            yield from _lines(response, request.method, body)
        if response.status_code < 400:
            taken = {name: self._taken(source, response) for name, source in request.keeps.items()}
            self._values |= {name: value for name, value in taken.items() if value is not None}

    def _act(self, act: Act) -> Iterator[str]:
        match act.kind:
            case "copy":
                self._values["copied"] = self._values[act.of]
                yield f"copied {act.of}: {self._values[act.of]}"
            case "read":
                yield from _decoded(self._values[act.of])
            case "forge":
                header, payload, signature = self._values[act.of].split(".")
                forged = json.dumps({**_read(payload), "role": "admin"}, separators=(",", ":")).encode()
                self._values["forged"] = f"{header}.{urlsafe_b64encode(forged).decode().rstrip('=')}.{signature}"
                yield from _decoded(self._values["forged"])
            case "wait":
                self._clock.now = max(self._clock.now, _read(self._values[act.of].split(".")[1])["exp"] + 0.1)
                yield "waited"
            case "rest":
                self._clock.advance(float(self._filled(act.of)) + 0.1)
                yield "waited"

    def _filled(self, value: Any) -> Any:
        return value.format_map(self._values) if isinstance(value, str) else value

    def _taken(self, source: str, response: TestResponse) -> Any:
        kind, name = source.split(" ")
        if kind == "var":
            return self._values[name]
        if kind == "header":
            return response.headers[name]
        if kind == "cookie":
            lines = response.headers.getlist("Set-Cookie")
            found = [line.split(";")[0].partition("=")[2] for line in lines if line.startswith(f"{PREFIX}{name}=")]
            return found[0] if found else None  # what is not sent anew stays as it was
        found_in: Any = response.get_json()
        for key in name.split("."):
            found_in = next(x for x in found_in if x["current"]) if key == "current" else found_in[key]
        return found_in


def _lines(response: TestResponse, method: str, body: object) -> Iterator[str]:
    yield f"request line {method} {response.request.path}"
    yield from (f"request {name}: {value}" for name, value in response.request.headers.items())
    yield f"request body {json.dumps(body, separators=(',', ':'))}"
    yield f"response status {response.status_code}"
    yield from (f"response {name}: {value}" for name, value in response.headers.items())
    yield f"response body {response.text}"
    yield from (f"inside {taken['what']}" for taken in json.loads(response.headers["X-Lab-Trace"]))


def _decoded(token: str) -> Iterator[str]:
    for part, text in zip(("header", "payload"), token.split("."), strict=False):
        yield from (f"{part} {json.dumps(name)}: {json.dumps(value)}" for name, value in _read(text).items())


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
