"""Translate the core's token errors into the service's errors, which are shown in the reader's language."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import token_auth.errors as core
from service.errors import (
    ExpiredToken,
    InvalidToken,
    NoCredentials,
    RefreshesTooFast,
    RefreshExpired,
    RefreshInvalid,
    RefreshReused,
    ServiceError,
)

P = ParamSpec("P")
T = TypeVar("T")

# The service's own pages check the role, and its own transactions report a database that does not answer.
PROBLEMS: dict[type[core.TokenError], type[ServiceError]] = {
    core.NoCredentials: NoCredentials,
    core.InvalidToken: InvalidToken,
    core.LoginEnded: InvalidToken,
    core.ExpiredToken: ExpiredToken,
    core.BothExpired: ExpiredToken,
    core.RefreshInvalid: RefreshInvalid,
    core.RefreshEnded: RefreshInvalid,
    core.RefreshOfAnotherLogin: RefreshInvalid,
    core.RefreshExpired: RefreshExpired,
    core.RefreshReused: RefreshReused,
    core.RefreshesTooFast: RefreshesTooFast,
}


def in_service_errors(verb: Callable[P, T]) -> Callable[P, T]:
    """Wrap `verb` so that it raises the service's errors instead of the core's."""

    @wraps(verb)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except core.TokenError as refusal:
            problem = PROBLEMS[type(refusal)]()
            problem.over = refusal.over
            raise problem from None

    return telling
