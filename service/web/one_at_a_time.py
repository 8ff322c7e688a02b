"""Work that takes a processor for seconds: a node does it for one visitor at a time; its other threads serve.

Whatever the work is: two kinds of it at once would take both threads of a node.
"""

from threading import Lock
from types import TracebackType

from flask_babel import gettext
from werkzeug.exceptions import ServiceUnavailable

COME_BACK_IN_S = 5


class OneAtATime:
    """`with heavy_work:` around it; a request that comes meanwhile gets a 503 that says when to come back."""

    def __init__(self) -> None:
        self._taken = Lock()

    def __enter__(self) -> None:
        if not self._taken.acquire(blocking=False):
            said = gettext("This node is working out something else. Try again in a moment.")
            raise ServiceUnavailable(said, retry_after=COME_BACK_IN_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._taken.release()


heavy_work = OneAtATime()
