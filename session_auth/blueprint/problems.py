"""Translate the core's session errors into the service's errors, which are shown in the reader's language."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import session_auth.errors as core
from service.errors import InvalidSession, NoCredentials, ServiceError
from service.store.connection import as_service_error

P = ParamSpec("P")
T = TypeVar("T")

# The service's own guard and pages check the role, the origin and a cookie that was sent twice.
PROBLEMS: dict[type[core.SessionError], type[ServiceError]] = {
    core.NoCredentials: NoCredentials,
    core.InvalidSession: InvalidSession,
}


def in_service_errors(verb: Callable[P, T]) -> Callable[P, T]:
    """Wrap `verb` so that it raises the service's errors instead of the core's."""

    @wraps(verb)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except core.StoreUnavailable as failure:
            raise as_service_error(failure) from None
        except core.SessionError as refusal:
            raise PROBLEMS[type(refusal)]() from None

    return telling
