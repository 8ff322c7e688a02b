"""Flask without what this project has no use for."""

from collections.abc import Callable
from typing import Any

from flask import Flask


class Application(Flask):
    """A Flask application none of whose functions is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func` as it is. Flask looks at each one, in each request, whether it has to be awaited: 0.8 µs."""
        return func
