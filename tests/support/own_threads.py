"""An executor for calls that wait for each other."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from threading import Thread
from typing import Any


class OwnThreads(Executor):
    """Gives each call a thread of its own.

    A `ThreadPoolExecutor` that is used again may take a thread for idle that is not, and start one too few: then calls
    that meet at a barrier wait for one that is never begun.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        Thread(target=_run, args=(future, partial(fn, *args, **kwargs))).start()
        return future


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
