"""Refuse access tokens before they expire. Sessions need no denylist: an ended session is deleted.

To revoke access tokens at once, pass a `Denylist` that uses a store shared by all processes. It costs one look-up per
request, as a session does.
"""

from typing import NamedTuple, Protocol


class Denial(NamedTuple):
    """Which access tokens of a login are refused: those with another role than `role`, or all if it is None."""

    role: str | None


ENDED = Denial(None)  # the login has ended


class Denylist(Protocol):
    """The logins whose access tokens must be refused. Exceptions of its methods reach the caller."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        """Refuse the login's access tokens for `ttl_s` seconds."""

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        """Refuse the login's access tokens with another role. If the login is already denied, do nothing."""

    def find(self, login_id: str) -> Denial | None:
        """Return `ENDED` after `deny`, `Denial(role)` after `require_role`, or None if there is no entry."""


class NoDenylist:
    """No look-up: an access token is valid until it expires."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        return

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        return

    def find(self, login_id: str) -> Denial | None:
        return None
