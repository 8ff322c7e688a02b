"""Break and repair a lab under load: a thread sends commands at given times."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

from loadtests.lab import Lab


@dataclass(frozen=True)
class Command:
    """One command to a lab's supervisor, `at_s` seconds after the window began."""

    at_s: float
    method: str
    path: str
    body: Mapping[str, Any] | None = None


@contextmanager
def given(lab: Lab, commands: list[Command]) -> Iterator[None]:
    """Send the commands at their times while the context is open. At the end raise the error of a failed one."""
    failures: list[Exception] = []

    def give(command: Command) -> None:
        try:
            lab.send_command(command.method, command.path, command.body)
        except Exception as error:
            failures.append(error)

    timers = [Timer(command.at_s, give, [command]) for command in commands]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
    for timer in timers:
        timer.join()
    if failures:
        raise failures[0]
