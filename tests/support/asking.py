"""Visitors who go on asking while a test does something to the store, and what they are told meanwhile."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep
from types import TracebackType
from typing import NamedTuple

from tests.support.stopwatch import Stopwatch, eventually
from tests.support.visitor import Visitor

PAUSE_S = 0.05


class Answer(NamedTuple):
    """One answer: its status, who it says we are, and how long the lab took for it."""

    status: int
    who: str | None
    own_s: float


class Asking:
    """Each visitor asks for the profile again and again, in a thread of its own, until the block ends."""

    def __init__(self, visitors: Sequence[Visitor]) -> None:
        self._visitors = list(visitors)
        self._ended = Event()
        self._threads = ThreadPoolExecutor(len(self._visitors))
        self.answers: list[list[Answer]] = [[] for _ in self._visitors]

    def __enter__(self) -> "Asking":
        self._running = [
            self._threads.submit(self._ask, *each) for each in zip(self._visitors, self.answers, strict=True)
        ]
        self.wait_for_more()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._threads.shutdown()

    def wait_for_more(self, each: int = 3) -> None:
        """Wait until each visitor has had so many answers more."""
        wanted = [len(answers) + each for answers in self.answers]
        eventually(
            lambda: all(len(had) >= want for had, want in zip(self.answers, wanted, strict=True)) or self._fail()
        )

    def are_served(self) -> bool:
        """Tell whether each visitor's last answer was a good one."""
        return all(answers[-1].status == 200 for answers in self.answers)

    def _ask(self, visitor: Visitor, answers: list[Answer]) -> None:
        while not self._ended.is_set():
            watch = Stopwatch()
            response = visitor.get("profile")
            own_s = watch.own_s()
            who = response.get_json().get("member", {}).get("username")
            answers.append(Answer(response.status_code, who, own_s))
            sleep(PAUSE_S)

    def _fail(self) -> None:
        """Raise what ended a visitor's thread too early, if anything did."""
        for each in self._running:
            if each.done():
                each.result()
