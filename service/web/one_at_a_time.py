"""Do work that takes seconds of processor time for one request at a time. The node's other threads keep serving.

All kinds of such work share one lock: two at once would occupy both threads of a node.
"""

from threading import Lock
from types import TracebackType

from flask_babel import gettext
from werkzeug.exceptions import ServiceUnavailable

COME_BACK_IN_S = 5


class OneAtATime:
    """Use as `with heavy_work:`. A request that comes meanwhile gets a 503 with `Retry-After`."""

    def __init__(self) -> None:
        self._taken = Lock()

    def __enter__(self) -> None:
        if not self._taken.acquire(blocking=False):
            said = gettext("This node is busy with another calculation. Try again in a moment.")
            raise ServiceUnavailable(said, retry_after=COME_BACK_IN_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._taken.release()


heavy_work = OneAtATime()
