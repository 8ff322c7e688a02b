"""Translate the core's session errors into the lab's errors, which are shown in the reader's language."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import session_auth.errors as core
from service.errors import InvalidSession, LabError, NoCredentials
from service.store.connection import told as told_of_the_store

P = ParamSpec("P")
T = TypeVar("T")

# The lab's own guard and pages check the role, the origin and a cookie that was sent twice.
PROBLEMS: dict[type[core.SessionError], type[LabError]] = {
    core.NoCredentials: NoCredentials,
    core.InvalidSession: InvalidSession,
}


def told(verb: Callable[P, T]) -> Callable[P, T]:
    """Wrap `verb` so that it raises the lab's errors instead of the core's."""

    @wraps(verb)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except core.StoreUnavailable as failure:
            raise told_of_the_store(failure) from None
        except core.SessionError as refusal:
            raise PROBLEMS[type(refusal)]() from None

    return telling
