"""Break and repair a lab under load: a thread sends commands at given times."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

from loadtests.lab import Lab


@dataclass(frozen=True)
class Order:
    """One command to a lab's supervisor, `at_s` seconds after the window began."""

    at_s: float
    method: str
    path: str
    body: Mapping[str, Any] | None = None


@contextmanager
def given(lab: Lab, orders: list[Order]) -> Iterator[None]:
    """Send the commands at their times while the context is open. At the end raise the error of a failed one."""
    failures: list[Exception] = []

    def give(order: Order) -> None:
        try:
            lab.order(order.method, order.path, order.body)
        except Exception as error:
            failures.append(error)

    timers = [Timer(order.at_s, give, [order]) for order in orders]
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
