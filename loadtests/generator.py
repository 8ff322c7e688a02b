"""The load generator: Locust in a separate process, which reads commands as JSON lines and answers with readings.

`{"order": "enter", "crowds": […]}` logs crowds in, after which they wait. `{"order": "window", …}` lets them send
requests for a while, `{"order": "turns", …}` one request at a time. Only in this process Locust replaces Python's
blocking calls by gevent's. It ends when its input ends.
"""

import json
import logging
import os
import random
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, cast

import gevent
from gevent.fileobject import FileObjectThread
from locust import events  # first import: it patches blocking calls for gevent
from locust.env import Environment

from loadtests.driven import Bare, Driven, driven_class
from loadtests.recording import Recording
from loadtests.schedule import schedule

LOGGED_IN_WITHIN_S = 120.0
Orders = dict[str, Callable[..., dict[str, Any]]]

QUIET_WITHIN_S = 20.0  # plus the length of the window


class Generator:
    """Crowds that wait until a window starts."""

    def __init__(self) -> None:
        self._environment = Environment(events=events, user_classes=[], catch_exceptions=False)
        self._runner = self._environment.create_local_runner()
        self._crowds: dict[str, list[Driven]] = {}
        self._broken: list[str] = []
        events.user_error.add_listener(self._note_error)  # type: ignore[no-untyped-call]
        events.request.add_listener(_record)  # type: ignore[no-untyped-call]

    def enter(self, crowds: list[dict[str, Any]]) -> dict[str, Any]:
        """Log crowds in, all at once, and return when all members wait."""
        began = perf_counter()
        for crowd in crowds:
            kind = driven_class(crowd)
            self._crowds[crowd["name"]] = members = [kind(self._environment) for _ in range(crowd["users"])]
            for member in members:
                member.start(self._runner.user_greenlets)
        while not all(self._stands(crowd["name"]) for crowd in crowds):
            self._refuse_broken()
            if perf_counter() - began > LOGGED_IN_WITHIN_S:
                raise TimeoutError(f"not all members were logged in within {LOGGED_IN_WITHIN_S:.0f} s")
            gevent.sleep(0.005)
        return {"entered": sum(crowd["users"] for crowd in crowds)}

    def leave(self, crowds: list[str]) -> dict[str, Any]:
        """Stop crowds without logging them out."""
        for name in crowds:
            for member in self._crowds.pop(name):
                member.stop(force=True)
        return {}

    def window(
        self, crowds: list[str], seconds: float, rate: float | None = None, seed: int = 0, once: bool = False
    ) -> dict[str, Any]:
        """Let crowds send requests for a while, all at once. Return each one's readings after the last answer.

        `rate`: requests per second of each crowd, at times that do not depend on the answers (an open loop).
        `once`: instead each member requests one page.
        """
        for name in crowds:
            self._crowds[name][0].crowd.recording = Recording()
        began, cpu_s = perf_counter(), process_time()
        if once:
            self._ask_once(crowds)
        elif rate is None:
            self._closed_loop(crowds, seconds)
        else:
            self._open_loop(crowds, seconds, rate, random.Random(seed))  # noqa: S311
        for name in crowds:
            self._crowds[name][0].crowd.pacer.wait_until_quiet(len(self._crowds[name]), QUIET_WITHIN_S + seconds)
        self._refuse_broken()
        core = (process_time() - cpu_s) / (perf_counter() - began)
        return {
            "generator_core": core,
            "crowds": {name: self._crowds[name][0].crowd.recording.summary() for name in crowds},
        }

    def turns(self, crowds: list[str], seconds: float, seed: int = 0) -> dict[str, Any]:
        """Let one member of each crowd send requests, one at a time, and choose the next member at random each time.

        It ends after `seconds`, or later when each member has sent a request: on a busy machine few requests fit into
        a short window. All crowds must have the activity `bare`, and wait.
        """
        members = [cast(Bare, self._crowds[name][0]) for name in crowds]
        for member in members:
            member.crowd.recording = Recording()
        seeded = random.Random(seed)  # noqa: S311
        began, cpu_s = perf_counter(), process_time()
        waiting = set(members)
        while waiting or perf_counter() - began < seconds:
            member = seeded.choice(members)
            member.look(None)
            waiting.discard(member)
        core = (process_time() - cpu_s) / (perf_counter() - began)
        self._refuse_broken()
        # No rate per crowd: each crowd waits while others send requests.
        told = [{**member.crowd.recording.summary(), "rps": None} for member in members]
        return {"generator_core": core, "crowds": dict(zip(crowds, told, strict=True))}

    def _ask_once(self, crowds: list[str]) -> None:
        for name in crowds:
            self._crowds[name][0].crowd.pacer.admit([None] * len(self._crowds[name]))
        gevent.sleep(0.01)

    def _closed_loop(self, crowds: list[str], seconds: float) -> None:
        for name in crowds:
            self._crowds[name][0].crowd.pacer.open()
        gevent.sleep(seconds)
        for name in crowds:
            self._crowds[name][0].crowd.pacer.close()

    def _open_loop(self, crowds: list[str], seconds: float, rate: float, seeded: random.Random) -> None:
        began = perf_counter()
        gevent.joinall(
            [
                gevent.spawn(self._crowds[name][0].crowd.pacer.keep_to, schedule(seconds, rate, seeded), began)
                for name in crowds
            ],
            raise_error=True,
        )
        gevent.sleep(max(0.0, began + seconds - perf_counter()))  # the last request may be due long before the end

    def _stands(self, name: str) -> bool:
        return self._crowds[name][0].crowd.pacer.waiting == len(self._crowds[name])

    def _note_error(self, user_instance: Any, exception: Exception, **_: Any) -> None:
        self._broken.append(f"{type(exception).__name__}: {exception}")

    def _refuse_broken(self) -> None:
        gave_up = [why for members in self._crowds.values() for why in members[0].crowd.broken]
        if gave_up or self._broken:
            raise RuntimeError([*gave_up, *self._broken][0])


def _record(name: str, response_time: float, response: Any, exception: Any, context: Any, **_: Any) -> None:
    member = context["member"]
    member.record(name, response_time * 1000, response, exception)


def _end_with(parent: int) -> None:
    """End with the parent process, even during a window: the lab ends too, and another process may take its port."""
    while os.getppid() == parent:
        gevent.sleep(0.5)
    os._exit(1)


def main() -> None:
    """Execute commands until the input ends."""
    # Standard output is only for answers: redirect everything that other code prints.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.disable(logging.WARNING)
    gevent.spawn(_end_with, os.getppid())
    generator = Generator()
    orders: Orders = {
        "enter": generator.enter,
        "leave": generator.leave,
        "window": generator.window,
        "turns": generator.turns,
    }
    for line in FileObjectThread(sys.stdin.buffer, "rb"):
        order = json.loads(line)
        try:
            answer = orders[order.pop("order")](**order)
        except (RuntimeError, TimeoutError) as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # end at once, without waiting for open requests


if __name__ == "__main__":
    main()
