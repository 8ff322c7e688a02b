"""The one place where the errors of tokens become the lab's problems, in the reader's language."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import token_auth.errors as core
from service.errors import (
    ExpiredToken,
    InvalidToken,
    LabError,
    NoCredentials,
    RefreshesTooFast,
    RefreshExpired,
    RefreshInvalid,
    RefreshReused,
)

P = ParamSpec("P")
T = TypeVar("T")

# A role is judged by the lab's own pages, and a database that does not answer is told by the lab's own transactions.
PROBLEMS: dict[type[core.TokenError], type[LabError]] = {
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


def told(verb: Callable[P, T]) -> Callable[P, T]:
    """Return the verb, its failures told as the lab's problems."""

    @wraps(verb)
    def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except core.TokenError as refusal:
            problem = PROBLEMS[type(refusal)]()
            problem.over = refusal.over
            raise problem from None

    return telling
