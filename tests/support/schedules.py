"""Two pieces of work in every order in which their store commands can come: no luck needed to meet a race."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, local
from typing import Any

import pytest

from session_auth.connection import StoreConnection
from tests.support.own_threads import OwnThreads

Work = Callable[[], Any]


class Turns:
    """Lets one of two threads at a time send one command. Where both could, `plan` says whether the other one goes on.

    Beyond the plan, and once there were `most` switches, the same one goes on. `switched`: what was done at each fork.
    """

    def __init__(self, plan: list[bool], most: int) -> None:
        self.switched: list[bool] = []
        self._plan = plan
        self._most = most
        self._current = 0
        self._moved = Condition()
        self._waiting: set[int] = set()
        self._done: set[int] = set()
        self._mine = local()

    def run(self, pool: OwnThreads, works: tuple[Work, Work]) -> list[Any]:
        """Do both and return what they returned."""
        running = [pool.submit(self._work, me, work) for me, work in enumerate(works)]
        return [each.result(timeout=20) for each in running]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for this thread's turn, if it is one of the two; it lasts as long as the block."""
        me = getattr(self._mine, "number", None)
        if me is None:
            yield
            return
        with self._moved:
            self._waiting.add(me)
            self._moved.notify_all()
            assert self._moved.wait_for(lambda: self._next() == me, timeout=20), "nobody's turn"
            if self._is_fork():
                self.switched.append(me != self._current)
            self._current = me
            self._waiting.remove(me)
            yield

    def _work(self, me: int, work: Work) -> Any:
        self._mine.number = me
        try:
            return work()
        finally:
            self._mine.number = None
            with self._moved:
                self._done.add(me)
                self._moved.notify_all()

    def _next(self) -> int | None:
        """Return whose turn it is, once it is known what both want: to send a command, or nothing any more."""
        if len(self._waiting) + len(self._done) < 2:
            return None
        if len(self._waiting) == 1:
            return min(self._waiting)
        at = len(self.switched)
        switch = self._is_fork() and at < len(self._plan) and self._plan[at]
        return 1 - self._current if switch else self._current

    def _is_fork(self) -> bool:
        return len(self._waiting) == 2 and sum(self.switched) < self._most


def in_every_order(trial: Callable[[Callable[[Work, Work], list[Any]]], None], most_switches: int) -> int:
    """Run `trial` once for each order with so many switches between the two; return how many orders there were.

    The trial is given a function that does two works in that order. What it does elsewhere is not scheduled.
    """
    plan: list[bool] = []
    orders = 0
    send = StoreConnection.command
    with OwnThreads() as pool, pytest.MonkeyPatch.context() as patch:
        while True:
            turns = Turns(plan, most_switches)

            def command(store: StoreConnection, *words: Any, turns: Turns = turns) -> Any:
                with turns.turn():
                    return send(store, *words)

            patch.setattr(StoreConnection, "command", command)
            trial(lambda one, other, turns=turns: turns.run(pool, (one, other)))
            orders += 1
            plan = turns.switched
            while plan and plan[-1]:
                plan = plan[:-1]
            if not plan:
                return orders
            plan = [*plan[:-1], True]
